package courier

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// mostReply bounds what a server may say in one reply, in octets.
const mostReply = 64 << 10

var errTalk = errors.New("it says more than 64 KiB in one reply")

// A wireConn has a time limit for each block that is read or written. The limits of go-smtp's
// client do not hold while a message is written.
type wireConn struct {
	net.Conn
	silence atomic.Int64 // a time.Duration
	heard   int          // octets since we last spoke
	broken  atomic.Bool  // a write failed
	cut     atomic.Bool  // we have closed it ourselves
}

func (c *wireConn) Read(b []byte) (int, error) {
	if c.heard > mostReply {
		return 0, errTalk
	}
	err := c.Conn.SetReadDeadline(time.Now().Add(time.Duration(c.silence.Load())))
	if err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(b)
	c.heard += n
	return n, err
}

func (c *wireConn) Write(b []byte) (int, error) {
	c.heard = 0
	err := c.Conn.SetWriteDeadline(time.Now().Add(time.Duration(c.silence.Load())))
	if err != nil {
		return 0, err
	}
	n, err := c.Conn.Write(b)
	if err != nil {
		c.broken.Store(true)
	}
	return n, err
}

// SetDeadline is what go-smtp's client calls. The limits are ours.
func (c *wireConn) SetDeadline(time.Time) error { return nil }

// dotted reports whether everything that was written has left us, the final dot the last.
func (c *wireConn) dotted() bool { return !c.broken.Load() }

// A hop is a connection to the next hop, ready for a transaction.
type hop struct {
	conn   *wireConn
	client *smtp.Client
	log    *transcript
}

// cut ends a conversation wherever it is.
func (h *hop) cut() {
	h.conn.cut.Store(true)
	_ = h.conn.Close()
}

// end says goodbye, and waits for no answer.
func (h *hop) end() {
	if !h.conn.cut.Load() && !h.conn.broken.Load() {
		h.conn.silence.Store(int64(time.Second))
		_ = h.client.Quit()
	}
	_ = h.conn.Close()
}

// connection is one that is kept, or a new one. If there is none the result says why.
func (s *SMTP) connection(ctx context.Context, dialogue io.Writer) (c *hop, kept bool, r *Result) {
	if dialogue == nil {
		if c := s.pool.get(); c != nil {
			return c, true, nil
		}
	}
	c, r = s.dial(ctx, dialogue)
	return c, false, r
}

// dial connects, says hello, and has TLS and AUTH as the settings say.
func (s *SMTP) dial(ctx context.Context, dialogue io.Writer) (*hop, *Result) {
	log := &transcript{to: dialogue}
	c, r := s.hello(ctx, log, s.TLS == TLSStart || s.TLS == TLSRequired)
	if r != nil && s.TLS == TLSStart && c == nil && r.unoffered {
		log.say("* STARTTLS is not offered: going on in the clear")
		c, r = s.hello(ctx, log, false)
	}
	if r != nil {
		return nil, &r.Result
	}
	stop := context.AfterFunc(ctx, c.cut)
	defer stop()
	if r := s.auth(c); r != nil {
		c.end()
		return nil, r
	}
	return c, nil
}

// A noHello is a hello that failed.
type noHello struct {
	Result
	unoffered bool
}

func (s *SMTP) hello(ctx context.Context, log *transcript, start bool) (*hop, *noHello) {
	raw, err := s.Dial(ctx, s.network, s.Address)
	if err != nil {
		return nil, &noHello{Result: *noWay("connect to "+s.Address, err)}
	}
	log.say("* connected to %s", raw.RemoteAddr())
	conn := &wireConn{Conn: raw}
	conn.silence.Store(int64(s.Silence))
	c := &hop{conn: conn, log: log}
	stop := context.AfterFunc(ctx, c.cut)
	defer stop()
	if at, err := s.greet(c, start); err != nil {
		_ = conn.Close()
		r := &noHello{Result: *noWay(at, err), unoffered: isUnoffered(err)}
		log.say("* %s", r.Said)
		return nil, r
	}
	return c, nil
}

