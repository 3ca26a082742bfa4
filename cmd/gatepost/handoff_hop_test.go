package main

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// A downHop is a place that tickets are carried to. It is down in one way after the other, and
// up in the end, at one address.
type downHop struct {
	*testing.T
	address string
	ways    []func(net.Conn) // in which it is down; nil: nobody listens
	serve   func(*downHop, net.Listener)
	taken   func() []string // what it has, once it is up

	listener net.Listener  // while it is down and somebody listens
	came     chan struct{} // told of each connection
}

// newDownHop has an address of its own, so that no other program is given its port meanwhile.
func newDownHop(t *testing.T, serve func(*downHop, net.Listener),
	ways ...func(net.Conn)) *downHop {
	t.Helper()
	l, err := net.Listen("tcp", "127.66.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := &downHop{T: t, address: l.Addr().String(), listener: l, serve: serve,
		ways: append([]func(net.Conn){nil, func(net.Conn) {}}, ways...)}
	t.Cleanup(h.close)
	return h
}

func (h *downHop) close() {
	h.Helper()
	if h.listener == nil {
		return
	}
	if err := h.listener.Close(); err != nil {
		h.Error(err)
	}
	h.listener = nil
}

// listen is once nobody else does: a program that another test starts meanwhile has what is open
// here, closed listeners too, until it runs.
func (h *downHop) listen() net.Listener {
	h.Helper()
	h.close()
	for began := time.Now(); ; time.Sleep(time.Millisecond) {
		l, err := net.Listen("tcp", h.address)
		if err == nil {
			return l
		}
		if !errors.Is(err, syscall.EADDRINUSE) || time.Since(began) > time.Minute {
			h.Fatal(err)
		}
	}
}

// down has it be so in the nth way.
func (h *downHop) down(n int) {
	h.Helper()
	way := h.ways[n%len(h.ways)]
	if way == nil {
		h.close()
		return
	}
	l, came := h.listen(), make(chan struct{}, 1000)
	h.listener, h.came = l, came
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				way(c)
				came <- struct{}{}
			}()
		}
	}()
}

// asked waits until somebody has asked it in vain, if somebody listens.
func (h *downHop) asked() {
	h.Helper()
	if h.listener == nil {
		return
	}
	select {
	case <-h.came:
	case <-time.After(time.Minute):
		h.Fatal("nothing was tried for a minute")
	}
}

func (h *downHop) up() {
	h.Helper()
	h.serve(h, h.listen())
}

func says(text string) func(net.Conn) {
	return func(c net.Conn) { _, _ = io.WriteString(c, text) } // who asked may be gone
}

func takeBySMTP(h *downHop, l net.Listener) {
	s, server := serveSink(l)
	h.Cleanup(func() {
		if err := server.Close(); err != nil {
			h.Error(err)
		}
	})
	h.taken = func() []string {
		s.lock.Lock()
		defer s.lock.Unlock()
		return append([]string(nil), s.mails...)
	}
}

// hears reads a request whole, and then says something or only hangs up.
func hears(text string) func(net.Conn) {
	return func(c net.Conn) {
		r, err := http.ReadRequest(bufio.NewReader(c))
		if err == nil {
			_, err = io.Copy(io.Discard, r.Body)
		}
		if err == nil {
			says(text)(c)
		}
	}
}

// takeWebhooks has the keys of what came, each as often as it did.
func takeWebhooks(h *downHop, l net.Listener) {
	signed, err := standardwebhooks.NewWebhook(daySecret)
	if err != nil {
		h.Fatal(err)
	}
	var lock sync.Mutex
	var keys []string
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = signed.Verify(body, r.Header)
		}
		if err != nil {
			h.Error(err)
		}
		lock.Lock()
		defer lock.Unlock()
		keys = append(keys, r.Header.Get(standardwebhooks.HeaderWebhookID))
	})}
	go func() { _ = server.Serve(l) }()
	h.Cleanup(func() {
		if err := server.Close(); err != nil {
			h.Error(err)
		}
	})
	h.taken = func() []string {
		lock.Lock()
		defer lock.Unlock()
		return append([]string(nil), keys...)
	}
}
