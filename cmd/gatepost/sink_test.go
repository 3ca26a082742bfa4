package main

import (
	"io"
	"log"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/rogpeppe/go-internal/testscript"
)

// A sink is the next hop of a script: it takes mail, or refuses each recipient.
type sink struct {
	lock    sync.Mutex
	refusal *smtp.SMTPError
	mails   []string
	came    chan struct{} // told of each
}

type sinkKey struct{}

// answerAsSink starts a next hop the first time, whose address is then $SINK, and says how it
// answers from now on: sink [CODE TEXT].
func answerAsSink(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 1 {
		ts.Fatalf("usage: sink [CODE TEXT]")
	}
	s, _ := ts.Value(sinkKey{}).(*sinkOf)
	if s.sink == nil {
		started, server, address, err := startSink()
		ts.Check(err)
		ts.Defer(func() { ts.Check(server.Close()) })
		ts.Setenv("SINK", address)
		s.sink = started
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	s.refusal = nil
	if len(args) > 0 {
		code, err := strconv.Atoi(args[0])
		ts.Check(err)
		s.refusal = &smtp.SMTPError{Code: code, EnhancedCode: smtp.NoEnhancedCode,
			Message: strings.Join(args[1:], " ")}
	}
}

// sinkOf is the sink of a script, once it has one.
type sinkOf struct{ *sink }

func startSink() (s *sink, server *smtp.Server, address string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, "", err
	}
	s, server = serveSink(l)
	return s, server, l.Addr().String(), nil
}

func serveSink(l net.Listener) (s *sink, server *smtp.Server) {
	s = &sink{came: make(chan struct{}, 10000)}
	server = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		return &sinkSession{sink: s}, nil
	}))
	server.Domain, server.ErrorLog = "sink.test", log.New(io.Discard, "", 0)
	go func() { _ = server.Serve(l) }()
	return s, server
}

// awaitSunk waits until a next hop has so many messages, and prints them into a file, one after
// the other: sunk N FILE.
func awaitSunk(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sunk N FILE")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	s := ts.Value(sinkKey{}).(*sinkOf)
	late := time.After(patience)
	for {
		s.lock.Lock()
		mails := s.mails
		s.lock.Unlock()
		if len(mails) == want {
			text := strings.ReplaceAll(strings.Join(mails, ""), "\r\n", "\n")
			ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o600))
			return
		}
		select {
		case <-s.came:
		case <-late:
			ts.Fatalf("the next hop has %d messages, not %d", len(mails), want)
		}
	}
}

type sinkSession struct {
	*sink
	envelope string
}

func (s *sinkSession) Mail(from string, _ *smtp.MailOptions) error {
	s.envelope = "MAIL FROM:<" + from + ">\r\n"
	return nil
}

func (s *sinkSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.envelope += "RCPT TO:<" + to + ">\r\n"
	if s.refusal != nil {
		return s.refusal
	}
	return nil
}

func (s *sinkSession) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.lock.Lock()
	s.mails = append(s.mails, s.envelope+string(text))
	s.lock.Unlock()
	s.came <- struct{}{}
	return nil
}

func (s *sinkSession) Reset() {}

func (s *sinkSession) Logout() error { return nil }
