package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"time"
)

// A frame of a recording is a letter, four octets of length, and that many octets.
const (
	fromClient = 'C'
	fromServer = 'S'
	keptBack   = 'L' // from the server, and the client never saw it
)

// A file `hold` in the folder has the next connection that comes to a moment wait there until
// the file is gone; meanwhile there is a file `held`.
const (
	inContent = "content" // holdAfter octets have come from the client
	atReply   = "reply"   // the content is acknowledged; the client is never told
)

const (
	holdAfter = 100 << 10       // octets: no dialogue is as long
	longest   = 2 * time.Minute // that anything is waited for
	look      = 20 * time.Millisecond
)

// acknowledged is Gatepost's reply to a content.
var acknowledged = regexp.MustCompile(`(?m)^250 2\.0\.0 Ok: ([0-9a-f-]{36})\r$`)

// record hands on connections until it is killed.
func record(from, to, folder string) error {
	l, err := net.Listen("tcp", from)
	if err != nil {
		return err
	}
	for n := 1; ; n++ {
		client, err := l.Accept()
		if err != nil {
			return err
		}
		server, err := net.Dial("tcp", to)
		if err != nil { // nobody is there: so it is for the client
			client.Close()
			continue
		}
		file, err := os.Create(filepath.Join(folder, fmt.Sprintf("%05d.wire", n)))
		if err != nil {
			return err
		}
		t := &tap{client: client, server: server, folder: folder, file: file}
		go t.run()
	}
}

// A tap is a connection that is recorded.
type tap struct {
	client, server net.Conn
	folder         string

	mu   sync.Mutex
	file *os.File
	sent int // octets from the client
}

// run hands on in both directions until both have ended.
func (t *tap) run() {
	var both sync.WaitGroup
	both.Go(func() { t.pass(fromClient, t.server, t.client) })
	both.Go(func() { t.pass(fromServer, t.client, t.server) })
	both.Wait()
	t.client.Close()
	t.server.Close()
	t.file.Close()
}

// pass hands on what it has recorded. The end of one direction is handed on as such.
func (t *tap) pass(letter byte, to, from net.Conn) {
	b := make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		if n > 0 {
			lost, e := t.note(letter, b[:n])
			if lost {
				t.client.Close()
				t.server.Close()
				return
			}
			if e == nil {
				_, e = to.Write(b[:n])
			}
			err = errors.Join(err, e)
		}
		if errors.Is(err, io.EOF) {
			to.(*net.TCPConn).CloseWrite()
			return
		}
		if err != nil { // as a connection that was reset is for either
			t.client.Close()
			t.server.Close()
			return
		}
	}
}

// note records octets, waits where it is told to, and reports whether they are to be lost.
func (t *tap) note(letter byte, b []byte) (lost bool, err error) {
	t.mu.Lock()
	wanted := ""
	switch {
	case letter == fromClient:
		before := t.sent
		t.sent += len(b)
		if before < holdAfter && t.sent >= holdAfter {
			wanted = inContent
		}
	case acknowledged.Match(b):
		wanted = atReply
	}
	held := wanted != "" && t.claim(wanted)
	lost = held && wanted == atReply
	if lost {
		letter = keptBack
	}
	err = t.write(letter, b)
	t.mu.Unlock()
	if held {
		return lost, errors.Join(err, t.hold())
	}
	return lost, err
}

func (t *tap) write(letter byte, b []byte) error {
	head := binary.BigEndian.AppendUint32([]byte{letter}, uint32(len(b)))
	_, err := t.file.Write(append(head, b...))
	return err
}

// claim takes the order to hold, if there is one for this moment: only one connection can.
func (t *tap) claim(moment string) bool {
	order := filepath.Join(t.folder, "hold")
	b, err := os.ReadFile(order)
	return err == nil && string(b) == moment &&
		os.Rename(order, filepath.Join(t.folder, "held")) == nil
}

// hold waits until the order is taken back.
func (t *tap) hold() error {
	for range longest / look {
		if _, err := os.Stat(filepath.Join(t.folder, "held")); err != nil {
			return nil
		}
		time.Sleep(look)
	}
	return errors.New("nobody let the connection go on")
}
