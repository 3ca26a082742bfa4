package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"gatepost/message"
	"gatepost/store"
)

// A storm is a crowd of clients that each keep a message until it is acknowledged, and try
// again when the connection is lost, as mail servers do.
type storm struct {
	*gateway
	mail chan string   // what is to be sent
	acks chan struct{} // one for each acknowledgement

	clients sync.WaitGroup
	doubt   bool         // a message that is refused may be stored all the same
	failed  atomic.Int64 // tries that were
	up      sync.RWMutex // locked while the server is down

	lock  sync.Mutex
	acked map[content]int // how often a content was acknowledged
	tried map[content]int // how often it was sent and not refused
}

// content is what makes two messages the same.
type content [sha256.Size]byte

// TestStorm sends messages over 16 connections while another process lists the queue, and
// kills the server at random moments. Whatever was acknowledged is there afterwards, byte
// for byte and once, also if its client had to send it again.
//
// GATEPOST_LONG sends 2,000 and kills five times; GATEPOST_CORPUS names a folder of .eml
// files to send instead of our own.
func TestStorm(t *testing.T) {
	t.Parallel()
	messages, kills := 160, 1
	if os.Getenv("GATEPOST_LONG") != "" {
		messages, kills = 2000, 5
	}
	s := newStorm(newGateway(t, anyRate), messages)
	s.rage(kills)
	s.compare()
	s.end(syscall.SIGTERM)
}

// newStorm lays the mail ready that is to be sent.
func newStorm(g *gateway, messages int) *storm {
	s := &storm{gateway: g, mail: make(chan string, messages),
		acks: make(chan struct{}, messages), acked: map[content]int{}, tried: map[content]int{}}
	s.must("rules", "add", "block", "held.test")
	for _, raw := range stormMail(g.T, messages) {
		s.mail <- raw
	}
	close(s.mail)
	return s
}

func (s *storm) rage(kills int) {
	ctx, stop := context.WithCancel(context.Background())
	var reader sync.WaitGroup
	for range 16 {
		s.clients.Go(s.client)
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
		s.restart(syscall.SIGKILL)
		s.await(part - at)
	}
	s.clients.Wait()
	stop()
	reader.Wait()
}

// await waits until so many more messages were acknowledged. A server that ends meanwhile is
// started again, as a service manager does.
func (s *storm) await(acks int) {
	for acks > 0 {
		select {
		case <-s.acks:
			acks--
		case <-s.done:
			s.restart(syscall.SIGKILL)
		case <-time.After(5 * time.Minute):
			s.Fatal("no message has been acknowledged for five minutes")
		}
	}
}

// restart ends the server by a signal, if it has not ended, and starts it again.
func (s *storm) restart(signal syscall.Signal) {
	s.up.Lock()
	defer s.up.Unlock()
	select {
	case <-s.done:
		s.cmd.Wait() // however it ended
	default:
		s.end(signal)
	}
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
			if try > 0 {
				<-time.After(betweenTries)
			}
			if c == nil {
				if c, err = s.dial(); err != nil {
					c = nil
					continue
				}
			}
			s.count(s.tried, sum, 1)
			if _, err = sendBy(c, "bounce@mail.test", raw); err != nil {
				s.failed.Add(1)
				if refused := new(smtp.SMTPError); errors.As(err, &refused) && !s.doubt {
					s.count(s.tried, sum, -1)
				}
				c.Close()
				c = nil
			}
		}
		s.count(s.acked, sum, 1)
		s.acks <- struct{}{}
	}
}

// A message is sent again until the longest trouble is surely over.
const (
	betweenTries = 50 * time.Millisecond
	mostTries    = 1000
)

// dial waits while the server is known to be down.
func (s *storm) dial() (*smtp.Client, error) {
	s.up.RLock()
	defer s.up.RUnlock()
	return smtp.Dial(s.smtp)
}

func (s *storm) count(where map[content]int, sum content, n int) {
	s.lock.Lock()
	defer s.lock.Unlock()
	where[sum] += n
}

// compare holds what is stored against what was acknowledged.
func (s *storm) compare() {
	s.Helper()
	db, err := store.Open(s.database(), store.Options{})
	if err != nil {
		s.Fatal(err)
	}
	defer db.Close()
	stored := map[content]int{}
	for _, noun := range []string{"ticket", "suspended"} {
		for line := range strings.Lines(s.must(noun, "list", "--json")) {
			var entry struct{ ID int64 }
			if err := json.Unmarshal([]byte(line), &entry); err != nil {
				s.Fatalf("%s list: %v: %s", noun, err, line)
			}
			raw, err := db.Raw(s.Context(), entry.ID)
			if err != nil {
				s.Fatal(err)
			}
			sum := sha256.New()
			if _, err := io.Copy(sum, raw); err != nil {
				s.Error(err)
			}
			raw.Close()
			stored[content(sum.Sum(nil))]++
		}
	}
	doubts := 0 // replies that were lost, or in doubt
	for sum, n := range stored {
		if n > 1 || s.tried[sum] == 0 {
			s.Errorf("a message that was sent %d times is stored %d times", s.tried[sum], n)
		}
		doubts += s.tried[sum] - s.acked[sum]
	}
	for sum, n := range s.acked {
		if stored[sum] == 0 {
			s.Errorf("a message acknowledged %d times is not stored", n)
		}
	}
	s.Logf("%d contents acknowledged, %d stored, %d tries failed, %d replies in doubt, %s",
		len(s.acked), len(stored), s.failed.Load(), doubts, s.balance(db))
}

// balance is what became of the messages, which has to come out even: each is there once, and
// any more that was answered 250 was known as sent again.
func (s *storm) balance(db *store.DB) string {
	b, err := db.Balance(s.Context())
	if err != nil || b.Difference() != 0 {
		s.Errorf("%s: %d are missing, %v", b, b.Difference(), err)
	}
	if b.Accepted-b.Duplicates != int64(len(s.acked)) || b.Tickets+b.Suspended != int64(len(s.acked)) {
		s.Errorf("%s: %d contents were acknowledged", b, len(s.acked))
	}
	return b.String()
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
		mail = append(mail, fmt.Sprintf("From: c%d@%s\r\nSubject: storm %d\r\n"+
			"Message-ID: <%d@%s>\r\n\r\n%s", i, host, i, i, host, body))
	}
	return mail
}

func corpusMail(t *testing.T, folder string, n int) (mail []string) {
	err := filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".eml" || len(mail) == n {
			return err
		}
		raw, err := os.ReadFile(path)
		text := string(message.CRLF(raw))
		if message.Parse([]byte(text)).MessageID() != "" && !slices.Contains(mail, text) {
			mail = append(mail, text)
		}
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
