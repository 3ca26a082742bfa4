package smtpd_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"gatepost/message"
	"gatepost/policy"
	"gatepost/smtpd"
)

// A site is a running server with a plain door and one with TLS from the start, and what
// is behind it: a Receive that remembers.
type site struct {
	server        *smtpd.Server
	clear, secure net.Listener
	cancel        context.CancelFunc
	done          chan error
	log           lockedBuffer
	how           string        // Receive ends: "", fail, refuse, early, 421, hold, panic
	held          chan struct{} // a Receive has begun, with hold
	release       chan struct{} // and may go on
	released      chan struct{} // and has

	mu       sync.Mutex
	messages []stored
}

type stored struct {
	env     message.Envelope
	content string
}

// newSite starts a server with the settings of a script.
func newSite(p *player) *site {
	s := &site{server: smtpd.New(), how: p.set["receive"], done: make(chan error, 1),
		held: make(chan struct{}, 9), release: make(chan struct{}), released: make(chan struct{}, 9)}
	s.server.Domain = "mx.acme.test"
	s.server.Log = slog.New(slog.NewTextHandler(&s.log, nil))
	s.server.Receive = s.receive
	if p.set["certificate"] != "none" {
		s.server.Certificate = newCertificate(p)
	}
	for name, value := range p.set {
		p.check(s.apply(name, value))
	}
	s.start(p, p.set["from"])
	return s
}

func (s *site) start(t testing.TB, from string) {
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	s.clear, s.secure = listen(t, from), listen(t, from)
	doors := []smtpd.Listener{{Listener: s.clear}}
	if s.server.Certificate != nil {
		doors = append(doors, smtpd.Listener{Listener: s.secure, TLS: true})
	}
	go func() { s.done <- s.server.Run(ctx, doors...) }()
}

func (s *site) stop() error {
	s.cancel()
	defer s.secure.Close()
	return <-s.done
}

func (s *site) apply(name, value string) (err error) {
	spans := map[string]*time.Duration{
		"idle": &s.server.Idle, "transaction": &s.server.Transaction,
		"patience": &s.server.Patience, "grace": &s.server.Grace, "spare": &s.server.Spare,
	}
	counts := map[string]*int{
		"recipients-at-once": &s.server.MaxRecipients, "connections": &s.server.MaxConnections,
		"per-address": &s.server.MaxPerAddress, "arriving": &s.server.MaxArriving,
	}
	octets := map[string]*int64{"size": &s.server.MaxMessage, "rate": &s.server.MinRate}
	switch {
	case spans[name] != nil:
		*spans[name], err = time.ParseDuration(value)
	case counts[name] != nil:
		*counts[name], err = strconv.Atoi(value)
	case octets[name] != nil:
		*octets[name], err = strconv.ParseInt(value, 10, 64)
	case name == "recipients":
		s.server.Recipients, err = smtpd.ParseRecipients(value)
	case name == "clients":
		s.server.Clients, err = policy.ParseRanges(value)
	case name == "proxies":
		s.server.Proxies, err = policy.ParseRanges(value)
	case name == "relays":
		s.server.Relays, err = policy.ParseRanges(value)
	case name == "ready":
		s.server.Ready = func() error { return errors.New(value) }
	case name == "receive", name == "certificate", name == "from":
	default:
		err = fmt.Errorf("no setting %q", name)
	}
	return err
}

// receive stands for everything behind the door.
func (s *site) receive(_ context.Context, env *message.Envelope, r io.Reader) (string, error) {
	if s.how == "early" {
		return "", errors.New("disk \x1b[31mfull at /var/spool")
	}
	content, err := io.ReadAll(r)
	if err != nil {
		return "", fmt.Errorf("spool: %w", err)
	}
	switch s.how {
	case "fail":
		return "", errors.New("disk \x1b[31mfull at /var/spool")
	case "refuse", "421":
		return "", fmt.Errorf("wrapped: %w", &smtp.SMTPError{
			Code:         map[string]int{"refuse": 450, "421": 421}[s.how],
			EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "Too much mail"})
	case "panic":
		panic("receive panicked")
	case "hold":
		s.held <- struct{}{}
		<-s.release
		defer func() { s.released <- struct{}{} }()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages = append(s.messages, stored{*env, string(content)})
	return fmt.Sprintf("id-%d", len(s.messages)), nil
}

// listen opens a door on loopback. With from its connections come from that address, as
// far as one can see.
func listen(t testing.TB, from string) net.Listener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if from == "" {
		return l
	}
	return distant{l, net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(from), 25))}
}

type distant struct {
	net.Listener
	from net.Addr
}

func (d distant) Accept() (net.Conn, error) {
	c, err := d.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return distantConn{c.(*net.TCPConn), d.from}, nil
}

type distantConn struct {
	*net.TCPConn
	from net.Addr
}

func (c distantConn) RemoteAddr() net.Addr { return c.from }

// A headed connection begins with octets that go in one write with the first others.
type headed struct {
	*net.TCPConn
	ahead []byte
}

func (h *headed) Write(b []byte) (int, error) {
	n, err := h.TCPConn.Write(append(h.ahead, b...))
	n = max(n-len(h.ahead), 0)
	h.ahead = nil
	return n, err
}

func newCertificate(t testing.TB) *smtpd.Certificate {
	cert, key := writeCertificate(t, t.TempDir(), 1)
	c, err := smtpd.LoadCertificate(cert, key, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// writeCertificate makes a certificate of mx.acme.test with that serial number.
func writeCertificate(t testing.TB, dir string, serial int64) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "mx.acme.test"},
		DNSNames: []string{"mx.acme.test"}, NotAfter: time.Now().Add(time.Hour),
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	check(t, err)
	der, err := x509.MarshalECPrivateKey(key)
	check(t, err)
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writePEM(t, certFile, "CERTIFICATE", cert)
	writePEM(t, keyFile, "EC PRIVATE KEY", der)
	return certFile, keyFile
}

func writePEM(t testing.TB, name, kind string, der []byte) {
	t.Helper()
	block := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	check(t, os.WriteFile(name, block, 0o600))
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
