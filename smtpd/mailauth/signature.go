package mailauth

import (
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"time"

	"gatepost/message"
	"gatepost/policy"
)

const signatureField = "DKIM-Signature"

// A signature is a field that signs others: a DKIM-Signature (RFC 6376, section 3.5), or the
// ARC-Message-Signature or ARC-Seal of a hop (RFC 8617, section 4.1).
type signature struct {
	field     int       // its index in the message
	kin       int       // how near its domain is to From's
	names     []string  // h=: what it signs, in ASCII lower case
	covers    []int     // the fields with these names, by index, in the order of the hash
	algorithm string    // of its key: rsa or ed25519
	header    canonical // c=
	body      canonical
	bodyHash  []byte   // bh=
	bodyless  bool     // an ARC-Seal is over fields alone
	length    int64    // l=: octets of the body that it signs, -1 for all
	value     []byte   // b=
	inexact   bool     // i= is below d=
	records   []string // of the key, if it is open and they were answered
	policy.Identity
}

// open reports whether nothing is settled yet.
func (s *signature) open() bool { return s.Result == policy.None }

func (s *signature) settle(r policy.Result, why string) { s.Result, s.Why = r, why }

// keyName is where its key is published (RFC 6376, section 3.6.2.1).
func (s *signature) keyName() string { return s.Selector + "._domainkey." + string(s.Domain) }

// readSignatures finds the signature fields. One that cannot be asked about has its result
// already.
func readSignatures(fields []message.Field, from message.Domain) []*signature {
	var found []*signature
	for i, f := range fields {
		if !f.Is(signatureField) {
			continue
		}
		s := &signature{field: i, kin: -1}
		if err := s.read(f, s.version, s.owner, s.content, s.agent); err != nil {
			s.settle(policy.PermError, why("", err))
		} else {
			s.kin = kinship(s.Domain, from)
		}
		found = append(found, s)
	}
	return found
}

// read takes the tags of a field step by step, or says why nothing can be asked about it.
func (s *signature) read(f message.Field, steps ...func(tags) error) error {
	if len(f.Raw) > maxSigned {
		return errors.New("the field has more than 8,192 octets")
	}
	list, err := readTags(string(f.Raw[f.Colon+1:]))
	for i := 0; err == nil && i < len(steps); i++ {
		err = steps[i](list)
	}
	return err
}

func (s *signature) version(t tags) error {
	if t["v"] != "1" {
		return errors.New("incompatible signature version")
	}
	return nil
}

// owner reads whose the signature is, and by which algorithm. rsa-sha1 does not count
// (RFC 8301, section 3.1).
func (s *signature) owner(t tags) (err error) {
	domain, okDomain := hostname(t["d"])
	selector, okSelector := hostname(t["s"] + "._domainkey")
	parsed, err := message.ParseDomain(domain)
	algorithm, known := strings.CutSuffix(t["a"], "-sha256")
	switch {
	case !okDomain || err != nil:
		return errors.New("d= names no domain")
	case !okSelector:
		return errors.New("s= names no selector")
	}
	s.Domain, s.Selector = parsed, strings.TrimSuffix(selector, "._domainkey")
	if s.algorithm = algorithm; !known || algorithm != "rsa" && algorithm != "ed25519" {
		return errors.New("a= is neither rsa-sha256 nor ed25519-sha256: " + t["a"])
	}
	s.value, err = t.octets("b")
	return err
}

// content reads what is signed, how it is hashed and for how long.
func (s *signature) content(t tags) (err error) {
	if _, there := t["h"]; !there {
		return errors.New("h= is missing")
	}
	s.names = t.names("h")
	if err = s.forms(t); err != nil {
		return err
	}
	if s.length, err = t.number("l"); err != nil {
		return err
	}
	if s.bodyHash, err = t.octets("bh"); err != nil {
		return err
	}
	return lifetime(t)
}

// agent reads what a DKIM-Signature alone has: i=, which is to be within d= (names are
// compared without case, RFC 4343), and how the key is to be asked for. It is to sign From.
func (s *signature) agent(t tags) error {
	if i, there := t["i"]; there {
		i = fold(plain(i))
		domain, own := i[strings.LastIndexByte(i, '@')+1:], fold(t["d"])
		if s.inexact = domain != own; s.inexact && !strings.HasSuffix(domain, "."+own) {
			return errors.New("domain mismatch: i= is not within d=")
		}
	}
	if _, there := t["q"]; there && !slices.Contains(t.names("q"), "dns/txt") {
		return errors.New("unsupported public key query method")
	}
	if !slices.Contains(s.names, "from") {
		return errors.New("the From field is not signed")
	}
	return nil
}

// lifetime reads t= and x=.
func lifetime(t tags) error {
	signed, err := t.number("t")
	if err != nil {
		return err
	}
	expires, err := t.number("x")
	switch {
	case err != nil:
		return err
	case expires < 0:
		return nil
	case time.Now().After(time.Unix(expires, 0)):
		return errors.New("signature has expired")
	case expires <= signed:
		return errors.New("x= is not after t=")
	}
	return nil
}

// forms reads c=, which may be absent. The form of the body is simple unless it is named.
func (s *signature) forms(t tags) error {
	form, there := t["c"]
	if !there {
		return nil
	}
	header, body, both := strings.Cut(form, "/")
	if !both {
		body = "simple"
	}
	for _, name := range []string{header, body} {
		if name != "simple" && name != "relaxed" {
			return errors.New("c= is neither simple nor relaxed: " + form)
		}
	}
	s.header.relaxed, s.body.relaxed = header == "relaxed", body == "relaxed"
	return nil
}

// find finds what a signature covers. One that is spoilt is not asked about.
func (s *signature) find(fields []message.Field) {
	if err := s.spoilt(fields); err != nil {
		s.settle(policy.PermError, why("", err))
		return
	}
	s.covers = pick(fields, s.names, s.field)
}

// pick finds the fields of these names from the bottom up, one for each time that a name
// stands, none where there are no more (RFC 6376, section 5.4.2). A signature cannot be
// over its own field.
func pick(fields []message.Field, names []string, own int) []int {
	left := map[string][]int{}
	for i, f := range fields {
		if i != own {
			name := fold(f.Name())
			left[name] = append(left[name], i)
		}
	}
	var picked []int
	for _, name := range names {
		if all := left[name]; len(all) > 0 {
			picked, left[name] = append(picked, all[len(all)-1]), all[:len(all)-1]
		}
	}
	return picked
}

// sum is the hash that is signed: the fields that are covered, and the signature's own with
// b= empty and without its line end (RFC 6376, section 3.7).
func (s *signature) sum(fields []message.Field) []byte {
	h, line := sha256.New(), []byte(nil)
	for _, i := range s.covers {
		line = append(s.header.appendField(line[:0], fields[i]), '\r', '\n')
		h.Write(line)
	}
	h.Write(s.header.appendField(line[:0], withoutValue(fields[s.field])))
	return h.Sum(nil)
}

// kinship says how near two domains are: the same, one above the other, with how many of
// their last labels alike.
func kinship(d, from message.Domain) int {
	const labels = 128 // more than any domain has
	switch {
	case d == from:
		return 3 * labels
	case d.In(from), from.In(d):
		return 2 * labels
	}
	alike := 0
	for ; d != ""; d = d.Parent() {
		if from.In(d) {
			alike++
		}
	}
	return alike
}
