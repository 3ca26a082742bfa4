package main

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"time"

	"gatepost/courier"
	"gatepost/settings"
	"gatepost/store"
)

// longestTry is when a try is ended, however lively it is.
const longestTry = time.Hour

// A target is one of the settings, as the store and as the courier know it.
type target struct {
	store   store.Target
	courier courier.Target
}

// newTargets makes the targets of the settings, in the order of their names, with the key that
// links to messages are signed with. They connect to nobody yet. The error has a line for each
// setting that is wrong, but for those that Check has named.
func newTargets(s *settings.Settings, linkKey []byte) (all []target, err error) {
	for _, name := range slices.Sorted(maps.Keys(s.Handoff)) {
		if s.Handoff[name].Check() != nil {
			continue
		}
		t, e := newTarget(name, s, linkKey)
		if e != nil {
			err = errors.Join(err, settings.Below("handoff."+name, e))
			continue
		}
		all = append(all, t)
	}
	if err != nil {
		return nil, errors.Join(err, closeTargets(all))
	}
	return all, nil
}

func closeTargets(all []target) (err error) {
	for _, t := range all {
		err = errors.Join(err, t.courier.Carrier.Close())
	}
	return err
}

func newTarget(name string, s *settings.Settings, linkKey []byte) (t target, err error) {
	h := s.Handoff[name]
	m := &maker{Handoff: h, hostname: s.Hostname(), linkKey: linkKey}
	if m.password, err = h.Secret(); err != nil {
		return t, err
	}
	if m.secrets, err = h.SigningKeys(); err != nil {
		return t, err
	}
	recipients, err := h.Filter()
	if err != nil {
		return t, err
	}
	ours, err := s.Recipients()
	if err != nil {
		return t, err
	}
	t.courier = courier.Target{Name: name, Parallel: int(h.Parallel), Timeout: longestTry,
		RetryUnknown: bool(h.RetryUnknown), Same: m.fingerprint()}
	if bool(h.ReplyToken) {
		t.courier.ReplyAddress = replyAddress(replyTokens(s, linkKey), ours)
	}
	if h.Kind == "maildir" { // which has no other limit
		t.courier.Timeout = time.Duration(h.Timeout)
	}
	t.store = store.Target{Name: name, Kind: h.Kind, Place: h.Place(), Events: h.Events,
		Recipients: recipients, Apart: h.IsSMTP() && h.To == ""}
	t.courier.Carrier, err = m.carrier()
	return t, err
}

// A maker makes what carries to one target.
type maker struct {
	*settings.Handoff
	hostname string
	password string
	secrets  []string
	linkKey  []byte
}

// fingerprint is the same as long as nothing of a target is changed, its secrets included.
func (m *maker) fingerprint() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%#v %q %q %q", *m.Handoff, m.password, m.secrets,
		m.hostname))
	return hex.EncodeToString(sum[:])
}

// carrier is what carries, by the kind of the target.
func (m *maker) carrier() (courier.Carrier, error) {
	switch m.Kind {
	case "smtp", "lmtp":
		return m.smtp()
	case "http":
		return m.http()
	case "webhook":
		return m.webhook()
	case "command":
		return m.command()
	case "maildir":
		return m.maildir()
	}
	return nil, fmt.Errorf("kind: %q is none", m.Kind) // Check has named them
}

// smtp has the timeout of the settings for each answer and each block: a large message on a slow
// line takes as long as it takes.
func (m *maker) smtp() (courier.Carrier, error) {
	roots, err := certificates(m.TLSCA)
	if err != nil {
		return nil, err
	}
	host, _, _ := net.SplitHostPort(m.Address)
	dialer, err := m.dialer(host)
	if err != nil {
		return nil, err
	}
	return carrierOf(courier.NewSMTP(courier.SMTPConfig{LMTP: m.Kind == "lmtp", Address: m.Address,
		Host: m.hostname, TLS: m.TLS, Roots: roots, Username: m.Username, Password: m.password,
		To: m.To, MailFrom: m.MailFrom, Silence: time.Duration(m.Timeout), Dial: dialer.DialContext,
		WithoutReplyTo: m.ReplyTo == settings.RemoveReplyTo}))
}

