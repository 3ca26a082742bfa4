package main

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"gatepost/httpd"
	"gatepost/httpd/api"
	"gatepost/httpd/console"
	"gatepost/intake"
	"gatepost/settings"
	"gatepost/smtpd"
	"gatepost/smtpd/mailauth"
	"gatepost/store"
)

// A plan is what settings make of a server.
type plan struct {
	smtp        *smtpd.Server
	console     *httpd.Server      // what answers HTTP
	certificate *smtpd.Certificate // of the latter; nil if it has none
}

// newPlan checks every setting, and loads the certificates. Its error has a line for each
// that is wrong.
func newPlan(s *settings.Settings, log *slog.Logger) (*plan, error) {
	smtp, errSMTP := loadCertificate("smtp", s.SMTP.TLSCert, s.SMTP.TLSKey, log)
	http, errHTTP := loadCertificate("http", s.HTTP.TLSCert, s.HTTP.TLSKey, log)
	targets, errTargets := newTargets(s, make([]byte, linkKeySize)) // to be looked at, not used
	errTargets = errors.Join(errTargets, closeTargets(targets))
	if err := errors.Join(s.Check(), errSMTP, errHTTP, errTargets); err != nil {
		return nil, err
	}
	p := &plan{certificate: http}
	var errConsole error
	if p.smtp, errSMTP = newSMTPServer(s, log); errSMTP == nil {
		p.smtp.Certificate = smtp
	}
	p.console, errConsole = newHTTPServer(s, log)
	_, errPolicy := s.Policy()
	return p, errors.Join(errSMTP, errConsole, errPolicy)
}

// newSMTPServer makes the SMTP server that the settings describe, but for its certificate.
func newSMTPServer(s *settings.Settings, log *slog.Logger) (*smtpd.Server, error) {
	server := smtpd.New()
	server.Domain, server.Log = s.Hostname(), log
	server.MaxMessage = int64(s.SMTP.MaxMessageSize)
	server.MaxRecipients = int(s.SMTP.MaxRecipients)
	server.MaxConnections = int(s.SMTP.MaxConnections)
	server.MaxPerAddress = int(s.SMTP.MaxConnectionsPerAddress)
	server.MaxArriving = int(s.SMTP.MaxArriving)
	server.Idle = time.Duration(s.SMTP.IdleTimeout)
	server.Transaction = time.Duration(s.SMTP.TransactionTimeout)
	server.MinRate = int64(s.SMTP.MinRate)
	server.Patience = time.Duration(s.SMTP.Patience)
	server.Grace = time.Duration(s.SMTP.Grace)
	var errRecipients, errClients, errRelays, errProxies error
	server.Recipients, errRecipients = s.Recipients()
	server.Clients, errClients = s.Clients()
	server.Relays, errRelays = s.Relays()
	server.Proxies, errProxies = s.Proxies()
	return server, errors.Join(errRecipients, errClients, errRelays, errProxies)
}

// newHTTPServer makes the HTTP server that the settings describe.
func newHTTPServer(s *settings.Settings, log *slog.Logger) (*httpd.Server, error) {
	server := withParts(&httpd.Server{
		Secure:    s.HTTP.TLSCert != "" || bool(s.HTTP.BehindTLS),
		Addresses: s.HTTP.IPs,
		Version:   built().Version,
		Log:       log,
	})
	var errHosts, errProxies, errMetrics error
	server.Hosts, errHosts = s.Hosts()
	server.Proxies, errProxies = s.HTTPProxies()
	server.Metrics, errMetrics = s.Metrics()
	return server, errors.Join(errHosts, errProxies, errMetrics)
}

// withParts gives a server the API and the console.
func withParts(s *httpd.Server) *httpd.Server {
	s.API, s.Console = api.New(s), console.New(s)
	return s
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

// newChecker makes who is asked who a message is from; nil if nobody is asked and the claim is
// taken. It is to be closed.
func newChecker(s *settings.Settings) *mailauth.Checker {
	if s.TakesClaims() {
		return nil
	}
	return newCheckerOf(s, mailauth.System(s.Auth.Resolver))
}

// newCheckerOf makes a checker that believes our relays and the sealers of others, and asks
// the resolver for the rest. A name that is none has been refused before.
func newCheckerOf(s *settings.Settings, r mailauth.Resolver) *mailauth.Checker {
	filters, _ := s.Filters()
	sealers, _ := s.Sealers()
	return mailauth.New(r, mailauth.Options{AuthservIDs: s.SMTP.AuthservID, Filters: filters,
		Sealers: sealers})
}

// keeping is how long messages are held. What is wrong has been refused before.
func keeping(s *settings.Settings) intake.Keeping {
	causes, _ := s.Suspended.ByCause()
	return intake.Keeping{For: time.Duration(s.Suspended.Keep), Causes: causes}
}

// expiry is how held messages expire.
func expiry(s *settings.Settings, by store.Actor) store.Expiry {
	return store.Expiry{KeepUnseen: bool(s.Suspended.KeepUnseen), By: by}
}
