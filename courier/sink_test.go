package courier

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// A sink is a next hop that answers as a test says.
type sink struct {
	net.Listener
	lmtp    bool
	offers  string // behind EHLO, between blanks
	started *tls.Config

	lock        sync.Mutex
	answer      func(stage string) string // a reply, drop or hang; empty: what is usual
	mails       []sunk
	connections int
	open        sync.WaitGroup
	hung        chan struct{}
}

type sunk struct{ from, to, content string }

func newSink(t testing.TB, s *sink) *sink {
	t.Helper()
	var err error
	if s.Listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	s.hung = make(chan struct{})
	s.open.Go(func() {
		for {
			c, err := s.Accept()
			if err != nil {
				return
			}
			s.lock.Lock()
			s.connections++
			s.lock.Unlock()
			s.open.Go(func() { s.serve(c) })
		}
	})
	t.Cleanup(func() {
		close(s.hung)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		s.open.Wait()
	})
	return s
}

func (s *sink) address() string { return s.Addr().String() }

// say sets how it answers from now on.
func (s *sink) say(answer func(stage string) string) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.answer = answer
}

// at answers one stage in another way than usual.
func at(stage, answer string) func(string) string {
	return func(s string) string {
		if s == stage {
			return answer
		}
		return ""
	}
}

func (s *sink) received() []sunk {
	s.lock.Lock()
	defer s.lock.Unlock()
	return append([]sunk(nil), s.mails...)
}

// ids counts what was received by the decision that our trace names.
func (s *sink) ids() map[string]int {
	ids := map[string]int{}
	id := regexp.MustCompile(` id ([0-9a-f-]+);`)
	for _, m := range s.received() {
		found := id.FindStringSubmatch(m.content)
		if found == nil {
			found = []string{"", "none"}
		}
		ids[found[1]]++
	}
	return ids
}

var errHungUp = errors.New("hung up")

// A talk is one connection.
type talk struct {
	*sink
	net.Conn
	in       *bufio.Reader
	from, to string
}

func (s *sink) serve(c net.Conn) {
	k := &talk{sink: s, Conn: c, in: bufio.NewReader(c)}
	err := k.reply("greeting", "220 sink.test")
	for err == nil {
		var line string
		if line, err = k.in.ReadString('\n'); err == nil {
			err = k.command(strings.TrimSpace(line))
		}
	}
	_ = k.Conn.Close()
}

// reply answers as the test says, else as is usual.
func (k *talk) reply(stage, usual string) error {
	k.lock.Lock()
	answer := k.answer
	k.lock.Unlock()
	text := ""
	if answer != nil {
		text = answer(stage)
	}
	switch text {
	case "":
		text = usual
	case "drop":
		return errHungUp
	case "hang":
		<-k.hung
		return errHungUp
	}
	_, err := fmt.Fprintf(k.Conn, "%s\r\n", text)
	if strings.HasPrefix(text, "421") {
		err = errors.Join(err, errHungUp)
	}
	return err
}

func (k *talk) command(line string) error {
	verb, rest, _ := strings.Cut(line, " ")
	switch strings.ToUpper(verb) {
	case "EHLO", "LHLO":
		if (verb == "LHLO") != k.lmtp {
			return k.reply("ehlo", "500 5.5.1 what is "+verb)
		}
		text := "250-sink.test"
		for word := range strings.FieldsSeq(k.offers + " PIPELINING") {
			text += "\r\n250-" + strings.ReplaceAll(word, "=", " ")
		}
		return k.reply("ehlo", text+"\r\n250 ENHANCEDSTATUSCODES")
	case "HELO":
		return k.reply("helo", "250 sink.test")
	case "STARTTLS":
		if _, err := io.WriteString(k.Conn, "220 go on\r\n"); err != nil {
			return err
		}
		k.Conn = tls.Server(k.Conn, k.started)
		k.in = bufio.NewReader(k.Conn)
		return nil
	case "AUTH":
		if strings.HasPrefix(rest, "LOGIN ") {
			if _, err := io.WriteString(k.Conn, "334 UGFzc3dvcmQ6\r\n"); err != nil {
				return err
			}
			if _, err := k.in.ReadString('\n'); err != nil {
				return err
			}
		}
		return k.reply("auth", "235 2.7.0 welcome")
	case "MAIL":
		k.from = rest
		return k.reply("mail", "250 2.1.0 ok")
	case "RCPT":
		k.to = rest
		return k.reply("rcpt", "250 2.1.5 ok")
	case "DATA":
		return k.data()
	case "QUIT":
		return errors.Join(k.reply("quit", "221 bye"), errHungUp)
	}
	return k.reply("other", "502 5.5.1 no")
}

func (k *talk) data() error {
	if err := k.reply("data", "354 go on"); err != nil {
		return err
	}
	var content bytes.Buffer
	for {
		line, err := k.in.ReadBytes('\n')
		if err != nil {
			return err
		}
		if string(line) == ".\r\n" {
			break
		}
		content.Write(bytes.TrimPrefix(line, []byte(".")))
	}
	k.lock.Lock()
	answer := k.answer
	k.lock.Unlock()
	usual := answer == nil || strings.HasPrefix(answer("dot")+"2", "2")
	if usual || answer("dot") == "drop" || answer("dot") == "hang" {
		k.lock.Lock()
		k.mails = append(k.mails, sunk{k.from, k.to, content.String()})
		k.lock.Unlock()
	}
	return k.reply("dot", "250 2.0.0 queued as 1")
}
