package main

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// A sender has connections that send one message after the other, each until it was answered 250: who is
// put off, or cut off, tries the same message again at the next node, and stays there.
type sender struct {
	nodes []*node
	run   string // part of each Message-ID

	silence *silence // between two 250

	lock    sync.Mutex
	serial  int
	acked   map[int]bool
	refused int // tries
	paused  bool
	resume  *sync.Cond
	busy    int
}

// between is how long a connection waits after a message: the cluster is to have something to do, but the
// machine is not to be full.
const between = 100 * time.Millisecond

func newSender(nodes []*node, connections int) *sender {
	s := &sender{nodes: nodes, run: fmt.Sprint(time.Now().UnixNano()), acked: map[int]bool{}}
	s.resume, s.silence = sync.NewCond(&s.lock), &silence{last: time.Now()}
	for i := range connections {
		go s.send(i)
	}
	return s
}

// next is the number of a message, once nobody has paused.
func (s *sender) next() int {
	s.lock.Lock()
	defer s.lock.Unlock()
	for s.paused {
		s.resume.Wait()
	}
	s.busy++
	s.serial++
	return s.serial
}

func (s *sender) send(connection int) {
	at := connection
	var client *smtp.Client
	for {
		serial := s.next()
		for wait := 50 * time.Millisecond; ; wait = min(2*wait, 400*time.Millisecond) {
			err := s.try(&client, s.nodes[at%len(s.nodes)], serial)
			if err == nil {
				break
			}
			s.putOff()
			if client != nil {
				client.Close()
				client = nil
			}
			at++
			time.Sleep(wait)
		}
		s.taken(serial)
		time.Sleep(between)
	}
}

func (s *sender) try(client **smtp.Client, to *node, serial int) (err error) {
	if *client == nil {
		if *client, err = smtp.Dial(to.smtp); err != nil {
			return err
		}
		(*client).CommandTimeout, (*client).SubmissionTimeout = time.Minute, time.Minute
	}
	text := fmt.Sprintf("From: Una <una@shop.test>\r\nTo: support@help.test\r\nSubject: %d\r\n"+
		"Message-ID: <%d.%s@shop.test>\r\nDate: Mon, 30 Nov 2026 12:00:00 +0000\r\n\r\n%s\r\n", serial, serial,
		s.run, strings.Repeat("To be kept on two machines.\r\n", 40))
	return (*client).SendMail("una@shop.test", []string{"support@help.test"}, strings.NewReader(text))
}

func (s *sender) putOff() {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.refused++
}

func (s *sender) taken(serial int) {
	s.silence.ends()
	s.lock.Lock()
	defer s.lock.Unlock()
	s.acked[serial] = true
	s.busy--
	s.resume.Broadcast()
}

// pause has every message come to its 250, and no other begun.
func (s *sender) pause(most time.Duration) error {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.paused = true
	end := time.AfterFunc(most, s.resume.Broadcast)
	defer end.Stop()
	for began := time.Now(); s.busy > 0; s.resume.Wait() {
		if time.Since(began) >= most {
			return fmt.Errorf("%d messages are not taken after %v", s.busy, most)
		}
	}
	return nil
}

func (s *sender) goOn() {
	s.silence.goOn()
	s.lock.Lock()
	defer s.lock.Unlock()
	s.paused = false
	s.resume.Broadcast()
}

// counts are how many messages were answered 250, and how many tries were not.
func (s *sender) counts() (acked, refused int) {
	s.lock.Lock()
	defer s.lock.Unlock()
	return len(s.acked), s.refused
}
