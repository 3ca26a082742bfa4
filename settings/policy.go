package settings

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"gatepost/message"
	"gatepost/policy"
)

// Policy is what the settings say to the rules.
func (s *Settings) Policy() (policy.Settings, error) {
	trust, errTrust := s.trust()
	relays, errRelays := s.Relays()
	ours, errOurs := s.Recipients()
	filters, errFilters := s.Filters()
	unscanned, errUnscanned := s.unscanned()
	p := policy.Settings{
		MaxHeader: int(s.SMTP.MaxHeaderSize), Hostname: s.Hostname(),
		Trust: trust, Off: s.off(), HoldLists: bool(s.Causes.MailingList),
		PerHour: int(s.Rate.PerHour), Relays: relays, OnlyRelays: bool(s.SMTP.OnlyRelays),
		Filters: filters, Unscanned: unscanned,
		Support: ours.Addresses(), AskToken: s.Replies.Tokens == TokensRequire,
	}
	if ours != nil {
		p.Ours = ours.Accept
	}
	return p, errors.Join(errTrust, errRelays, errOurs, errFilters, errUnscanned)
}

// ByCause is how long what is held for some causes is kept.
func (s *Suspended) ByCause() (map[policy.Cause]time.Duration, error) {
	spans := map[policy.Cause]time.Duration{}
	var errs []error
	for _, word := range s.KeepCauses {
		name, text, _ := strings.Cut(word, "=")
		cause, known := policy.ParseCause(name)
		var span Span
		err := span.UnmarshalText([]byte(text))
		_, twice := spans[cause]
		switch {
		case !known:
			errs = append(errs, fmt.Errorf("keep_causes: %q: %q is no cause%s: write one such as spam=3d",
				word, name, likeCause(name)))
			continue
		case err != nil:
			errs = append(errs, fmt.Errorf("keep_causes: %q: %w", word, err))
		case span < leastKept:
			errs = append(errs, fmt.Errorf("keep_causes: %q: %s at least: held mail would be lost", word,
				leastKept))
		case twice:
			errs = append(errs, fmt.Errorf("keep_causes: %q: %s is there twice: leave one", word, name))
		}
		spans[cause] = time.Duration(span)
	}
	return spans, errors.Join(errs...)
}

// leastKept is the least time for which anything is held.
const leastKept = Span(time.Minute)

// leastHandedOff is the least time for which a ticket is kept once it was handed on: senders that
// did not hear our answer send a message again for days (RFC 5321, section 4.5.4.1).
const leastHandedOff = Span(7 * 24 * time.Hour)

// likeCause asks for what somebody meant by a name that no cause has.
func likeCause(name string) string {
	var names []string
	for c := range policy.EachCause() {
		names = append(names, c.String())
	}
	if near := closest(name, names); near != "" {
		return fmt.Sprintf(" (did you mean %q?)", near)
	}
	return ""
}

// Filters are the products that smtp.filter names.
func (s *Settings) Filters() (all []*policy.Product, err error) {
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

// productTable is the section of docs/relays.md that has the names of all products.
const productTable = "What is known"

// likeProduct says what somebody meant by a name that no product has, or where they all are.
func likeProduct(name string) string {
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
	return `docs/relays.md has the names, under "` + productTable + `"`
}

// IdleFilter warns of a filter whose fields are read in no mail that comes over SMTP, "" if
// there is none.
func (s *Settings) IdleFilter() string {
	if len(s.SMTP.Filter) == 0 || len(s.SMTP.Relays) > 0 {
		return ""
	}
	return "smtp.filter does nothing for mail that comes over SMTP, since smtp.relays names nobody " +
		"who hands it on"
}

func (s *Settings) trust() (policy.Trust, error) {
	trust, err := policy.ParseTrust(s.Auth.Trust)
	if err != nil {
		return trust, fmt.Errorf("auth.trust: %w", err)
	}
	return trust, nil
}

// off are the causes that are switched off.
func (s *Settings) off() (off policy.Causes) {
	for c := range policy.EachCause() {
		if c.HasSwitch() && !bool(s.Causes.On[c]) {
			off = off.With(c)
		}
	}
	return off
}

// CauseSwitch is the setting that switches a cause off.
func CauseSwitch(cause string) string { return "causes." + cause }

// Sealers are whose ARC chains count. Below a public suffix anybody can have a name, and seal.
func (s *Settings) Sealers() ([]message.Domain, error) {
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
