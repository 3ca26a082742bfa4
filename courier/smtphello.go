package courier

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

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
