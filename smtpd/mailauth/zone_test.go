package mailauth

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/foxcpp/go-mockdns"
	"github.com/google/go-cmp/cmp"

	"gatepost/policy"
)

// look asks a resolver everything about a name, in words.
func look(r Resolver, name string) string {
	var all []string
	add := func(kind string, values any, err error) {
		dns, _ := err.(*net.DNSError)
		switch {
		case err == nil:
			all = append(all, fmt.Sprintf("%s %v", kind, values))
		case dns == nil || dns.IsNotFound == dns.IsTemporary:
			all = append(all, fmt.Sprintf("%s %T %v", kind, err, err))
		case dns.IsTemporary:
			all = append(all, kind+" temporary")
		}
	}
	ctx := context.Background()
	texts, err := r.LookupTXT(ctx, name)
	add("TXT", texts, err)
	exchanges, err := r.LookupMX(ctx, name)
	var hosts []string
	for _, mx := range exchanges {
		hosts = append(hosts, fmt.Sprint(mx.Pref, " ", mx.Host))
	}
	add("MX", hosts, err)
	addresses, err := r.LookupIPAddr(ctx, name)
	add("A", addresses, err)
	names, err := r.LookupAddr(ctx, name)
	add("PTR", names, err)
	return strings.Join(all, "; ")
}

