// Package smtpd takes mail in: it speaks SMTP (RFC 5321) with strangers, holds them to limits,
// and hands each whole message to Receive; it never judges, never relays, and never says 250
// before Receive has.
package smtpd

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emersion/go-smtp"
	"golang.org/x/sync/errgroup"

	"gatepost/limiter"
	"gatepost/message"
	"gatepost/policy"
)

// Terms are what a Server goes by and Change may replace while it runs.
type Terms struct {
	// Recipients are those mail is taken for; nil takes mail for anyone.
	Recipients *Recipients
	// Clients may speak SMTP to us, others get 554 5.7.1; nil or empty admits all.
	Clients *policy.Ranges
	// Proxies are load balancers that say with the PROXY protocol, version 1 or 2, who the
	// client is: a connection of theirs begins with that, or is closed without a word. From
	// anybody else it is an unknown command. Nil or empty: nobody.
	Proxies *policy.Ranges
	// Relays are machines of ours that hand mail on: MaxPerAddress is not for them, who
	// come for many. Nil or empty: nobody.
	Relays *policy.Ranges

	MaxConnections int // at once, then the new one gets 421 unless Spare lets one go
	MaxPerAddress  int // connections at once of one IPv4 address or IPv6 /64; not loopback, not Relays
	// MaxArriving is how many contents may be under way at once. Then who holds most places
	// loses the slowest, or the new one gets 452 4.3.1. With those that have come, and wait
	// for the DNS or the disk, there are three times as many at most, which bounds memory.
	MaxArriving int

	// Limits of time, each kept to a sixteenth.
	Idle        time.Duration // for a command, and between two pieces of a content
	Spare       time.Duration // without a command, to be let go first in a crowd
	Transaction time.Duration // from MAIL to the end of the content
	MinRate     int64         // octets a second of a content, once Patience is used up; 0: any
	Patience    time.Duration // waiting that a content may cost beyond MinRate
	Grace       time.Duration // for transfers in progress when Run is told to stop
}

// A Server is made by New; its fields are set before Run and stay as they are.
type Server struct {
	Terms

	// Domain is the name we greet with; <postmaster> without a domain is of it.
	Domain string
	// Certificate makes us offer STARTTLS, and is needed by a Listener with TLS; may be nil.
	Certificate *Certificate

	// Receive takes one message and returns only when its fate is on disk; the id goes
	// into the 250. It reads content to its end: an error of content means that the
	// message did not come whole, and nothing may be stored. A *smtp.SMTPError anywhere
	// in the chain of its error is the reply, intake.ErrDeferred is 450 4.7.1 and
	// intake.ErrUnscanned 451 4.3.0; anything else is logged, and the client told the same.
	Receive func(ctx context.Context, env *message.Envelope, content io.Reader) (id string, err error)
	// Ready is asked before each message: an error, such as a full disk, is 452 4.3.1.
	Ready func() error
	Log   *slog.Logger

	MaxMessage    int64 // octets of a content, announced as SIZE (RFC 1870)
	MaxRecipients int   // of one message, then 452 4.5.3

	terms          atomic.Pointer[Terms] // what Change said last, nil before
	plain, secured *smtp.Server          // the latter for what goes over TLS
	upgrades       *upgrades
	upgraded       chan struct{} // closed when nothing comes from upgrades any more
	draining       atomic.Bool
	unready        atomic.Bool  // what Ready said last, to log a change once
	arriving       limiter.Pool // of transfers in progress
	contents       limiter.Pool // of those, and of those that have come and are not settled
	wide           sync.Pool    // of *[wideBuffer]byte
	crowd          crowd
	refusals       refusals
	tls            *tls.Config
	own            message.Domain
	receiving      context.Context // of every Receive; ends when Grace does
	abandon        context.CancelFunc
}

// New gives a Server with the defaults. It serves once Receive is set.
func New() *Server {
	return &Server{
		Domain: "localhost",
		Log:    slog.Default(),

		MaxMessage:    25 << 20,
		MaxRecipients: 100, // the least that must be taken (RFC 5321, section 4.5.3.1.8)

		Terms: Terms{
			MaxConnections: 2500,
			MaxPerAddress:  50,
			MaxArriving:    256, // 128 KiB each, the spool and our buffers; 400 KiB with a huge header

			Idle:        5 * time.Minute, // RFC 5321, section 4.5.3.2.7
			Spare:       5 * time.Second, // longer than an honest client thinks
			Transaction: time.Hour,       // 25 MiB over 64 kbit/s
			MinRate:     1000,
			Patience:    time.Minute,
			Grace:       30 * time.Second,
		},
	}
}

