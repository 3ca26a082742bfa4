package courier

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

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

	// WithoutReplyTo takes the Reply-To fields off, as Wrapping has it.
	WithoutReplyTo bool

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
