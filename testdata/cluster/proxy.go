package main

import (
	"fmt"
	"io"
	"net"
	"sync"
)

// A link is the network between a node and the machines: it passes octets on, or none either way.
type link struct {
	lock   sync.Mutex
	passes chan struct{} // closed while octets pass
}

func newLink() *link {
	l := &link{passes: make(chan struct{})}
	close(l.passes)
	return l
}

// cut has nothing pass until mend is called. Connections stay, and can be made.
func (l *link) cut() (mend func()) {
	l.lock.Lock()
	defer l.lock.Unlock()
	passes := make(chan struct{})
	l.passes = passes
	return sync.OnceFunc(func() { close(passes) })
}

func (l *link) wait() {
	l.lock.Lock()
	passes := l.passes
	l.lock.Unlock()
	<-passes
}

// lead listens for a node in front of a port, and gives the port of its own.
func (l *link) lead(port int) (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go l.pass(client, port)
		}
	}()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// pass ends a connection as the other end ended: where nobody listens, or a process was killed, by a
// reset.
func (l *link) pass(client net.Conn, port int) {
	server, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		reset(client)
		return
	}
	go l.pump(server, client)
	l.pump(client, server)
}

func (l *link) pump(to, from net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		l.wait()
		if n > 0 {
			if _, e := to.Write(buffer[:n]); e != nil {
				err = e
			}
		}
		if err == io.EOF {
			to.Close()
		}
		if err != nil {
			reset(to)
			from.Close()
			return
		}
	}
}

func reset(conn net.Conn) {
	_ = conn.(*net.TCPConn).SetLinger(0) // it may be closed
	conn.Close()
}

// freePorts are some that nobody listens on.
func freePorts(n int) (ports []int, err error) {
	for range n {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer listener.Close()
		ports = append(ports, listener.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}
