package mailauth

import (
	"slices"
	"strings"

	"gatepost/message"
	"gatepost/policy"
)

const signatureField = "DKIM-Signature"

// A signature is one DKIM-Signature field.
type signature struct {
	field int      // its index in the message
	kin   int      // how near its domain is to From's
	key   []string // the key records, if it is open and they were answered
	policy.Identity
}

// open reports whether nothing is settled yet.
func (s *signature) open() bool { return s.Result == policy.None }

func (s *signature) settle(r policy.Result, why string) { s.Result, s.Why = r, why }

// keyName is where its key is published (RFC 6376, section 3.6.2.1).
func (s *signature) keyName() string { return s.Selector + "._domainkey." + string(s.Domain) }

// readSignatures finds the signature fields. One that could not be asked about has its
// result already.
func readSignatures(fields []message.Field, from message.Domain) []signature {
	var found []signature
	twice := standsTwice(fields)
	for i, f := range fields {
		if !f.Is(signatureField) {
			continue
		}
		s := signature{field: i, kin: -1}
		if len(f.Raw) > maxSigned {
			s.Why = "the field has more than 8,192 octets"
		} else {
			s.read(f.Value())
		}
		if s.Why == "" {
			s.kin, s.Why = kinship(s.Domain, from), twice
		}
		if s.Why != "" {
			s.Result = policy.PermError
		}
		found = append(found, s)
	}
	return found
}

// read takes the domain and selector of a signature (RFC 6376, section 3.5), or says why
// they cannot be asked about. It reads tags as the library does, and takes no more.
func (s *signature) read(value string) {
	tags, ok := readTags(value)
	if !ok {
		s.Why = "its tags cannot be read"
		return
	}
	domain, okDomain := hostname(tags["d"])
	selector, okSelector := hostname(tags["s"] + "._domainkey")
	parsed, err := message.ParseDomain(domain)
	switch {
	case !okDomain || err != nil:
		s.Why = "d= names no domain"
	case !okSelector:
		s.Why = "s= names no selector"
	case strings.Count(tags["h"], ":") >= maxNames:
		s.Why = "h= names more than 250 fields"
	default:
		s.Domain, s.Selector = parsed, strings.TrimSuffix(selector, "._domainkey")
	}
}

// once are the fields that stand once at most (RFC 5322, section 3.6; RFC 2045, section 4).
// Those that begin with Content- are, too.
var once = [...]string{
	"from", "sender", "reply-to", "to", "cc", "bcc", "subject", "date", "message-id",
	"in-reply-to", "references", "mime-version",
}

// standsTwice says which field stands twice that may stand once, "" if none does. Of several
// a signature covers the lowest and readers show the first: whoever has a signed message
// puts fields of his own in front of it (RFC 6376, section 8.15).
func standsTwice(fields []message.Field) string {
	seen := map[string]bool{}
	for _, f := range fields {
		name := fold(f.Name())
		if !slices.Contains(once[:], name) && !strings.HasPrefix(name, "content-") {
			continue
		}
		if seen[name] {
			return clean(f.Name()) + " stands twice"
		}
		seen[name] = true
	}
	return ""
}

// readTags reads a list of tags (RFC 6376, section 3.2). White space within the values is
// taken out; a tag that stands twice spoils the list.
func readTags(value string) (tags map[string]string, ok bool) {
	tags = map[string]string{}
	for part := range strings.SplitSeq(value, ";") {
		name, tag, ok := strings.Cut(part, "=")
		name = strings.Trim(name, " \t\r\n")
		if _, twice := tags[name]; twice || !ok && name != "" {
			return nil, false
		}
		if ok {
			tags[name] = strings.Join(strings.FieldsFunc(tag, isSpace), "")
		}
	}
	return tags, true
}

func isSpace(r rune) bool { return r == ' ' || r == '\t' || r == '\r' || r == '\n' }

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
