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
	"os"
	"slices"
	"time"

	"gatepost/courier"
	"gatepost/settings"
	"gatepost/store"
)

// longestTry is when a try of SMTP is ended, however lively it is.
const longestTry = time.Hour

// A target is one of the settings, as the store and as the courier know it.
type target struct {
	store   store.Target
	courier courier.Target
}

// newTargets makes the targets of the settings, in the order of their names. They connect to
// nobody yet. The error has a line for each setting that is wrong.
func newTargets(s *settings.Settings) (all []target, err error) {
	for _, name := range slices.Sorted(maps.Keys(s.Handoff)) {
		t, e := newTarget(name, s)
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

func newTarget(name string, s *settings.Settings) (t target, err error) {
	h := s.Handoff[name]
	secret, err := h.Secret()
	if err != nil {
		return t, err
	}
	recipients, err := h.Filter()
	if err != nil {
		return t, err
	}
	t.courier = courier.Target{Name: name, Parallel: int(h.Parallel),
		Timeout: time.Duration(h.Timeout), RetryUnknown: bool(h.RetryUnknown),
		Same: fingerprint(h, secret, s.Hostname())}
	t.store = store.Target{Name: name, Kind: h.Kind, Place: h.Address, Events: h.Events,
		Recipients: recipients}
	return t, newCarrier(&t, h, secret, s.Hostname())
}

// fingerprint is the same as long as nothing of a target is changed, its secret included.
func fingerprint(h *settings.Handoff, secret, hostname string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%#v %q %q", *h, secret, hostname))
	return hex.EncodeToString(sum[:])
}

// newCarrier gives a target what carries to it, by its kind.
func newCarrier(t *target, h *settings.Handoff, secret, hostname string) (err error) {
	switch h.Kind {
	case "smtp", "lmtp":
		return smtpCarrier(t, h, secret, hostname)
	case "":
		return errors.New("kind: it is missing: write smtp or lmtp")
	}
	return fmt.Errorf("kind: %q: write smtp or lmtp", h.Kind)
}

func smtpCarrier(t *target, h *settings.Handoff, secret, hostname string) error {
	roots, err := certificates(h.TLSCA)
	if err != nil {
		return err
	}
	dialer, err := newDialer(h)
	if err != nil {
		return err
	}
	// The limit of the settings is for each answer and each block: a large message on a slow line
	// takes as long as it takes.
	t.courier.Timeout = longestTry
	t.store.Apart = h.To == ""
	t.courier.Carrier, err = courier.NewSMTP(courier.SMTPConfig{LMTP: h.Kind == "lmtp",
		Address: h.Address, Host: hostname, TLS: h.TLS, Roots: roots, Username: h.Username,
		Password: secret, To: h.To, MailFrom: h.MailFrom, Silence: time.Duration(h.Timeout),
		Dial: dialer.DialContext})
	return err
}

// newDialer connects to what the settings of a target name: an address that stands there in
// digits, or localhost, and no other of a private network unless allow has it.
func newDialer(h *settings.Handoff) (*courier.Dialer, error) {
	allow := slices.Clone(h.Allow)
	host, _, _ := net.SplitHostPort(h.Address)
	if _, err := netip.ParseAddr(host); err == nil || host == "localhost" {
		allow = append(allow, host)
	}
	return courier.NewDialer(courier.DialConfig{Allow: allow})
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

// setTargets has the store and the courier go by these targets.
func (g *daemon) setTargets(ctx context.Context, targets []target) error {
	known := make([]store.Target, len(targets))
	carried := make([]courier.Target, len(targets))
	for i, t := range targets {
		known[i], carried[i] = t.store, t.courier
	}
	if err := g.db.SetTargets(ctx, known); err != nil {
		return errors.Join(err, closeTargets(targets))
	}
	g.courier.Change(carried)
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
