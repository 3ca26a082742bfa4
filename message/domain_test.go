package message

import (
	"strings"
	"testing"
)

func TestParseDomain(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"acme.test", "acme.test"},
		{"ACME.Test", "acme.test"},
		{"acme.test.", "acme.test"},
		{"a_b.acme.test", "a_b.acme.test"},
		{"localhost", "localhost"},
		{"4u.test", "4u.test"},
		{"bücher.test", "xn--bcher-kva.test"},
		{"Bücher.TEST", "xn--bcher-kva.test"},
		{"XN--BCHER-KVA.test", "xn--bcher-kva.test"},
		{"faß.test", "xn--fa-hia.test"},
		{"例え.test", "xn--r8jz45g.test"},
		{"аcme.test", "xn--cme-5cd.test"}, // a Cyrillic a
		{"xn--ls8h.test", "xn--ls8h.test"},
		{"xn--i-7iq.test", "xn--i-7iq.test"}, // not for RFC 5892, and yet registered
		{"ac--me.test", "ac--me.test"},
		{strings.Repeat("a", 63) + ".test", strings.Repeat("a", 63) + ".test"},
	} {
		got, err := ParseDomain(c.in)
		if err != nil || string(got) != c.want {
			t.Errorf("ParseDomain(%q) = %q, %v; want %q", c.in, got, err, c.want)
		}
	}
}

func TestParseDomainRefuses(t *testing.T) {
	for _, c := range []struct{ in, why string }{
		{"", "no domain"},
		{".", "no domain"},
		{"acme..test", "empty label"},
		{".acme.test", "empty label"},
		{"acme.test..", "empty label"},
		{"*.acme.test", `"*" cannot`},
		{"acme test", `" " cannot`},
		{"acme.test\x00", `"\x00" cannot`},
		{"[192.0.2.1]", `"[" cannot`},
		{"192.0.2.1", "IP address"},
		{"-acme.test", "hyphen"},
		{"acme-.test", "hyphen"},
		{strings.Repeat("a", 64) + ".test", "64 octets"},
		{strings.Repeat("abcdefghi.", 26) + "test", "264 octets"},
		{"BÜCHER.test", "would change"},
		{"ａｃｍｅ.test", "would change"}, // full-width letters
		{"acme。test", "would change"}, // an ideographic full stop
		{"ac\u00adme.test", "would change"},
		{"ac\u200bme.test", "would change"},
		{"\u212aelvin.test", "would change"}, // the Kelvin sign
		{"ac\xffme.test", "not UTF-8"},
		{"ac\u202eme.test", "international"},
		{"xn--.test", "hyphen"},
		{"xn--0.test", "international"},
		{"mail.XN--A.test", "international"},     // a control character
		{"xn--acme-.test", "hyphen"},             // acme
		{"xn--bcher-kva0.test", "international"}, // broken
		{strings.Repeat("漢", 9999) + ".test", "too long"},
		{"ü" + strings.Repeat("a", 58) + ".test", "A-label of 66 octets"},
		{strings.Repeat("漢", 64) + ".test", "too long"},
	} {
		got, err := ParseDomain(c.in)
		if err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("ParseDomain(%q) = %q, %v; want an error with %q", c.in, got, err, c.why)
		}
	}
}

func TestDomainUnicode(t *testing.T) {
	for in, want := range map[Domain]string{
		"acme.test":          "acme.test",
		"xn--bcher-kva.test": "bücher.test",
		"xn--.test":          "xn--.test",
		"xn--acme-.test":     "xn--acme-.test",
	} {
		if got := in.Unicode(); got != want {
			t.Errorf("%q.Unicode() = %q, want %q", in, got, want)
		}
	}
}

func TestDomainParent(t *testing.T) {
	var got []string
	for d := Domain("a.b.test"); d != ""; d = d.Parent() {
		got = append(got, string(d))
	}
	if want := "a.b.test b.test test"; strings.Join(got, " ") != want {
		t.Errorf("the domain and its parents are %q, want %q", got, want)
	}
}

func TestDomainIn(t *testing.T) {
	for _, c := range []struct {
		d, other Domain
		want     bool
	}{
		{"acme.test", "acme.test", true},
		{"mail.acme.test", "acme.test", true},
		{"notacme.test", "acme.test", false},
		{"acme.test", "mail.acme.test", false},
		{"acme.test", "", false},
		{"", "", false},
	} {
		if got := c.d.In(c.other); got != c.want {
			t.Errorf("%q in %q: %v", c.d, c.other, got)
		}
	}
}
