package smtpd_test

import (
	"bufio"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"gatepost/policy"
	"gatepost/smtpd"
)

// TestChange has a client that stands meet what the server goes by from now on.
func TestChange(t *testing.T) {
	s := testSiteWith(t, map[string]string{"recipients": "old@acme.test"})
	c, err := net.Dial("tcp", s.clear.Addr().String())
	check(t, err)
	defer c.Close()
	check(t, c.SetDeadline(time.Now().Add(patience)))
	lines := bufio.NewReader(c)
	ask := func(command, want string) {
		t.Helper()
		_, err := io.WriteString(c, command+"\r\n")
		check(t, err)
		line, err := lines.ReadString('\n')
		check(t, err)
		if !strings.HasPrefix(line, want) {
			t.Errorf("%s: %q, want %s", command, line, want)
		}
	}
	_, err = lines.ReadString('\n')
	check(t, err)
	ask("HELO a", "250")
	ask("MAIL FROM:<a@b.test>", "250")
	ask("RCPT TO:<old@acme.test>", "250")
	terms := s.server.Terms
	terms.Recipients, err = smtpd.ParseRecipients("new@acme.test")
	check(t, err)
	s.server.Change(terms)
	ask("RCPT TO:<old@acme.test>", "550")
	ask("RCPT TO:<new@acme.test>", "250")
	terms.MaxArriving = 0
	s.server.Change(terms)
	ask("RSET", "250")
	ask("MAIL FROM:<a@b.test>", "452")
	terms.MaxArriving = 1
	terms.Clients, err = policy.ParseRanges("192.0.2.1")
	check(t, err)
	s.server.Change(terms)
	ask("MAIL FROM:<a@b.test>", "554 5.7.1")
}

// TestChangeUnderLoad has terms change while messages come; each is taken.
func TestChangeUnderLoad(t *testing.T) {
	s := testSite(t)
	var senders sync.WaitGroup
	for c := range 4 {
		senders.Go(func() { storm(t, s, c, 50) })
	}
	done := make(chan struct{})
	go func() { senders.Wait(); close(done) }()
	for terms := s.server.Terms; ; terms.Patience += time.Second {
		s.server.Change(terms)
		select {
		case <-done:
			s.mu.Lock()
			defer s.mu.Unlock()
			if len(s.messages) != 200 {
				t.Errorf("stored are %d messages of 200", len(s.messages))
			}
			return
		case <-time.After(time.Millisecond):
		}
	}
}

// TestReplaceCertificate has one be another, and no harm come of being itself.
func TestReplaceCertificate(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	load := func(serial int64) *smtpd.Certificate {
		cert, key := writeCertificate(t, t.TempDir(), serial)
		c, err := smtpd.LoadCertificate(cert, key, log)
		check(t, err)
		return c
	}
	c := load(1)
	c.Replace(load(2))
	wantSerial(t, c, 2)
	c.Replace(c)
	wantSerial(t, c, 2)
}
