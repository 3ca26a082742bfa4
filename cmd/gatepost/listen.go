package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"

	"gatepost/settings"
	"gatepost/smtpd"
)

// listen opens the listeners. Nobody is let in yet.
func (g *daemon) listen(ctx context.Context, s *settings.Settings) error {
	for _, kind := range []struct {
		socket    string
		addresses settings.Words
		tls       bool
	}{{socketSMTP, s.SMTP.Listen, false}, {socketSMTPS, s.SMTP.ListenTLS, true}} {
		for i, address := range kind.addresses {
			l, err := g.open(ctx, kind.socket, i, address)
			if err != nil {
				return err
			}
			g.listeners = append(g.listeners, smtpd.Listener{Listener: l, TLS: kind.tls})
		}
	}
	if s.HTTP.Listen == "" {
		return nil
	}
	l, err := g.open(ctx, socketHTTP, 0, s.HTTP.Listen)
	if err == nil {
		g.http = secured(l, g.certificate)
	}
	return err
}

// open takes the i-th socket of that name from the service manager, or opens one.
func (g *daemon) open(ctx context.Context, name string, i int, address string) (
	l net.Listener, err error) {
	if opened := g.sockets[name]; opened != nil {
		l = opened[i]
	} else if l, err = listen(ctx, strings.TrimSuffix(name, "s"), address); err != nil {
		return nil, err
	}
	a := attend(l)
	g.attended = append(g.attended, a)
	return a, nil
}

// listen names what is wrong and what to do about it.
func listen(ctx context.Context, what, address string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, family(address), address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s on %s: the port is in use: stop what listens there, or "+
			"choose another with --%s", what, address, what)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return nil, fmt.Errorf("%s on %s: this machine does not have that address: "+
			"`ip address` lists those that it has", what, address)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("%s on %s: not permitted: a port below 1024 needs "+
			"CAP_NET_BIND_SERVICE", what, address)
	case err != nil:
		return nil, fmt.Errorf("%s on %s: %w", what, address, err)
	}
	return l, nil
}

// family is the network of an address. [::] is every IPv6 address only, so that 0.0.0.0 can
// stand beside it; without an address both families are meant.
func family(address string) string {
	host, _, _ := net.SplitHostPort(address)
	switch ip, err := netip.ParseAddr(host); {
	case err != nil:
		return "tcp"
	case ip.Is4():
		return "tcp4"
	}
	return "tcp6"
}

// addresses are where SMTP is spoken, over TLS from the first octet or not.
func (g *daemon) addresses(tls bool) string {
	var all []string
	for _, d := range g.listeners {
		if d.TLS == tls {
			all = append(all, d.Addr().String())
		}
	}
	return strings.Join(all, " ")
}

// taking is what the service manager shows of a server that runs.
func (g *daemon) taking() string {
	return statusLine("taking mail on " + strings.TrimSpace(g.addresses(false)+" "+
		g.addresses(true)))
}

// closeListener does not mind one that is closed already.
func closeListener(l net.Listener) error {
	if err := l.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}
