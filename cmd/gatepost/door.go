package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"gatepost/message"
	"gatepost/policy"
	"gatepost/smtpd"
)

// server makes the SMTP server that the settings describe. Its error has a line for each
// setting that is wrong.
func (s *settings) server(log *slog.Logger) (*smtpd.Server, error) {
	server := smtpd.New()
	server.Domain, server.Log = s.hostname(), log
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
	err := errors.Join(s.checkPlain(), s.checkAddresses(), s.checkProof(),
		s.setRecipients(server), s.setRanges(server), s.setCertificate(server))
	return server, err
}

// checkPlain checks the settings that need no more than a look.
func (s *settings) checkPlain() error {
	var errs []error
	wrong := func(bad bool, key, reason string) {
		if bad {
			errs = append(errs, fmt.Errorf("%s: %s", key, reason))
		}
	}
	_, err := message.ParseDomain(s.hostname())
	wrong(err != nil, "smtp.hostname", fmt.Sprintf("%q: %v", s.SMTP.Hostname, err))
	err = checkDB(s.DB)
	wrong(err != nil, "db", fmt.Sprint(err))
	wrong(len(s.SMTP.Listen)+len(s.SMTP.ListenTLS) == 0, "smtp.listen",
		"there is nowhere to listen: give an address such as 127.0.0.1:2525")
	wrong(s.SMTP.MaxMessageSize < 64<<10, "smtp.max_message_size",
		"64KiB at least (RFC 5321, section 4.5.3.1.7)")
	wrong(s.SMTP.MaxHeaderSize > message.MaxHeader, "smtp.max_header_size",
		"256KiB at most: the time that verifying a signature takes grows with it")
	wrong(s.SMTP.MaxHeaderSize < 1<<10, "smtp.max_header_size", "1KiB at least")
	for _, floor := range []struct {
		key         string
		span, least span
		why         string
	}{
		{"smtp.idle_timeout", s.SMTP.IdleTimeout, span(time.Second), "nobody could say anything"},
		{"smtp.transaction_timeout", s.SMTP.TransactionTimeout, span(time.Second),
			"no message could be sent"},
		{"smtp.patience", s.SMTP.Patience, span(time.Second), "no content would be waited for"},
		{"suspended.keep", s.Suspended.Keep, span(time.Minute), "held mail would be lost"},
		{"suspended.undelete", s.Suspended.Undelete, 0, "0s deletes at once"},
	} {
		wrong(floor.span < floor.least, floor.key,
			fmt.Sprintf("%s at least: %s", floor.least, floor.why))
	}
	wrong(!slices.Contains([]string{logAuto, logText, logJSON}, s.Log.Format), "log.format",
		fmt.Sprintf("%q: write auto, text or json", s.Log.Format))
	return errors.Join(errs...)
}

// checkDB refuses what is not the name of a file.
func checkDB(name string) error {
	scheme, _, isURL := strings.Cut(name, "://")
	switch {
	case name == "":
		return errors.New("the name of the database file is empty")
	case isURL && strings.HasPrefix(scheme, "postgres"):
		return fmt.Errorf("%s://: PostgreSQL is not supported yet: name the file of an SQLite "+
			"database, such as gatepost.db", scheme)
	case isURL:
		return fmt.Errorf("%q is no file name: write one, such as gatepost.db", name)
	}
	return nil
}

// checkAddresses checks where we are to listen, and that nobody but this machine can send
// mail to any recipient at all.
func (s *settings) checkAddresses() error {
	var errs []error
	check := func(key, address string) {
		if err := checkAddress(address); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", key, err))
		} else if key != "http.listen" && len(s.SMTP.Recipients) == 0 && !onLoopback(address) {
			errs = append(errs, fmt.Errorf("%s: %s can be reached from outside: say whose mail "+
				"is taken with smtp.recipients (--recipients), such as \"support@acme.test\"",
				key, address))
		}
	}
	for _, address := range s.SMTP.Listen {
		check("smtp.listen", address)
	}
	for _, address := range s.SMTP.ListenTLS {
		check("smtp.listen_tls", address)
	}
	if s.HTTP.Listen != "" {
		check("http.listen", s.HTTP.Listen)
	}
	return errors.Join(errs...)
}

func checkAddress(address string) error {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%q is no address with a port, such as 127.0.0.1:2525", address)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("%q: the port is a number from 0 to 65535", address)
	}
	return nil
}

func onLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

func (s *settings) setRecipients(server *smtpd.Server) (err error) {
	server.Recipients, err = s.recipients()
	return err
}

// recipients are those whose mail is taken; nil takes anybody's.
func (s *settings) recipients() (*smtpd.Recipients, error) {
	if len(s.SMTP.Recipients) == 0 {
		return nil, nil
	}
	r, err := smtpd.ParseRecipients(s.SMTP.Recipients.String())
	if err != nil {
		return nil, fmt.Errorf("smtp.%w", err)
	}
	return r, nil
}

func (s *settings) setRanges(server *smtpd.Server) error {
	var clients, relays, proxies error
	server.Clients, clients = ranges("smtp.clients", s.SMTP.Clients)
	server.Relays, relays = ranges("smtp.relays", s.SMTP.Relays)
	server.Proxies, proxies = ranges("smtp.proxies", s.SMTP.Proxies)
	return errors.Join(clients, relays, proxies)
}

func ranges(key string, text words) (*policy.Ranges, error) {
	r, err := policy.ParseRanges(text.String())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	return r, nil
}

func (s *settings) setCertificate(server *smtpd.Server) (err error) {
	if s.SMTP.TLSCert == "" && s.SMTP.TLSKey == "" && len(s.SMTP.ListenTLS) > 0 {
		return errors.New("smtp.tls_cert and smtp.tls_key: TLS needs both")
	}
	server.Certificate, err = loadCertificate("smtp", s.SMTP.TLSCert, s.SMTP.TLSKey, server.Log)
	return err
}
