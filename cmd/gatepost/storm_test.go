package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"gatepost/message"
)

// A storm is a crowd of clients that each keep a message until it is acknowledged, and try
// again when the connection is lost, as mail servers do.
type storm struct {
	*gateway
	mail chan string   // what is to be sent
	acks chan struct{} // one for each acknowledgement
	up   sync.RWMutex  // locked while the server is down

	lock  sync.Mutex
	acked map[content]int // how often a content was acknowledged
	tried map[content]int // how often it was sent to its end, or may have been
}

// content is what makes two messages the same.
type content [sha256.Size]byte

// TestStorm sends messages over 16 connections while another process lists the queue, and
// kills the server at random moments. Whatever was acknowledged is there afterwards, byte
// for byte and once, unless its client had to send it again.
//
// GATEPOST_LONG sends 2,000 and kills five times; GATEPOST_CORPUS names a folder of .eml
// files to send instead of our own.
func TestStorm(t *testing.T) {
	messages, kills := 160, 1
	if os.Getenv("GATEPOST_LONG") != "" {
		messages, kills = 2000, 5
	}
	s := &storm{gateway: newGateway(t, anyRate), mail: make(chan string, messages),
		acks: make(chan struct{}, messages), acked: map[content]int{}, tried: map[content]int{}}
	s.must("rules", "add", "block", "held.test")
	for _, raw := range stormMail(t, messages) {
		s.mail <- raw
	}
	close(s.mail)
	s.rage(kills)
	s.compare()
	s.end(syscall.SIGTERM)
}

func (s *storm) rage(kills int) {
	ctx, stop := context.WithCancel(context.Background())
	var clients, reader sync.WaitGroup
	for range 16 {
		clients.Go(s.client)
	}
	reader.Go(func() {
		for ctx.Err() == nil {
			if out, err := s.command("suspended", "list", "--json").CombinedOutput(); err != nil {
				s.Errorf("suspended list: %v: %s", err, out)
			}
		}
	})
	for range kills {
		part := cap(s.mail) / kills
		at := rand.IntN(part * 3 / 4)
		s.await(at)
		s.killAndRestart()
		s.await(part - at)
	}
	clients.Wait()
	stop()
	reader.Wait()
}

// await waits until so many more messages were acknowledged.
func (s *storm) await(acks int) {
	for range acks {
		select {
		case <-s.acks:
		case <-time.After(5 * time.Minute):
			s.Fatal("no message has been acknowledged for five minutes")
		}
	}
}

// killAndRestart ends the server without warning. It starts again by itself.
func (s *storm) killAndRestart() {
	s.up.Lock()
	defer s.up.Unlock()
	s.end(syscall.SIGKILL)
	s.start()
}

func (s *storm) client() {
	var c *smtp.Client
	defer func() {
		if c != nil {
			c.Close()
		}
	}()
	for raw := range s.mail {
		sum := sha256.Sum256([]byte(asSent(raw)))
		err := errors.New("not sent yet")
		for try := 0; err != nil; try++ {
			if try == mostTries {
				s.Errorf("a message was not taken after %d tries: %v", try, err)
				return
			}
			if c == nil {
				if c, err = s.dial(); err != nil {
					c = nil
					continue
				}
			}
			s.count(s.tried, sum)
			if _, err = sendBy(c, "bounce@mail.test", raw); err != nil {
				c.Close()
				c = nil
			}
		}
		s.count(s.acked, sum)
		s.acks <- struct{}{}
	}
}

// mostTries is one for each kill and some more.
const mostTries = 20

// dial waits while the server is known to be down.
func (s *storm) dial() (*smtp.Client, error) {
	s.up.RLock()
	defer s.up.RUnlock()
	return smtp.Dial(s.smtp)
}

func (s *storm) count(where map[content]int, sum content) {
	s.lock.Lock()
	defer s.lock.Unlock()
	where[sum]++
}

// compare holds what is stored against what was acknowledged.
func (s *storm) compare() {
	stored := map[content]int{}
	for _, noun := range []string{"ticket", "suspended"} {
		lines := strings.Split(strings.TrimSpace(s.must(noun, "list", "--json")), "\n")
		for _, line := range lines {
			var entry struct{ ID int64 }
			if err := json.Unmarshal([]byte(line), &entry); err != nil {
				s.Fatalf("%s list: %v: %s", noun, err, line)
			}
			raw := s.must(noun, "show", fmt.Sprint(entry.ID), "--raw")
			stored[sha256.Sum256([]byte(raw))]++
		}
	}
	for sum, n := range stored {
		if n > s.tried[sum] {
			s.Errorf("a message that was sent %d times is stored %d times", s.tried[sum], n)
		}
	}
	for sum, n := range s.acked {
		if stored[sum] < n {
			s.Errorf("a message acknowledged %d times is stored %d times", n, stored[sum])
		}
	}
}

// stormMail is our own mail of all sizes, or what GATEPOST_CORPUS names.
func stormMail(t *testing.T, n int) (mail []string) {
	t.Helper()
	if folder := os.Getenv("GATEPOST_CORPUS"); folder != "" {
		return corpusMail(t, folder, n)
	}
	for i := range n {
		host := []string{"fine.test", "held.test"}[i%2]
		line := fmt.Sprintf(".%d stuffed\r\n..%d twice\r\n\xff\x00 octets\r\n", i, i)
		body := strings.Repeat(line, 1+i*i%5000)
		mail = append(mail, fmt.Sprintf("From: c%d@%s\r\nSubject: storm %d\r\n\r\n%s", i, host, i, body))
	}
	return mail
}

func corpusMail(t *testing.T, folder string, n int) (mail []string) {
	err := filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".eml" || len(mail) == n {
			return err
		}
		raw, err := os.ReadFile(path)
		mail = append(mail, string(message.CRLF(raw)))
		return err
	})
	if err != nil || len(mail) < n {
		t.Fatalf("%s: %d messages, want %d, %v", folder, len(mail), n, err)
	}
	return mail
}

// asSent is what the client's library makes of a content: a CR and a LF end a line, and a LF
// that no CR belongs to gets one. The last line is ended too.
func asSent(raw string) string {
	var b bytes.Buffer
	cr := false // the octet before was a CR that waits for its LF
	for _, c := range []byte(raw) {
		if c == '\n' && !cr {
			b.WriteByte('\r')
		}
		b.WriteByte(c)
		cr = c == '\r' && !cr
	}
	switch {
	case cr:
		b.WriteByte('\n')
	case raw == "" || raw[len(raw)-1] != '\n':
		b.WriteString("\r\n")
	}
	return b.String()
}