// greet names what it failed at.
func (s *SMTP) greet(c *hop, start bool) (at string, err error) {
	var conn net.Conn = c.conn
	if s.TLS == TLSImplicit {
		secured := tls.Client(conn, s.tls)
		if err := secured.Handshake(); err != nil {
			return "TLS", err
		}
		conn = secured
	}
	switch {
	case start:
		if c.client, err = smtp.NewClientStartTLS(conn, s.tls); err != nil {
			return "STARTTLS", err
		}
	case s.LMTP:
		c.client = smtp.NewClientLMTP(conn)
	default:
		c.client = smtp.NewClient(conn)
	}
	c.client.DebugWriter = c.log
	if err := c.client.Hello(s.Host); err != nil {
		return "greeting", err
	}
	if state, ok := c.client.TLSConnectionState(); ok {
		c.log.say("* %s, certificate verified", tls.VersionName(state.Version))
	}
	if s.LMTP && c.log.helo {
		return "LHLO", &smtp.SMTPError{Code: 500, Message: "it does not speak LMTP"}
	}
	return "", nil
}

// auth proves who we are, if the settings say so.
func (s *SMTP) auth(c *hop) *Result {
	if s.Username == "" {
		return nil
	}
	if _, secured := c.client.TLSConnectionState(); !secured && !s.isLocal() {
		return &Result{Said: "the password would be sent in the clear: STARTTLS is not offered",
			Pause: true, Down: true}
	}
	var mechanism sasl.Client
	switch {
	case c.client.SupportsAuth(sasl.Plain):
		mechanism = sasl.NewPlainClient("", s.Username, s.Password)
	case c.client.SupportsAuth(sasl.Login):
		mechanism = sasl.NewLoginClient(s.Username, s.Password)
	default:
		_, offered := c.client.Extension("AUTH")
		return &Result{Said: fmt.Sprintf("AUTH: it offers %q, and neither PLAIN nor LOGIN", offered),
			Pause: true, Down: true}
	}
	c.log.say("> AUTH (as %s, the secret is not shown)", s.Username)
	c.log.quiet = true
	err := c.client.Auth(mechanism)
	c.log.quiet = false
	if err != nil {
		r := noWay("AUTH", err)
		c.log.say("< %s", r.Said)
		return r
	}
	c.log.say("< 235")
	return nil
}

// A transcript tells what is said and heard, but for what is secret and for the message.
type transcript struct {
	to    io.Writer // nil: nobody listens
	quiet bool
	helo  bool // the older greeting was said: EHLO or LHLO was not understood
}

func (t *transcript) Write(b []byte) (int, error) {
	if strings.HasPrefix(string(b), "HELO ") {
		t.helo = true
	}
	if t.to == nil || t.quiet {
		return len(b), nil
	}
	for line := range strings.Lines(string(b)) {
		line = strings.TrimRight(line, "\r\n")
		sign := ">"
		if len(line) > 3 && strings.Trim(line[:3], "0123456789") == "" &&
			(line[3] == ' ' || line[3] == '-') {
			sign = "<"
		}
		t.say("%s %s", sign, line)
	}
	return len(b), nil
}

func (t *transcript) say(format string, args ...any) {
	if t.to != nil {
		fmt.Fprintf(t.to, format+"\n", args...)
	}
}

// A pool keeps connections for the next message, the last used first.
type pool struct {
	idle   time.Duration
	lock   sync.Mutex
	all    []kept
	timer  *time.Timer
	closed bool
}

type kept struct {
	*hop
	until time.Time
}

func (p *pool) get() *hop {
	p.lock.Lock()
	defer p.lock.Unlock()
	for n := len(p.all); n > 0; n = len(p.all) {
		last := p.all[n-1]
		p.all = p.all[:n-1]
		if time.Now().Before(last.until) {
			return last.hop
		}
		go last.end()
	}
	return nil
}

func (p *pool) put(c *hop) {
	p.lock.Lock()
	defer p.lock.Unlock()
	if p.closed {
		go c.end()
		return
	}
	p.all = append(p.all, kept{c, time.Now().Add(p.idle)})
	if p.timer == nil {
		p.timer = time.AfterFunc(p.idle, p.sweep)
	}
}

// sweep ends what was not used for long.
func (p *pool) sweep() {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.timer = nil
	for len(p.all) > 0 && !time.Now().Before(p.all[0].until) {
		go p.all[0].end()
		p.all = p.all[1:]
	}
	if len(p.all) > 0 && !p.closed {
		p.timer = time.AfterFunc(time.Until(p.all[0].until), p.sweep)
	}
}

func (p *pool) close() error {
	p.lock.Lock()
	p.closed = true
	all := p.all
	p.all = nil
	if p.timer != nil {
		p.timer.Stop()
	}
	p.lock.Unlock()
	for _, c := range all {
		c.end()
	}
	return nil
}
