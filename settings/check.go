package settings

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"gatepost/message"
)

// Check finds all that is wrong with what is written, a line for each setting. The files of
// certificates are looked at by who loads them.
func (s *Settings) Check() error {
	_, errRecipients := s.Recipients()
	_, errClients := s.Clients()
	_, errRelays := s.Relays()
	_, errProxies := s.Proxies()
	_, errHosts := s.Hosts()
	_, errHTTPProxies := s.HTTPProxies()
	_, errMetrics := s.Metrics()
	return errors.Join(s.checkPlain(), s.checkAddresses(), s.checkProof(), s.Handoff.Check(),
		s.checkLoops(), s.checkScanners(), s.checkTokens(), s.checkDigest(), errRecipients, errClients, errRelays,
		errProxies, s.checkTLS(), s.checkConsole(), errHosts, errHTTPProxies, errMetrics)
}

// What becomes of the claims in From where only this machine can connect.
const (
	takeClaims  = "take"
	checkClaims = "check"
)

// checkPlain checks the settings that need no more than a look.
func (s *Settings) checkPlain() error {
	var errs []error
	wrong := func(bad bool, key, reason string) {
		if bad {
			errs = append(errs, fmt.Errorf("%s: %s", key, reason))
		}
	}
	_, err := message.ParseDomain(s.Hostname())
	wrong(err != nil, "smtp.hostname", fmt.Sprintf("%q: %v", s.SMTP.Hostname, err))
	err = CheckDB(s.DB)
	wrong(err != nil, "db", fmt.Sprint(err))
	wrong(len(s.Node) > mostNodeName || strings.ContainsFunc(s.Node, isNoneOfNodeName), "node",
		fmt.Sprintf("%q: write up to %d letters, digits, dots, hyphens and underscores", s.Node,
			mostNodeName))
	wrong(bool(s.Replicated) && !s.DB.IsServer(), "replicated", "a file has no standby: leave it out, or "+
		"name a database of PostgreSQL with db")
	wrong(len(s.SMTP.Listen)+len(s.SMTP.ListenTLS) == 0, "smtp.listen",
		"there is nowhere to listen: give an address such as 127.0.0.1:2525")
	wrong(s.SMTP.MaxMessageSize < 64<<10, "smtp.max_message_size",
		"64KiB at least (RFC 5321, section 4.5.3.1.7)")
	wrong(s.SMTP.MaxHeaderSize > message.MaxHeader, "smtp.max_header_size",
		"256KiB at most: the time that verifying a signature takes grows with it")
	wrong(s.SMTP.MaxHeaderSize < 1<<10, "smtp.max_header_size", "1KiB at least")
	for _, floor := range []struct {
		key         string
		span, least Span
		why         string
	}{
		{"smtp.idle_timeout", s.SMTP.IdleTimeout, Span(time.Second), "nobody could say anything"},
		{"smtp.transaction_timeout", s.SMTP.TransactionTimeout, Span(time.Second),
			"no message could be sent"},
		{"smtp.patience", s.SMTP.Patience, Span(time.Second), "no content would be waited for"},
		{"suspended.keep", s.Suspended.Keep, leastKept, "held mail would be lost"},
		{"replies.token_life", s.Replies.TokenLife, Span(24 * time.Hour), "no reply would come in time"},
		{"suspended.undelete", s.Suspended.Undelete, 0, "0s deletes at once"},
		{"tombstones.keep", s.Tombstones.Keep, 0, "0s keeps none"},
	} {
		wrong(floor.span < floor.least, floor.key,
			fmt.Sprintf("%s at least: %s", floor.least, floor.why))
	}
	wrong(s.Tickets.KeepHandedOff != 0 && s.Tickets.KeepHandedOff < leastHandedOff,
		"tickets.keep_handed_off", fmt.Sprintf("%s at least: what is sent again would be another "+
			"ticket; 0s keeps them for good", leastHandedOff))
	wrong(!slices.Contains([]string{TokensOff, TokensAccept, TokensRequire}, s.Replies.Tokens),
		"replies.tokens", fmt.Sprintf("%q: write off, accept or require", s.Replies.Tokens))
	wrong(!slices.Contains([]string{LogAuto, LogText, LogJSON}, s.Log.Format), "log.format",
		fmt.Sprintf("%q: write auto, text or json", s.Log.Format))
	return errors.Join(errs...)
}

