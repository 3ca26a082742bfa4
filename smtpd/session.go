package smtpd

import (
	"errors"
	"io"
	"runtime"
	"sync"
	"time"

	"github.com/emersion/go-smtp"

	"gatepost/limiter"
	"gatepost/message"
)

// A session is one client's conversation, as go-smtp tells it. All of it belongs to the
// goroutine of the connection but Data, which has one of its own under BDAT and so works
// on what it is given.
type session struct {
	server  *Server
	guard   *guard
	conn    *smtp.Conn
	env     *message.Envelope // of the transaction under way, or nil
	place   *limiter.Share    // for its content
	running sync.WaitGroup    // of Data
}

func (s *Server) newSession(c *smtp.Conn) (smtp.Session, error) {
	return &session{server: s, guard: c.Conn().(*guard), conn: c}, nil
}

// Mail begins a transaction, unless one is under way (go-smtp would change its sender).
func (s *session) Mail(from string, opts *smtp.MailOptions) error {
	switch {
	case s.server.draining.Load():
		return errDraining()
	case s.env != nil:
		return errNested()
	case !s.guard.client().IsValid():
		s.server.Log.Warn("message put off, the proxy does not say whose it is", s.guard.who())
		return errNobody()
	case !s.server.admits(s.guard.client()): // any more
		return errNotWelcome()
	}
	path, err := checkPath(from, s.guard.wire.command, opts.UTF8)
	if err != nil {
		return err.reply("sender", 7)
	}
	s.place = s.server.place(s.guard)
	if !s.server.hasRoom(s.place) || !s.server.ready() {
		return errFull()
	}
	s.guard.rewind()
	s.env = &message.Envelope{
		Client: s.guard.client(), Helo: s.conn.Hostname(), TLS: s.guard.secured,
		SMTPUTF8: opts.UTF8, MailFrom: path, NullPath: path == "",
	}
	return nil
}

// Rcpt takes mail for our own recipients only, whatever route the path names.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	path, err := checkPath(to, s.guard.wire.command, s.env.SMTPUTF8)
	if err != nil {
		return err.reply("recipient", 3)
	}
	if !s.server.now().Recipients.accept(path, s.server.own) {
		return errStranger()
	}
	s.env.Recipients = append(s.env.Recipients, path)
	return nil
}

// Data receives a content. It returns only when there is no more of it: what go-smtp
// reads of it after that, it would run as commands or give to the next message.
func (s *session) Data(r io.Reader) error {
	env := s.env
	place := s.place
	arrived := s.server.arrive(place)
	if !arrived {
		s.guard.hasten()
	}
	_, chunked := r.(*io.PipeReader) // BDAT: we are in a goroutine of our own
	if chunked {
		s.running.Add(1)
		defer s.running.Done()
		s.guard.wire.begun <- struct{}{} // the connection may go on, env is ours
	} else {
		r = s.guard.unstuff() // not by go-smtp, which is slow at it
	}
	env.ReceivedAt = time.Now()
	body := &body{r: r, chunked: chunked, limit: s.server.MaxMessage}
	body.whole = func() { s.server.arriving.Leave(place) }
	id, err := "", error(errFull())
	if arrived {
		id, err = s.take(env, body, place)
	}
	s.drain(body)
	if body.err == smtp.ErrDataReset {
		// The client took the message back, or was cut off. go-smtp would hold what we
		// return for the result of the next message, so we do not return: its goroutine
		// is for this call alone.
		runtime.Goexit()
	}
	if err == nil {
		return taken(id)
	}
	answer, known := reply(err)
	if !known {
		s.server.Log.Error("message put off", "client", env.Client, "error", err)
	}
	return answer
}

// take hands the content to Receive. That the content failed counts for more than what
// Receive makes of it.
func (s *session) take(env *message.Envelope, body *body, place *limiter.Share) (id string, err error) {
	defer s.server.settled(place)
	id, err = s.server.Receive(s.server.receiving, env, body)
	if body.err != nil && body.err != io.EOF {
		return "", body.err
	}
	if err == nil && body.err == nil {
		return "", errors.New("receive did not read the content to its end")
	}
	return id, err
}

// drain reads what Receive left. Beyond the size limit the guard hangs up; chunks above it
// go-smtp refuses by itself.
func (s *session) drain(body *body) {
	if body.err == io.EOF {
		return
	}
	if !body.chunked {
		s.guard.stopAfter(max(body.limit-body.n, 0) + overshoot)
	}
	io.Copy(io.Discard, body)
	if _, err := io.Copy(io.Discard, body.r); err == smtp.ErrDataReset {
		body.err = err
	}
}

// Reset ends the transaction; go-smtp calls it after each message too. It never waits.
func (s *session) Reset() {
	s.env = nil
	s.guard.rewind()
}

// Logout waits for a message that was cut off: go-smtp has ended its content by now.
func (s *session) Logout() error {
	s.running.Wait()
	return nil
}

// A body is a content on its way to Receive. Its end is the true one, since the guard
// turns a cut into an error.
type body struct {
	r        io.Reader
	chunked  bool   // by BDAT
	n, limit int64  // octets
	err      error  // the first one, for good
	whole    func() // called when it has come to its end
}

func (b *body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.r.Read(p)
	b.n += int64(n)
	switch {
	case b.n > b.limit:
		b.err = errTooLarge(b.limit)
		return 0, b.err
	case err != nil && err != io.EOF && err != smtp.ErrDataReset:
		b.err, _ = reply(err)
	default:
		b.err = err
	}
	if b.err == io.EOF {
		b.whole()
	}
	return n, b.err
}
