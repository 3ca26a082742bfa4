package main

import (
	"context"
	"crypto/tls"
	"net"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gatepost/smtpd"
)

// secured speaks TLS on a listener, if there is a certificate.
func secured(l net.Listener, certificate *smtpd.Certificate) net.Listener {
	if certificate == nil {
		return l
	}
	return tls.NewListener(l, &tls.Config{
		GetCertificate: certificate.Get,
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"h2", "http/1.1"},
	})
}

// serveHTTP answers people and programs until ctx ends.
func (g *daemon) serveHTTP(ctx context.Context) error {
	if g.http == nil {
		return nil
	}
	g.console.DB, g.console.Ready = g.db, g.ready
	g.console.CheckLink = g.checkLink
	g.console.NextDigest = func(ctx context.Context) (time.Time, error) {
		d, err := newDigester(ctx, g.db, g.settings.Load(), g.app.now(), g.started)
		if err != nil {
			return time.Time{}, err
		}
		return d.next(), nil
	}
	g.console.Counts = []prometheus.Collector{handoffCounts{g.db, g.courier, g.app.now},
		machineCounts{g}, g.mail.took}
	return g.console.Run(ctx, g.http)
}