// carrierOf is no carrier, and not one that is nil, where there is an error.
func carrierOf[C courier.Carrier](c C, err error) (courier.Carrier, error) {
	if err != nil {
		return nil, err
	}
	return c, nil
}

// dialer connects to what the settings of a target name: an address that stands there in digits,
// or localhost, and no other of a private network unless allow has it.
func (m *maker) dialer(host string) (*courier.Dialer, error) {
	allow := slices.Clone(m.Allow)
	if _, err := netip.ParseAddr(host); err == nil || host == "localhost" {
		allow = append(allow, host)
	}
	return courier.NewDialer(courier.DialConfig{Allow: allow})
}

// web is what connects to a URL, and whose certificates it takes.
func (m *maker) web() (d *courier.Dialer, limits courier.HTTPLimits, err error) {
	host := ""
	if u, err := url.Parse(string(m.URL)); err == nil {
		host = u.Hostname()
	}
	limits.Answer = time.Duration(m.Timeout)
	if limits.Roots, err = certificates(m.TLSCA); err != nil {
		return nil, limits, err
	}
	d, err = m.dialer(host)
	return d, limits, err
}

// certificates are those of a file; nil, which is this machine's, of none.
func certificates(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("tls_ca: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("tls_ca: %s has no certificate (PEM)", file)
	}
	return roots, nil
}

// handOn has the store and the courier go by the targets of the settings, and by what replies to
// them bear.
func (g *daemon) handOn(ctx context.Context, s *settings.Settings) error {
	key, err := g.linkKey(ctx, s)
	if err != nil {
		return err
	}
	rules, err := policyOf(ctx, g.db, s) // which reads tokens by the key that is there now
	if err != nil {
		return err
	}
	targets, err := newTargets(s, key)
	if err != nil {
		return err
	}
	if err := g.setTargets(ctx, targets); err != nil {
		return err
	}
	g.db.Configure(rules)
	return nil
}

// carry carries what the outbox has until ctx ends. A database that is on another machine may be away
// for a while: that ends no server.
func (g *daemon) carry(ctx context.Context) error {
	err := g.openTargets(ctx)
	if err == nil {
		err = g.courier.Run(ctx)
	}
	if err != nil && g.settings.Load().DB.IsServer() {
		g.log.Error("hand-offs wait", "error", err)
		err = nil
	}
	return err
}

// openTargets makes the targets anew where the courier has run before.
func (g *daemon) openTargets(ctx context.Context) error {
	g.changing.Lock()
	defer g.changing.Unlock()
	if !g.carried {
		g.carried = true
		return nil
	}
	s := g.settings.Load()
	key, err := g.linkKey(ctx, s)
	if err != nil {
		return err
	}
	targets, err := newTargets(s, key)
	if err != nil {
		return err
	}
	g.courier.Change(carriers(targets))
	return nil
}

func carriers(targets []target) []courier.Target {
	all := make([]courier.Target, len(targets))
	for i, t := range targets {
		all[i] = t.courier
	}
	return all
}

// setTargets has the store and the courier go by these targets.
func (g *daemon) setTargets(ctx context.Context, targets []target) error {
	known := make([]store.Target, len(targets))
	for i, t := range targets {
		known[i] = t.store
	}
	if err := g.db.SetTargets(ctx, known); err != nil {
		return errors.Join(err, closeTargets(targets))
	}
	g.courier.Change(carriers(targets))
	return g.warnOfTargets(ctx)
}

// warnOfTargets says what is not carried on although it waits.
func (g *daemon) warnOfTargets(ctx context.Context) error {
	all, err := g.db.Targets(ctx)
	for _, t := range all {
		switch {
		case !t.Configured:
			g.log.Warn("messages wait for a target that the settings have no more: put it back, or "+
				"see `gatepost handoff list`", "target", t.Name, "waiting", t.Waiting)
		case t.PausedAt != nil:
			g.log.Warn("a target is paused: `gatepost handoff resume` has it go on", "target", t.Name,
				"waiting", t.Waiting, "why", t.PausedWhy)
		}
	}
	return err
}