func TestReadZone(t *testing.T) {
	r := zoneOf(t, `
# a comment; and another
acme.test TXT "v=spf1 -all" ; after a record
ACME.test. 3600 IN TXT "two " "strings; # \"with\" \\ "	# all sorts
acme.test IN 60 MX 10 mx.acme.test.
acme.test mx 20 MX2.acme.test
mx.acme.test A 192.0.2.1
mx.acme.test AAAA 2001:db8::1
192.0.2.1 PTR mx.acme.test
2.2.0.192.in-addr.arpa PTR mx2.acme.test
1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa PTR six.acme.test
broken.test FAIL
slow.test timeout ; at once
192.0.2.9 FAIL
Bounce+Ann=x.test._u.acme.test A 192.0.2.3
[192.0.2.1]._h.acme.test TXT "v=spf1 +all"
"a b%20@$c'd._u.acme.test" A 192.0.2.4
*a.acme.test A 192.0.2.5
"#1.acme.test" A 192.0.2.6
`)
	const acme = `TXT [v=spf1 -all two strings; # "with" \ ]; MX [10 mx.acme.test. 20 mx2.acme.test.]`
	for name, want := range map[string]string{
		"acme.test":                       acme,
		"Acme.Test.":                      acme,
		"mx.acme.test":                    "A [{192.0.2.1 } {2001:db8::1 }]",
		"192.0.2.1":                       "PTR [mx.acme.test.]",
		"::ffff:192.0.2.1":                "PTR [mx.acme.test.]",
		"192.0.2.2":                       "PTR [mx2.acme.test.]",
		"2001:db8::1":                     "PTR [six.acme.test.]",
		"broken.test":                     "TXT temporary; MX temporary; A temporary; PTR temporary",
		"slow.test":                       "TXT temporary; MX temporary; A temporary; PTR temporary",
		"192.0.2.9":                       "TXT temporary; MX temporary; A temporary; PTR temporary",
		"bounce+ann=x.test._U.acme.test.": "A [{192.0.2.3 }]",
		"[192.0.2.1]._h.acme.test":        "TXT [v=spf1 +all]",
		"a b%20@$c'd._u.acme.test":        "A [{192.0.2.4 }]",
		"*a.acme.test":                    "A [{192.0.2.5 }]",
		"#1.acme.test":                    "A [{192.0.2.6 }]",
		"*.acme.test":                     "",
		"test":                            "",
		"b.acme.test":                     "",
		"a b":                             "",
		"":                                "",
	} {
		if diff := cmp.Diff(want, look(r, name)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestReadZoneErrors(t *testing.T) {
	const noKind = "a type is missing after the name: write " + kinds
	const noName = ` is no name: write it whole, in ASCII, without "(),;<>\, and not as a ` +
		"wildcard, @ or $ORIGIN"
	for _, test := range []struct{ line, want string }{
		{"acme.test", noKind},
		{"acme.test 60 IN", noKind},
		{"acme.test SRV x",
			`the type "srv" is not known: write TXT, A, AAAA, MX, PTR, FAIL or TIMEOUT`},
		{"acme.test TXT v=spf1 -all", `"v=spf1" stands without quotes: write TXT "..."`},
		{"acme.test TXT", `TXT has no text: write TXT "..."`},
		{`acme.test TXT "open`, `a quoted string has no end: close it with "`},
		{`acme.test TXT "open\"`, `a quoted string has no end: close it with "`},
		{"acme.test A 2001:db8::1",
			`"2001:db8::1" is no address for a: write A 192.0.2.1 or AAAA 2001:db8::1`},
		{"acme.test AAAA 192.0.2.1",
			`"192.0.2.1" is no address for aaaa: write A 192.0.2.1 or AAAA 2001:db8::1`},
		{"acme.test AAAA fe80::1%eth0",
			`"fe80::1%eth0" is no address for aaaa: write A 192.0.2.1 or AAAA 2001:db8::1`},
		{"acme.test A 192.0.2.1 2", "a has 2 values: write one a line"},
		{"acme.test A", "a has 0 values: write one a line"},
		{"acme.test MX mx.acme.test",
			"MX has a preference and a host: write MX 10 mx.acme.test"},
		{"acme.test MX 99999 mx.test", `MX "99999" "mx.test": write MX 10 mx.acme.test`},
		{"acme.test MX 10 a..b", `MX "10" "a..b": write MX 10 mx.acme.test`},
		{"192.0.2.1 PTR a/b", `"a/b" is no host name: write PTR mx.acme.test`},
		{"acme.test FAIL always", `"always" stands after fail: end the line there`},
		{"*.acme.test A 192.0.2.1", `"*.acme.test"` + noName},
		{"* A 192.0.2.1", `"*"` + noName},
		{"@ A 192.0.2.1", `"@"` + noName},
		{"$ORIGIN acme.test.", `"$ORIGIN"` + noName},
		{"a\x1bb.test A 192.0.2.1", `"a\x1bb.test"` + noName},
		{"a\\.b.test A 192.0.2.1", `"a\\.b.test"` + noName},
		{`"a\"b.test" A 192.0.2.1`, `"a\"b.test"` + noName},
		{"á.test A 192.0.2.1", `"á.test"` + noName},
		{"a+b.test.1 A 192.0.2.1", `"a+b.test.1"` + noName},
		{"acme.test MX 10 a+b.test", `MX "10" "a+b.test": write MX 10 mx.acme.test`},
	} {
		_, err := ReadZone(strings.NewReader("\n" + test.line))
		if got := fmt.Sprint(err); got != "line 2: "+test.want {
			t.Errorf("%q: %s", test.line, got)
		}
	}
	if _, err := ReadZone(iotest.ErrReader(io.ErrUnexpectedEOF)); err == nil {
		t.Error("no error")
	}
	if _, err := ReadZone(strings.NewReader(strings.Repeat("x", maxLine+1))); err == nil {
		t.Error("a line without end was read")
	}
}

// A real name server on loopback, asked by the real resolver.
func TestSystem(t *testing.T) {
	long := strings.Repeat("x", 850)
	server, err := mockdns.NewServerWithLogger(map[string]mockdns.Zone{
		"acme.test.": {TXT: []string{"v=spf1 mx -all", long},
			MX: []net.MX{{Host: "mx.acme.test.", Pref: 10}}},
		"mx.acme.test.":           {A: []string{"192.0.2.1"}, AAAA: []string{"2001:db8::1"}},
		"1.2.0.192.in-addr.arpa.": {PTR: []string{"mx.acme.test."}},
		"_dmarc.acme.test.":       {TXT: []string{"v=DMARC1; p=reject"}},
		"broken.test.":            {Err: &net.DNSError{IsTemporary: true}},
	}, log.New(io.Discard, "", 0), true)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	r := System(server.LocalAddr().String())
	c := newCache(r)
	defer c.close()
	for name, want := range map[string]string{
		"acme.test":   "TXT [v=spf1 mx -all " + long + "]; MX [10 mx.acme.test.]",
		"192.0.2.1":   "PTR [mx.acme.test.]",
		"absent.test": "",
		"broken.test": "TXT temporary; MX temporary; A temporary",
	} {
		if diff := cmp.Diff(want, look(c, name)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	a := checker(t, r).Check(t.Context(), queryOf(plainMail))
	if a.SPF.Result != policy.Pass || a.DMARC.Demand != policy.DemandReject {
		t.Errorf("%+v", a)
	}
	if _, ok := System("").(rooted); !ok {
		t.Error("the system's resolver would complete names")
	}
}
