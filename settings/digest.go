package settings

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"gatepost/message"
)

// Digest says who is told of what is held, and when.
type Digest struct {
	To         Words  `toml:"to"`
	Every      Span   `toml:"every"`
	TimeZone   string `toml:"time_zone"`
	From       string `toml:"from"`
	Links      string `toml:"links"`
	WarnBefore Span   `toml:"warn_before"`
	QuietAfter Span   `toml:"quiet_after"`
	ReplyToken Toggle `toml:"reply_token"`
}

// The events of a target that are about no message.
const (
	digestEvent = "digest.made"
	quietEvent  = "mail.quiet"
)

// leastDigest is how often nobody wants to be told, and leastQuiet how long nothing may come
// anywhere.
const (
	leastDigest = Span(10 * time.Minute)
	leastQuiet  = Span(10 * time.Minute)
)

// A Person gets digests.
type Person struct {
	Address string
	Zone    *time.Location
}

// People are who gets digests.
func (d *Digest) People() (all []Person, err error) {
	own, err := time.LoadLocation(d.TimeZone)
	if err != nil || d.TimeZone == "Local" {
		return nil, fmt.Errorf("time_zone: %q is none: write one such as Europe/Berlin, or UTC",
			d.TimeZone)
	}
	var errs []error
	for _, entry := range d.To {
		address, zone, other := entry, own, ""
		if at := strings.LastIndexByte(entry, '='); at > strings.LastIndexByte(entry, '@') {
			address, other = entry[:at], entry[at+1:]
		}
		if _, err := message.ParseAddress(address); err != nil {
			errs = append(errs, fmt.Errorf("to: %q: %w: write ann@example.com, or "+
				"ann@example.com=Europe/Berlin", entry, err))
		}
		if other != "" {
			if zone, err = time.LoadLocation(other); err != nil || other == "Local" {
				errs = append(errs, fmt.Errorf("to: %q: there is no time zone %q: write one such as "+
					"Europe/Berlin", entry, other))
			}
		}
		all = append(all, Person{address, zone})
	}
	return all, errors.Join(errs...)
}

// DigestFrom is the author of digests.
func (s *Settings) DigestFrom() string {
	if s.Digest.From != "" {
		return s.Digest.From
	}
	return "gatepost@" + s.Hostname()
}

// DigestLinks is where people reach the console, without a slash at the end.
func (s *Settings) DigestLinks() string { return strings.TrimRight(s.Digest.Links, "/") }

// checkDigest finds what would keep people from being told, or what they are told from ending.
func (s *Settings) checkDigest() error {
	var errs []error
	wrong := func(bad bool, key, reason string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf("digest."+key+": "+reason, args...))
		}
	}
	d := &s.Digest
	people, err := d.People()
	if err != nil {
		errs = append(errs, Below("digest", err))
	}
	_, err = message.ParseAddress(s.DigestFrom())
	wrong(err != nil, "from", "%q: %v: write an address such as gatepost@example.com",
		s.DigestFrom(), err)
	u, err := url.Parse(d.Links)
	wrong(d.Links != "" && (err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" ||
		u.RawQuery != "" || u.Fragment != ""), "links",
		"%q is no address of a page: write it as in https://gatepost.example.com", d.Links)
	wrong(d.Every < leastDigest, "every", "%s at least: nobody reads as fast", leastDigest)
	wrong(d.WarnBefore != 0 && d.WarnBefore < d.Every, "warn_before",
		"%s is less than digest.every: a message could expire between two digests", d.WarnBefore)
	wrong(d.QuietAfter != 0 && d.QuietAfter < leastQuiet, "quiet_after",
		"%s at least, or 0s: mail comes when it comes", leastQuiet)
	wrong(bool(d.ReplyToken) && !s.TakesTokens(), "reply_token",
		"no reply would be known by it: set replies.tokens = %q", TokensAccept)
	carry := s.targetsOf(digestEvent)
	wrong(len(d.To) > 0 && len(carry) == 0, "to", "no target carries it: give one of the kind smtp "+
		"%q among its events", digestEvent)
	wrong(len(carry) > 1, "to", "%s carry it, and everybody would get it twice: take %q out of the "+
		"events of all but one", strings.Join(carry, ", "), digestEvent)
	return errors.Join(append(errs, s.checkReaders(people))...)
}

// checkReaders refuses people whose mail comes here: a digest would be held, and told of.
func (s *Settings) checkReaders(people []Person) error {
	ours, err := s.Recipients()
	if ours == nil || err != nil {
		return nil
	}
	var errs []error
	for _, p := range people {
		if a, err := message.ParseAddress(p.Address); err == nil && ours.Accept(a) {
			errs = append(errs, fmt.Errorf("digest.to: %s is one of smtp.recipients: the digest would come "+
				"back here; name a mailbox of a person", p.Address))
		}
	}
	return errors.Join(errs...)
}

// targetsOf are the targets that are told of an event.
func (s *Settings) targetsOf(event string) (names []string) {
	for _, name := range slices.Sorted(maps.Keys(s.Handoff)) {
		if slices.Contains(s.Handoff[name].Events, event) {
			names = append(names, name)
		}
	}
	return names
}
