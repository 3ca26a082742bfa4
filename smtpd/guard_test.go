package smtpd

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pires/go-proxyproto"
	"pgregory.net/rapid"
)

// TestPostpone: whatever was set before, a deadline is never early, and late by a sixteenth
// at most; one that has passed takes effect.
func TestPostpone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var set, was time.Time
		now := time.Unix(0, 0)
		for range 20 {
			now = now.Add(time.Duration(rapid.Int64Range(0, 1e12).Draw(t, "later")))
			span := time.Duration(rapid.Int64Range(-1e11, 1e12).Draw(t, "span"))
			postpone(func(at time.Time) error { set = at; return nil }, &was, now, now.Add(span))
			if span < 0 && !set.Before(now) || span >= 0 && set.Sub(now) < span ||
				span >= 0 && set.Sub(now) > span+span/16 || set != was {
				t.Fatalf("%v are asked for, %v given", span, set.Sub(now))
			}
		}
	})
}

// TestIntroductionTime: a load balancer has five seconds for its header, or Idle if that is
// less, and the client has Idle after that.
func TestIntroductionTime(t *testing.T) {
	for idle, want := range map[time.Duration]time.Duration{
		time.Minute: 5 * time.Second, time.Second: time.Second,
	} {
		s := New()
		s.Idle = idle
		g := s.newGuard(nil, netip.Addr{})
		now := time.Unix(1000, 0)
		g.header = proxyproto.NewConn(nil)
		if got := g.deadline(now).Sub(now); got != want {
			t.Errorf("with Idle %v a header may take %v, want %v", idle, got, want)
		}
		g.header, g.since = nil, time.Time{}
		if got := g.deadline(now).Sub(now); got != idle {
			t.Errorf("with Idle %v a command may take %v", idle, got)
		}
	}
}

// TestSilentBeforeHeader: sent away before its header was read, a connection is closed at
// once and without a word. The library would wait for the header before it wrote any.
func TestSilentBeforeHeader(t *testing.T) {
	s := New()
	s.draining.Store(true)
	client, ours := net.Pipe()
	heard := make(chan error, 1)
	go func() {
		defer client.Close()
		client.SetReadDeadline(time.Now().Add(time.Minute))
		b, err := io.ReadAll(client)
		if len(b) > 0 {
			err = fmt.Errorf("%q was sent", b)
		}
		heard <- err
	}()
	g := s.newGuard(ours, netip.Addr{})
	g.header = proxyproto.NewConn(ours, proxyproto.SetReadHeaderTimeout(0))
	g.Conn = g.header
	io.WriteString(g, "220 mx.acme.test\r\n")
	if _, err := g.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the read ended with %v", err)
	}
	g.Close()
	if err := <-heard; err != nil {
		t.Error(err)
	}
}
