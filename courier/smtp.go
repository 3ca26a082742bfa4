package courier

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/emersion/go-smtp"

	"gatepost/message"
)

// How a connection to a next hop is kept from being read.
const (
	TLSOff      = "off"
	TLSStart    = "starttls" // where it is offered (RFC 3207); a certificate that is not good stops it
	TLSRequired = "required" // STARTTLS, or nothing is sent
	TLSImplicit = "implicit" // from the first octet (RFC 8314)
)

// Limits of a conversation unless SMTPConfig says otherwise (RFC 5321, section 4.5.3.2).
const (
	smtpSilence = 3 * time.Minute
	smtpFinal   = 10 * time.Minute // behind the final dot: an answer that comes later is lost
	smtpIdle    = 30 * time.Second
)

// An SMTPConfig says where the next hop is and how it is spoken to.
type SMTPConfig struct {
	LMTP    bool   // RFC 2033
	Address string // host:port, or the path of a socket
	Host    string // what we call ourselves

	TLS   string         // TLSOff, …; empty: off on loopback and sockets, else required
	Roots *x509.CertPool // who may have signed its certificate; nil: those of this machine

	Username, Password string // AUTH PLAIN or LOGIN, inside TLS or on loopback only; none if empty

	To       string // the recipient of every message; empty: those that it was received for
	MailFrom string // the reverse-path; empty: that of the message; <>: none

	Silence, Final, Idle time.Duration // 0: three minutes, ten minutes, half a minute

	// Dial connects; nil is a net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// SMTP hands messages on by SMTP, or LMTP: the octets as they were received, under our own
// trace and Authentication-Results fields. Bare LF becomes CRLF on the way, as RFC 5321, section
// 2.3.8 asks of who sends; everything else, bare CR and octets above 127 among it, is as it was.
// Several messages go over one connection; after an error it is closed.
type SMTP struct {
	SMTPConfig
	network string
	tls     *tls.Config
	pool    pool
}

// NewSMTP checks the settings. It connects to nobody.
func NewSMTP(c SMTPConfig) (*SMTP, error) {
	s := &SMTP{SMTPConfig: c, network: "tcp"}
	if c.Dial == nil {
		s.Dial = (&net.Dialer{Timeout: 30 * time.Second}).DialContext
	}
	for _, d := range []struct {
		span  *time.Duration
		value time.Duration
	}{{&s.Silence, smtpSilence}, {&s.Final, smtpFinal}, {&s.Idle, smtpIdle}} {
		if *d.span == 0 {
			*d.span = d.value
		}
	}
	s.pool.idle = s.Idle
	return s, errors.Join(s.checkAddress(), s.checkTLS(), s.checkPaths())
}

func (s *SMTP) checkAddress() error {
	if strings.HasPrefix(s.Address, "/") {
		s.network = "unix"
		return nil
	}
	host, port, err := net.SplitHostPort(s.Address)
	if err != nil || host == "" || port == "" {
		return fmt.Errorf("address: %q is no host with its port, such as desk.example.com:25, and "+
			"no path of a socket", s.Address)
	}
	return nil
}

// checkTLS settles how we connect.
func (s *SMTP) checkTLS() error {
	local := s.isLocal()
	if s.TLS == "" {
		s.TLS = TLSRequired
		if local {
			s.TLS = TLSOff
		}
	}
	switch s.TLS {
	case TLSOff:
		if s.Username != "" && !local {
			return errors.New(`username: the password would be sent in the clear: write tls = "required"`)
		}
	case TLSStart, TLSRequired, TLSImplicit:
	default:
		return fmt.Errorf("tls: %q: write off, starttls, required or implicit", s.TLS)
	}
	host, _, _ := net.SplitHostPort(s.Address)
	s.tls = &tls.Config{ServerName: host, RootCAs: s.Roots, MinVersion: tls.VersionTLS12}
	if (s.Username == "") != (s.Password == "") {
		return errors.New("username and password: AUTH needs both")
	}
	return nil
}

// isLocal reports whether nobody but this machine can read what we say.
func (s *SMTP) isLocal() bool {
	host, _, _ := net.SplitHostPort(s.Address)
	ip, err := netip.ParseAddr(host)
	return s.network == "unix" || host == "localhost" || err == nil && ip.IsLoopback()
}

func (s *SMTP) checkPaths() error {
	var errs []error
	for _, p := range []struct{ key, path string }{{"to", s.To}, {"mail_from", s.MailFrom}} {
		if p.path == "" || p.key == "mail_from" && p.path == "<>" {
			continue
		}
		if _, err := message.ParseAddress(p.path); err != nil {
			errs = append(errs, fmt.Errorf("%s: %q: %w", p.key, p.path, err))
		}
	}
	return errors.Join(errs...)
}

// Close ends the connections that are kept.
func (s *SMTP) Close() error { return s.pool.close() }

// Carry hands one message on, to one recipient.
func (s *SMTP) Carry(ctx context.Context, p *Parcel, dialogue io.Writer) Result {
	to, from, err := s.envelope(p)
	if err != nil {
		return Result{Outcome: Fail, Said: err.Error()}
	}
	for {
		c, kept, r := s.connection(ctx, dialogue)
		if r != nil {
			return *r
		}
		c.log.to = dialogue
		result, stale := s.transaction(ctx, c, p, from, to)
		c.log.to = nil
		if result.Outcome == Done {
			s.pool.put(c)
			return result
		}
		c.end()
		if !stale || !kept {
			return result
		}
	}
}

// envelope is the recipient and the reverse-path, as they are written between < and >.
func (s *SMTP) envelope(p *Parcel) (to, from string, err error) {
	from = p.MailFrom
	switch s.MailFrom {
	case "":
	case "<>":
		from = ""
	default:
		from = s.MailFrom
	}
	switch {
	case s.To != "":
		to = s.To
	case len(p.Recipients) == 1:
		to = p.Recipients[0]
	default:
		return "", "", fmt.Errorf("the message has %d recipients, and one is carried: say who gets "+
			"it with `to`", len(p.Recipients))
	}
	if to, err = path(to); err == nil && from != "" {
		from, err = path(from)
	}
	return to, from, err
}

// path writes an address as RFC 5321, section 4.1.2 has it: the server that received it has
// taken the quotation marks off.
func path(address string) (string, error) {
	at := strings.LastIndexByte(address, '@')
	if at < 1 {
		return "", fmt.Errorf("%q is no address", address)
	}
	local, domain := address[:at], address[at+1:]
	if strings.ContainsAny(address, "\r\n\x00") || strings.ContainsAny(domain, "<> \t\"") {
		return "", fmt.Errorf("%q cannot stand in an envelope", address)
	}
	if isDotString(local) || len(local) > 1 && local[0] == '"' && local[len(local)-1] == '"' {
		return address, nil
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(local) + `"@` + domain, nil
}

func isDotString(local string) bool {
	for atom := range strings.SplitSeq(local, ".") {
		if atom == "" || strings.ContainsAny(atom, " \t()<>[]:;@\\,\"") {
			return false
		}
		for _, r := range atom {
			if r < ' ' || r == 0x7f {
				return false
			}
		}
	}
	return true
}

// transaction is one mail transaction. It is stale if the connection turned out to be closed
// before anything was said.
func (s *SMTP) transaction(ctx context.Context, c *hop, p *Parcel, from, to string) (r Result,
	stale bool) {
	top := p.Results + p.Trace
	size := int64(len(top)) + p.Size
	if most, ok := c.client.MaxMessageSize(); ok && most > 0 && size > int64(most) {
		return Result{Outcome: Fail, Said: fmt.Sprintf("the message has %d octets, and the target "+
			"takes %d", size, most)}, false
	}
	options := &smtp.MailOptions{Size: size, UTF8: !isASCII(from) || !isASCII(to)}
	if utf8, _ := c.client.Extension("SMTPUTF8"); options.UTF8 && !utf8 {
		return Result{Outcome: Fail, Said: "the target takes no addresses beyond ASCII (SMTPUTF8)"},
			false
	}
	content, err := p.Open()
	if err != nil {
		return Result{Outcome: Retry, Said: errWords("open the message", err)}, false
	}
	defer content.Close()
	stop := context.AfterFunc(ctx, c.cut)
	defer stop()
	if err := c.client.Mail(from, options); err != nil {
		return refused("MAIL", err), isGone(err)
	}
	if err := c.client.Rcpt(to, nil); err != nil {
		return refused("RCPT", err), false
	}
	data, err := c.client.Data()
	if err != nil {
		return refused("DATA", err), false
	}
	return s.content(c, data, io.MultiReader(strings.NewReader(top), content), size), false
}

// content sends the message and hears what becomes of it.
func (s *SMTP) content(c *hop, data *smtp.DataCommand, message io.Reader, size int64) Result {
	c.log.say("> (the message, %d octets)", size)
	c.log.quiet = true
	defer func() { c.log.quiet = false }()
	if _, err := io.Copy(data, message); err != nil {
		// The final dot is not sent, so it cannot have been taken.
		return refused("the message", err)
	}
	c.conn.silence.Store(int64(s.Final))
	defer c.conn.silence.Store(int64(s.Silence))
	said, err := closeData(data, s.LMTP)
	if err == nil {
		c.log.say("< 250 %s", said)
		return Result{Outcome: Done, Said: "250 " + said}
	}
	r := refused("the final dot", err)
	var answer *smtp.SMTPError
	if errors.As(err, &answer) {
		c.log.say("< %s", r.Said)
	} else if c.conn.dotted() {
		r.Outcome, r.Down = Unknown, false
	}
	return r
}
