package main

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"gatepost/message"
	"gatepost/policy"
	"gatepost/smtpd/mailauth"
)

// What becomes of the claims in From where only this machine can connect.
const (
	takeClaims  = "take"
	checkClaims = "check"
)

// policy is what the settings say to the rules.
func (s *settings) policy() (policy.Settings, error) {
	trust, errTrust := s.trust()
	relays, errRelays := ranges("smtp.relays", s.SMTP.Relays)
	ours, errOurs := s.recipients()
	filters, errFilters := s.filters()
	p := policy.Settings{
		MaxHeader: int(s.SMTP.MaxHeaderSize), Hostname: s.hostname(),
		Trust: trust, Off: s.off(), HoldLists: bool(s.Causes.MailingList),
		PerHour: int(s.Loop.PerHour), Relays: relays, OnlyRelays: bool(s.SMTP.OnlyRelays),
		Filters: filters,
		Support: ours.Addresses(),
	}
	if ours != nil {
		p.Ours = ours.Accept
	}
	return p, errors.Join(errTrust, errRelays, errOurs, errFilters)
}

// filters are the products that smtp.filter names.
func (s *settings) filters() (all []*policy.Product, err error) {
	for _, name := range s.SMTP.Filter {
		p, e := policy.ParseProduct(name)
		if e != nil {
			err = errors.Join(err, fmt.Errorf("smtp.filter: %w: %s", e, likeProduct(name)))
			continue
		}
		all = append(all, p)
	}
	return all, err
}

// productTable is the section of README.md that has the names of all products.
const productTable = "Behind rspamd, Exchange Online, Google, amavis"

// likeProduct says what somebody meant by a name that no product has, or where they all are.
func likeProduct(name string) string {
	if strings.ContainsAny(name, ",;") {
		return "a space divides names, and nothing else"
	}
	name = strings.ToLower(name)
	var names, longer []string
	for _, p := range policy.Products() {
		names = append(names, p.Name)
		if strings.HasPrefix(p.Name, name) {
			longer = append(longer, p.Name)
		}
	}
	near := closest(name, names)
	if len(longer) == 1 {
		near = longer[0]
	}
	if near != "" && len(name) > 3 { // else it is near to anything
		return fmt.Sprintf("did you mean %q?", near)
	}
	return `README.md has the names, under "` + productTable + `"`
}

// idleFilter warns of a filter whose fields are read in no mail that comes over SMTP, "" if
// there is none.
func (s *settings) idleFilter() string {
	if len(s.SMTP.Filter) == 0 || len(s.SMTP.Relays) > 0 {
		return ""
	}
	return "smtp.filter does nothing for mail that comes over SMTP, since smtp.relays names nobody " +
		"who hands it on"
}

func (s *settings) trust() (policy.Trust, error) {
	trust, err := policy.ParseTrust(s.Auth.Trust)
	if err != nil {
		return trust, fmt.Errorf("auth.trust: %w", err)
	}
	return trust, nil
}

// off are the causes that are switched off.
func (s *settings) off() (off policy.Causes) {
	for c := range policy.EachCause() {
		if c.HasSwitch() && !bool(s.Causes.On[c]) {
			off = off.With(c)
		}
	}
	return off
}

// causeSwitch is the setting that switches a cause off.
func causeSwitch(cause string) string { return "causes." + cause }

// checker asks who a message is from; nil if nobody is asked and the claim is taken. It is
// to be closed.
func (s *settings) checker() *mailauth.Checker {
	if s.takesClaims() {
		return nil
	}
	return s.asking(mailauth.System(s.Auth.Resolver))
}

// asking makes a checker that believes our relays and the sealers of others, and asks the
// resolver for the rest. A name that is none has been refused before.
func (s *settings) asking(r mailauth.Resolver) *mailauth.Checker {
	filters, _ := s.filters()
	sealers, _ := s.sealers()
	return mailauth.New(r, mailauth.Options{AuthservIDs: s.SMTP.AuthservID, Filters: filters,
		Sealers: sealers})
}

// sealers are whose ARC chains count. Below a public suffix anybody can have a name, and seal.
func (s *settings) sealers() ([]message.Domain, error) {
	var domains []message.Domain
	for _, word := range s.Auth.Sealers {
		d, err := message.ParseDomain(word)
		if err != nil {
			return nil, fmt.Errorf("auth.sealers: %q is no domain: write what a forwarder's "+
				"ARC-Seal fields have in d=, such as google.com", word)
		}
		if d.PublicSuffix() {
			return nil, fmt.Errorf("auth.sealers: %q: anybody can have a name below it: write the "+
				"domain of one forwarder, such as google.com", word)
		}
		domains = append(domains, d)
	}
	return domains, nil
}

// takesClaims reports whether nobody but this machine can connect, and no machine of ours
// hands on what comes from elsewhere.
func (s *settings) takesClaims() bool {
	doors := slices.Concat(s.SMTP.Listen, s.SMTP.ListenTLS)
	outside := slices.ContainsFunc(doors, func(address string) bool { return !onLoopback(address) })
	return s.Auth.Loopback == takeClaims && !outside &&
		len(s.SMTP.Relays) == 0 && len(s.SMTP.Proxies) == 0
}

// checkProof checks what has to do with who a message is from.
func (s *settings) checkProof() error {
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
	if _, err := s.filters(); err != nil {
		errs = append(errs, err)
	}
	if _, err := s.sealers(); err != nil {
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
