package message

import (
	"fmt"
	"strings"
	"testing"
)

func TestParseAddress(t *testing.T) {
	for _, c := range []struct{ in, want, local, domain string }{
		{"ann@acme.test", "ann@acme.test", "ann", "acme.test"},
		{"Ann.Lee+x@ACME.test.", "ann.lee+x@acme.test", "ann.lee+x", "acme.test"},
		{`"ann"@acme.test`, "ann@acme.test", "ann", "acme.test"},
		{`"a\nn"@acme.test`, "ann@acme.test", "ann", "acme.test"},
		{`"Ann.Lee"@acme.test`, "ann.lee@acme.test", "ann.lee", "acme.test"},
		{`"Ann@Home"@acme.test`, `"ann@home"@acme.test`, `"ann@home"`, "acme.test"},
		{`"a..b"@acme.test`, `"a..b"@acme.test`, `"a..b"`, "acme.test"},
		{"a..b@acme.test", `"a..b"@acme.test`, `"a..b"`, "acme.test"},
		{"Ann.@acme.test", `"ann."@acme.test`, `"ann."`, "acme.test"},
		{`".ann"@acme.test`, `".ann"@acme.test`, `".ann"`, "acme.test"},
		{".ann@acme.test", `".ann"@acme.test`, `".ann"`, "acme.test"},
		{`"Ann Lee"@acme.test`, `"ann lee"@acme.test`, `"ann lee"`, "acme.test"},
		{"ann@[192.0.2.1]", "ann@[192.0.2.1]", "ann", "[192.0.2.1]"},
		{"ann@[IPv6:2001:DB8::0:1]", "ann@[ipv6:2001:db8::1]", "ann", "[ipv6:2001:db8::1]"},
		{`"a\"b\\"@acme.test`, `"a\"b\\"@acme.test`, `"a\"b\\"`, "acme.test"},
		{"mb/x@acme.test", "mb/x@acme.test", "mb/x", "acme.test"},
		{"a%b@acme.test", "a%b@acme.test", "a%b", "acme.test"},
		{"JÖrg@acme.test", "jÖrg@acme.test", "jÖrg", "acme.test"},
		{"ann@bücher.test", "ann@xn--bcher-kva.test", "ann", "xn--bcher-kva.test"},
		{"\u212aelvin@acme.test", "\u212aelvin@acme.test", "\u212aelvin", "acme.test"},
	} {
		a, err := ParseAddress(c.in)
		if err != nil {
			t.Errorf("ParseAddress(%q): %v", c.in, err)
			continue
		}
		if a.String() != c.want || a.Local() != c.local || string(a.Domain()) != c.domain {
			t.Errorf("ParseAddress(%q) = %q, %q at %q", c.in, a, a.Local(), a.Domain())
		}
	}
}

func TestParseAddressRefuses(t *testing.T) {
	for _, c := range []struct{ in, why string }{
		{"", "no @"},
		{"ann", "no @"},
		{"@acme.test", "nothing before"},
		{"ann@", "no domain"},
		{"ann@@acme.test", "two @"},
		{"ann@home@acme.test", "two @"},
		{"ann lee@acme.test", `" " cannot`},
		{"<ann@acme.test>", `"<" cannot`},
		{"ann@acme.test>", `">" cannot`},
		{"mailto:ann@acme.test", `":" cannot`},
		{"an\x00n@acme.test", `"\x00" cannot`},
		{"an\tn@acme.test", `"\t" cannot`},
		{`" ann"@acme.test`, "begins or ends with a space"},
		{`"ann "@acme.test`, "begins or ends with a space"},
		{"\"an\tn\"@acme.test", `"\t" cannot`},
		{"\"an\rn\"@acme.test", `"\r" cannot`},
		{`""@acme.test`, "empty"},
		{`"ann@acme.test`, "quotation marks"},
		{`"ann"x@acme.test`, "quotation marks"},
		{`a"nn"@acme.test`, `"\"" cannot`},
		{"an\u200bn@acme.test", "cannot be seen"},
		{"an\u202en@acme.test", "cannot be seen"},
		{"an\u0085n@acme.test", "cannot be seen"},
		{"ann\ufe0f@acme.test", "cannot be seen"},
		{"an\u3164n@acme.test", "cannot be seen"},
		{"an\u034fn@acme.test", "cannot be seen"},
		{"\"an\U000e0100,n\"@acme.test", "cannot be seen"},
		{"an\u2800n@acme.test", "cannot be seen"},
		{"ann\u00a0@acme.test", "cannot be seen"},
		{"ann@xn--0.test", "no international label"},
		{"an\xffn@acme.test", "not UTF-8"},
		{"ann＠acme.test", "no @"},
		{"ann@[192.0.2.1", "no IP address"},
		{"ann@[2001:db8::1]", "no IP address"},
		{"ann@[IPv6:192.0.2.1]", "no IP address"},
		{"ann@[IPv6:fe80::1%eth0]", "no IP address"},
		{"ann@[192.0.2.1].test", "no IP address"},
		{"ann@[]", "no IP address"},
		{"ann@[acme.test]", "no IP address"},
		{"ann@192.0.2.1", "IP address"},
		{strings.Repeat("a", 250) + "@acme.test", "260 octets"},
	} {
		a, err := ParseAddress(c.in)
		if err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("ParseAddress(%q) = %q, %v; want an error with %q", c.in, a, err, c.why)
		}
		if !a.IsZero() {
			t.Errorf("ParseAddress(%q) gives %q beside its error", c.in, a)
		}
	}
}

func TestAddressIsComparable(t *testing.T) {
	a, _ := ParseAddress("ann@acme.test")
	b, _ := ParseAddress(`"ANN"@Acme.TEST.`)
	if a != b {
		t.Errorf("%q and %q are one mailbox", a, b)
	}
	if zero := (Address{}); !zero.IsZero() || zero.Domain() != "" || zero.Local() != "" {
		t.Error("the zero address is not none")
	}
}

func TestMustParseAddress(t *testing.T) {
	if a := MustParseAddress("Ann@Acme.test"); a.String() != "ann@acme.test" {
		t.Error(a)
	}
	defer func() {
		if p := fmt.Sprint(recover()); !strings.Contains(p, `"ann"`) {
			t.Errorf("panic: %v", p)
		}
	}()
	MustParseAddress("ann")
}