// Change has the server go by other terms from now on, also with the clients that are here. It
// may be called at any time; the terms must not be changed after it.
func (s *Server) Change(t Terms) { s.terms.Store(&t) }

// now is what the server goes by.
func (s *Server) now() *Terms {
	if t := s.terms.Load(); t != nil {
		return t
	}
	return &s.Terms
}

// A Listener is a listener. With TLS it begins with the handshake (RFC 8314, section 3.3).
type Listener struct {
	net.Listener
	TLS bool
}

// Run serves until ctx is done or a listener fails, closes the listeners, lets the transfers in
// progress come to their end for at most Grace, and returns when every connection is gone. It
// can be called once.
func (s *Server) Run(ctx context.Context, listeners ...Listener) error {
	if err := s.prepare(listeners); err != nil {
		return err
	}
	go func() {
		defer close(s.upgraded)
		s.secured.Serve(s.upgrades)
	}()
	serving, failed := errgroup.WithContext(ctx)
	for _, d := range listeners {
		serving.Go(func() error { return s.serve(d) })
	}
	<-failed.Done()
	s.draining.Store(true)
	for _, d := range listeners {
		d.Close()
	}
	err := serving.Wait() // no connection is begun after this
	s.drain()
	return err
}

// serve takes connections from one listener until it is closed.
func (s *Server) serve(d Listener) error {
	library := s.plain
	if d.TLS {
		library = s.secured
	}
	if err := library.Serve(&listener{d, s}); !s.draining.Load() {
		return fmt.Errorf("smtp on %v: %w", d.Addr(), err)
	}
	return nil
}

// drain sends the idle away and waits for the rest. Connections in clear are waited for
// first, they may still turn into ones over TLS.
func (s *Server) drain() {
	defer s.abandon()
	impatience := time.AfterFunc(s.now().Grace, func() {
		s.abandon()
		s.crowd.closeAll()
	})
	defer impatience.Stop()
	s.crowd.dismissAll(shuttingDown)
	s.plain.Shutdown(context.Background())
	s.upgrades.Close()
	<-s.upgraded
	s.secured.Shutdown(context.Background())
}

func (s *Server) prepare(listeners []Listener) error {
	domain, err := message.ParseDomain(s.Domain)
	if err != nil {
		return fmt.Errorf("smtp domain %q: %w", s.Domain, err)
	}
	if s.Receive == nil {
		return errors.New("smtp server without Receive")
	}
	for _, d := range listeners {
		if d.TLS && s.Certificate == nil {
			return fmt.Errorf("smtp on %v: TLS from the start needs a certificate", d.Addr())
		}
	}
	s.own = domain
	s.receiving, s.abandon = context.WithCancel(context.Background())
	s.wide.New = func() any { return new([wideBuffer]byte) }
	s.upgrades, s.upgraded = newUpgrades(), make(chan struct{})
	s.plain, s.secured = s.library(), s.library()
	if s.Certificate != nil {
		s.tls = &tls.Config{GetCertificate: s.Certificate.Get}
		s.plain.TLSConfig = s.tls // for EHLO to offer STARTTLS, which the guard takes
	}
	return nil
}

// library is go-smtp as the guard needs it: without time limits and line limits, which
// the guard keeps, and with AUTH "allowed", since otherwise it asks for TLS first although
// there is no AUTH (RFC 4954) behind it.
func (s *Server) library() *smtp.Server {
	l := smtp.NewServer(smtp.BackendFunc(s.newSession))
	l.Domain = s.Domain
	l.MaxRecipients = s.MaxRecipients
	l.MaxMessageBytes = s.MaxMessage
	l.MaxLineLength = 0
	l.AllowInsecureAuth = true
	l.EnableSMTPUTF8 = true
	l.ErrorLog = libraryLog{s.Log}
	return l
}

// admits says whether a client may speak to us at all.
func (s *Server) admits(client netip.Addr) bool {
	clients := s.now().Clients
	return clients == nil || clients.Empty() || clients.Contains(client)
}

// ready asks Ready and logs when the answer changes.
func (s *Server) ready() bool {
	if s.Ready == nil {
		return true
	}
	err := s.Ready()
	switch was := s.unready.Swap(err != nil); {
	case err != nil && !was:
		s.Log.Error("no mail is taken", "error", err)
	case err == nil && was:
		s.Log.Info("mail is taken again")
	}
	return err == nil
}
