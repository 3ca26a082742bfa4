package mailauth

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// kinds are the words that may follow a name.
const kinds = "TXT, A, AAAA, MX, PTR, FAIL or TIMEOUT"

// line reads one line.
func (z zone) line(line string) error {
	words, err := splitLine(line)
	if err != nil || len(words) == 0 {
		return err
	}
	name, ok := zoneName(words[0].text)
	if !ok || hasMeaning(name) {
		return fmt.Errorf("%q is no name: write it whole, in ASCII, without %s, and not as a "+
			"wildcard, @ or $ORIGIN", words[0].text, `"(),;<>\`)
	}
	words = afterTTL(words[1:])
	if len(words) == 0 {
		return errors.New("a type is missing after the name: write " + kinds)
	}
	if z[name] == nil {
		z[name] = &records{}
	}
	return z[name].add(name, fold(words[0].text), words[1:])
}

// hasMeaning reports whether a name is for something else in zone files: a wildcard, the
// origin, or $ORIGIN and its like (RFC 1035, section 5.1; RFC 4592).
func hasMeaning(name string) bool {
	first, _, more := strings.Cut(name, ".")
	return first == "*" || !more && (first == "@" || first[0] == '$')
}

// afterTTL passes over a time to live and a class, which say nothing here.
func afterTTL(words []word) []word {
	for len(words) > 0 {
		_, err := strconv.ParseUint(words[0].text, 10, 31)
		if err != nil && fold(words[0].text) != "in" {
			break
		}
		words = words[1:]
	}
	return words
}

// add takes one record.
func (r *records) add(name, kind string, values []word) error {
	switch kind {
	case "txt":
		return r.addText(values)
	case "mx":
		return r.addExchange(values)
	case "fail", "timeout":
		if len(values) > 0 {
			return fmt.Errorf("%q stands after %s: end the line there", values[0].text, kind)
		}
		failure := error(context.DeadlineExceeded)
		if kind == "fail" {
			failure = errors.New("SERVFAIL")
		}
		r.err = bare(name, failure)
		return nil
	}
	if len(values) != 1 {
		return fmt.Errorf("%s has %d values: write one a line", kind, len(values))
	}
	switch kind {
	case "a", "aaaa":
		return r.addAddress(kind, values[0].text)
	case "ptr":
		return r.addName(values[0].text)
	}
	return fmt.Errorf("the type %q is not known: write %s", kind, kinds)
}

func (r *records) addText(values []word) error {
	var text strings.Builder
	for _, v := range values {
		if !v.quoted {
			return fmt.Errorf(`%q stands without quotes: write TXT "..."`, v.text)
		}
		text.WriteString(v.text)
	}
	if len(values) == 0 {
		return errors.New(`TXT has no text: write TXT "..."`)
	}
	r.texts = append(r.texts, text.String())
	return nil
}

func (r *records) addExchange(values []word) error {
	if len(values) != 2 {
		return errors.New("MX has a preference and a host: write MX 10 mx.acme.test")
	}
	preference, err := strconv.ParseUint(values[0].text, 10, 16)
	host, ok := hostname(values[1].text)
	if err != nil || !ok {
		return fmt.Errorf("MX %q %q: write MX 10 mx.acme.test", values[0].text, values[1].text)
	}
	r.exchanges = append(r.exchanges, &net.MX{Host: host + ".", Pref: uint16(preference)})
	return nil
}

func (r *records) addAddress(kind, value string) error {
	ip, err := netip.ParseAddr(value)
	if err != nil || ip.Zone() != "" || ip.Is4() != (kind == "a") {
		return fmt.Errorf("%q is no address for %s: write A 192.0.2.1 or AAAA 2001:db8::1", value, kind)
	}
	r.addresses = append(r.addresses, net.IPAddr{IP: ip.AsSlice()})
	return nil
}

func (r *records) addName(value string) error {
	host, ok := hostname(value)
	if !ok {
		return fmt.Errorf("%q is no host name: write PTR mx.acme.test", value)
	}
	r.names = append(r.names, host+".")
	return nil
}

// A word of a line stands between white space, or between quotes.
type word struct {
	text   string
	quoted bool
}

// splitLine gives the words of a line before any comment.
func splitLine(line string) ([]word, error) {
	var words []word
	for {
		line = strings.TrimLeft(line, " \t\r")
		if line == "" || line[0] == ';' || line[0] == '#' {
			return words, nil
		}
		if line[0] == '"' {
			text, rest, ok := cutQuoted(line[1:])
			if !ok {
				return nil, errors.New(`a quoted string has no end: close it with "`)
			}
			words, line = append(words, word{text, true}), rest
			continue
		}
		end := strings.IndexAny(line, " \t\r;\"")
		if end < 0 {
			end = len(line)
		}
		words, line = append(words, word{line[:end], false}), line[end:]
	}
}

// cutQuoted reads to the closing quote. A backslash makes the next octet stand for itself.
func cutQuoted(s string) (text, rest string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), s[i+1:], true
		case s[i] == '\\' && i+1 < len(s):
			i++
		}
		b.WriteByte(s[i])
	}
	return "", "", false
}