// mostNodeName is how long the name of a node may be, in octets.
const mostNodeName = 64

func isNoneOfNodeName(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' ||
		strings.ContainsRune(".-_", r))
}

// CheckDB refuses what is neither the name of a file nor a URL of PostgreSQL.
func CheckDB(db Database) error {
	switch {
	case db == "":
		return errors.New("the name of the database file is empty")
	case !db.IsServer() && strings.Contains(string(db), "://"):
		return fmt.Errorf("%q is no file name: write one, such as gatepost.db, or the URL of a "+
			"database of PostgreSQL, such as postgres://gatepost@db.example/gatepost", db)
	}
	return nil
}

// CheckFile refuses what is not the name of a file.
func CheckFile(db Database) error {
	if db.IsServer() {
		return fmt.Errorf("%s is no file: a database of PostgreSQL is backed up and repaired by its "+
			"own tools, such as pg_basebackup, pgbackrest and pg_amcheck", db)
	}
	return CheckDB(db)
}

// checkAddresses checks where we are to listen, and that nobody but this machine can send
// mail to any recipient at all.
func (s *Settings) checkAddresses() error {
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

// checkProof checks what has to do with who a message is from.
func (s *Settings) checkProof() error {
	var errs []error
	if _, err := s.trust(); err != nil {
		errs = append(errs, err)
	}
	if s.Auth.Loopback != takeClaims && s.Auth.Loopback != checkClaims {
		errs = append(errs, fmt.Errorf("auth.loopback: %q: write take or check", s.Auth.Loopback))
	}
	if _, err := netip.ParseAddrPort(s.Auth.Resolver); err != nil && s.Auth.Resolver != "" {
		errs = append(errs, fmt.Errorf("auth.resolver: %q is no IP address with a port, such as "+
			"127.0.0.1:53", s.Auth.Resolver))
	}
	if s.SMTP.OnlyRelays && len(s.SMTP.Relays) == 0 {
		errs = append(errs, errors.New("smtp.only_relays: smtp.relays names nobody, so all mail "+
			"would be held: write there which machines hand mail on"))
	}
	if _, err := s.Suspended.ByCause(); err != nil {
		errs = append(errs, Below("suspended", err))
	}
	if _, err := s.Filters(); err != nil {
		errs = append(errs, err)
	}
	if _, err := s.Sealers(); err != nil {
		errs = append(errs, err)
	}
	for _, id := range s.SMTP.AuthservID {
		if strings.ContainsAny(id, `,;=()<>"`) {
			errs = append(errs, fmt.Errorf("smtp.authserv_id: %q: write the first word of the "+
				"Authentication-Results fields that a relay writes, such as mx.example.com", id))
		}
	}
	return errors.Join(errs...)
}

// checkTokens refuses targets that give tokens which nobody would read.
func (s *Settings) checkTokens() error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(s.Handoff)) {
		if bool(s.Handoff[name].ReplyToken) && !s.TakesTokens() {
			errs = append(errs, fmt.Errorf("handoff.%s.reply_token: no reply would be known by it: set "+
				"replies.tokens = %q", name, TokensAccept))
		}
	}
	return errors.Join(errs...)
}

// TakesTokens reports whether replies bear tokens.
func (s *Settings) TakesTokens() bool {
	return s.Replies.Tokens == TokensAccept || s.Replies.Tokens == TokensRequire
}

// checkTLS refuses to listen for TLS without a certificate.
func (s *Settings) checkTLS() error {
	if s.SMTP.TLSCert == "" && s.SMTP.TLSKey == "" && len(s.SMTP.ListenTLS) > 0 {
		return errors.New("smtp.tls_cert and smtp.tls_key: TLS needs both")
	}
	return nil
}

// checkConsole checks what HTTP needs.
func (s *Settings) checkConsole() error {
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
