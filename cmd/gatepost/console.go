package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"

	"gatepost/httpd"
	"gatepost/message"
	"gatepost/smtpd"
)

// console makes the HTTP server that the settings describe, and loads its certificate, nil
// if it has none. The error has a line for each setting that is wrong.
func (s *settings) console(log *slog.Logger) (*httpd.Server, *smtpd.Certificate, error) {
	server := &httpd.Server{
		Secure:    s.HTTP.TLSCert != "" || bool(s.HTTP.BehindTLS),
		Addresses: s.HTTP.IPs,
		Version:   built().Version,
		Log:       log,
	}
	var errHosts, errProxies, errMetrics error
	server.Hosts, errHosts = s.hosts()
	server.Proxies, errProxies = ranges("http.proxies", s.HTTP.Proxies)
	if len(s.HTTP.Metrics) > 0 {
		server.Metrics, errMetrics = ranges("http.metrics", s.HTTP.Metrics)
	}
	certificate, errTLS := loadCertificate("http", s.HTTP.TLSCert, s.HTTP.TLSKey, log)
	return server, certificate, errors.Join(s.checkConsole(), errHosts, errProxies,
		errMetrics, errTLS)
}

// checkConsole checks what needs no more than a look.
func (s *settings) checkConsole() error {
	var errs []error
	if l := s.HTTP.Listen; l != "" && checkAddress(l) == nil && !onLoopback(l) &&
		s.HTTP.TLSCert == "" && !bool(s.HTTP.BehindTLS) {
		errs = append(errs, fmt.Errorf("http.listen: %s can be reached from outside, and passwords "+
			"would be sent in the clear: give http.tls_cert and http.tls_key, or say "+
			"http.behind_tls = true if a proxy in front provides TLS", l))
	}
	for _, ip := range s.HTTP.IPs {
		_, errAddr := netip.ParseAddr(ip)
		if _, err := netip.ParsePrefix(ip); err != nil && errAddr != nil {
			errs = append(errs, fmt.Errorf("http.ips: %q is no address: write one, such as "+
				"192.0.2.25 or 2001:db8::/64", ip))
		}
	}
	return errors.Join(errs...)
}

// hosts are the names that we are called by, as a browser sends them.
func (s *settings) hosts() (names []string, err error) {
	var errs []error
	for _, host := range s.HTTP.Hosts {
		name, err := message.ParseDomain(host)
		if err != nil {
			errs = append(errs, fmt.Errorf("http.hosts: %q is no name of a host: write it as in "+
				"console.example.com, without https:// and without a port", host))
		}
		names = append(names, string(name))
	}
	return names, errors.Join(errs...)
}

// loadCertificate reads the files of a section's tls_cert and tls_key; nil if it names none.
func loadCertificate(section, cert, key string, log *slog.Logger) (*smtpd.Certificate, error) {
	where := fmt.Sprintf("%[1]s.tls_cert and %[1]s.tls_key", section)
	switch {
	case cert == "" && key == "":
		return nil, nil
	case cert == "" || key == "":
		return nil, errors.New(where + ": TLS needs both")
	}
	certificate, err := smtpd.LoadCertificate(cert, key, log)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", where, err)
	}
	return certificate, nil
}

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
func (g *gate) serveHTTP(ctx context.Context) error {
	if g.http == nil {
		return nil
	}
	g.console.DB, g.console.Ready = g.db, g.ready
	return g.console.Run(ctx, g.http)
}
