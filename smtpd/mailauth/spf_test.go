package mailauth

import (
	"net/netip"
	"strings"
	"testing"

	"gatepost/message"
	"gatepost/policy"
)

const spfRecords = `
	acme.test        TXT "v=spf1 ip4:192.0.2.1 -all"
	soft.test        TXT "v=spf1 ~all"
	neutral.test     TXT "v=spf1 ?all"
	empty.test       TXT "v=spf1"
	other.test       TXT "some other text"
	two.test         TXT "v=spf1 -all"
	two.test         TXT "v=spf1 +all"
	odd.test         TXT "v=spf1 unknown:x -all"
	lost.test        FAIL
	slow.test        TIMEOUT
	part.test        TXT "v=spf1 include:lost.test -all"
	mx.test          TXT "v=spf1 mx -all"
	mx.test          MX  10 mail.mx.test
	mail.mx.test     A   192.0.2.1
	six.test         TXT "v=spf1 ip6:2001:db8::/32 -all"
	ptr.test         TXT "v=spf1 ptr -all"
	192.0.2.1        PTR host.ptr.test
	host.ptr.test    A   192.0.2.1
	xn--fiqs8s.test  TXT "v=spf1 ip4:192.0.2.1 -all"
	macro.test       TXT "v=spf1 exists:%{l}.%{d} -all"
	ann.macro.test         A 192.0.2.9
	postmaster.macro.test  A 192.0.2.9
	helo.test        TXT "v=spf1 exists:%{h}.helo.test -all"
	mx.acme.test.helo.test A 192.0.2.9
	[192.0.2.1].helo.test  A 192.0.2.9
	inhelo.test      TXT "v=spf1 include:_h.%{h}.helo.test -all"
	_h.[192.0.2.1].helo.test TXT "v=spf1 ip4:192.0.2.1 -all"
	whole.test       TXT "v=spf1 exists:%{s}._s.%{o} -all"
	bounce+ann=x.test@whole.test._s.whole.test A 192.0.2.9
	bounce+ann=x.test.macro.test A 192.0.2.9
	list-.macro.test A 192.0.2.9
	/g=ann/s=lee/.macro.test A 192.0.2.9
	"a b.macro.test" A 192.0.2.9
	"x y.macro.test" FAIL
`

func TestSPF(t *testing.T) {
	for _, test := range []struct {
		path   string // the reverse-path, or "<>"
		helo   string
		client string
		want   string // result, domain, helo
	}{
		{"ann@acme.test", "mx.acme.test", "192.0.2.1", "pass acme.test"},
		{"ann@ACME.Test.", "mx.acme.test", "192.0.2.1", "pass acme.test"},
		{"ann@acme.test", "mx.acme.test", "192.0.2.2", "fail acme.test"},
		{"ann@acme.test", "mx.acme.test", "::ffff:192.0.2.1", "pass acme.test"},
		{"ann@acme.test", "mx.acme.test", "2001:db8::1", "fail acme.test"},
		{"ann@six.test", "mx.acme.test", "2001:db8::1", "pass six.test"},
		{"ann@soft.test", "mx.acme.test", "192.0.2.1", "softfail soft.test"},
		{"ann@neutral.test", "mx.acme.test", "192.0.2.1", "neutral neutral.test"},
		{"ann@empty.test", "mx.acme.test", "192.0.2.1", "neutral empty.test"},
		{"ann@other.test", "mx.acme.test", "192.0.2.1", "none other.test"},
		{"ann@absent.test", "mx.acme.test", "192.0.2.1", "none absent.test"},
		{"ann@two.test", "mx.acme.test", "192.0.2.1", "permerror two.test"},
		{"ann@odd.test", "mx.acme.test", "192.0.2.1", "permerror odd.test"},
		{"ann@lost.test", "mx.acme.test", "192.0.2.1", "temperror lost.test"},
		{"ann@slow.test", "mx.acme.test", "192.0.2.1", "temperror slow.test"},
		{"ann@part.test", "mx.acme.test", "192.0.2.1", "temperror part.test"},
		{"ann@mx.test", "mx.acme.test", "192.0.2.1", "pass mx.test"},
		{"ann@ptr.test", "mx.acme.test", "192.0.2.1", "pass ptr.test"},
		{"ann@ptr.test", "mx.acme.test", "192.0.2.2", "fail ptr.test"},
		// International domains are asked about by their A-labels.
		{"ann@中国.test", "mx.acme.test", "192.0.2.1", "pass xn--fiqs8s.test"},
		// The domain is what follows the last @, and no local part misleads anybody.
		{"a@forger.test@acme.test", "mx.acme.test", "192.0.2.1", "pass acme.test"},
		{"a@acme.test@two.test", "mx.acme.test", "192.0.2.1", "permerror two.test"},
		{"ann@macro.test", "mx.acme.test", "192.0.2.1", "pass macro.test"},
		{"eve@macro.test", "mx.acme.test", "192.0.2.1", "fail macro.test"},
		{"bounce+Ann=x.test@macro.test", "mx.acme.test", "192.0.2.1", "pass macro.test"},
		{"bounce+eve=x.test@macro.test", "mx.acme.test", "192.0.2.1", "fail macro.test"},
		{"list-@macro.test", "mx.acme.test", "192.0.2.1", "pass macro.test"},
		{"/g=ann/s=lee/@macro.test", "mx.acme.test", "192.0.2.1", "pass macro.test"},
		{"a b@macro.test", "mx.acme.test", "192.0.2.1", "pass macro.test"},
		{"c d@macro.test", "mx.acme.test", "192.0.2.1", "fail macro.test"},
		{"x y@macro.test", "mx.acme.test", "192.0.2.1", "temperror macro.test"},
		{"bounce+ann=x.test@whole.test", "mx.acme.test", "192.0.2.1", "pass whole.test"},
		{"a\x00b@macro.test", "mx.acme.test", "192.0.2.1", "pass macro.test"},
		{`"x@y"@macro.test`, "mx.acme.test", "192.0.2.1", "pass macro.test"},
		{strings.Repeat("x", 65) + "@macro.test", "mx.acme.test", "192.0.2.1", "pass macro.test"},
		{"@macro.test", "mx.acme.test", "192.0.2.1", "pass macro.test"},
		{"ann@helo.test", "mx.acme.test", "192.0.2.1", "pass helo.test"},
		{"ann@helo.test", "[192.0.2.1]", "192.0.2.1", "pass helo.test"},
		{"ann@helo.test", "[192.0.2.2]", "192.0.2.1", "fail helo.test"},
		{"ann@helo.test", "a\x00b", "192.0.2.1", "fail helo.test"},
		{"ann@inhelo.test", "[192.0.2.1]", "192.0.2.1", "pass inhelo.test"},
		{"ann@inhelo.test", "[192.0.2.1]", "192.0.2.2", "fail inhelo.test"},
		{"ann@inhelo.test", "%{d}", "192.0.2.1", "permerror inhelo.test"},
		// A null reverse-path: HELO is asked about.
		{"<>", "ACME.test", "192.0.2.1", "pass acme.test helo"},
		{"<>", "acme.test", "192.0.2.2", "fail acme.test helo"},
		{"<>", "macro.test", "192.0.2.1", "pass macro.test helo"},
		{"<>", "[192.0.2.1]", "192.0.2.1", "none  helo"},
		{"<>", "192.0.2.1", "192.0.2.1", "none  helo"},
		{"<>", "localhost", "192.0.2.1", "none  helo"},
		{"<>", "", "192.0.2.1", "none  helo"},
		// Nothing to ask about.
		{"", "acme.test", "192.0.2.1", "none "},
		{"ann", "acme.test", "192.0.2.1", "none "},
		{"ann@", "acme.test", "192.0.2.1", "none "},
		{"ann@acme.test\x00", "acme.test", "192.0.2.1", "none "},
		{"ann@[192.0.2.1]", "acme.test", "192.0.2.1", "none "},
		{"ann@acme.test", "mx.acme.test", "", "none acme.test"},
	} {
		q := Query{Message: &message.Message{},
			Envelope: &message.Envelope{Helo: test.helo, MailFrom: test.path}}
		if test.path == "<>" {
			q.Envelope.MailFrom, q.Envelope.NullPath = "", true
		}
		q.Hop.Client, _ = netip.ParseAddr(test.client)
		id := checker(t, zoneOf(t, spfRecords)).Check(t.Context(), q).SPF
		got := id.Result.String() + " " + string(id.Domain)
		if id.Helo {
			got += " helo"
		}
		if got != test.want {
			t.Errorf("%.30q from %s: %q, want %q", test.path, test.client, got, test.want)
		}
		erred := id.Result == policy.TempError || id.Result == policy.PermError
		if erred && (id.Why == "" || strings.Contains(id.Why, "127.0.0")) {
			t.Errorf("%.30q: why %q", test.path, id.Why)
		}
	}
}

// Who the client was cannot be told: what its reverse-path names is a stranger's choice.
func TestSPFHiddenClient(t *testing.T) {
	q := queryOf(plainMail)
	q.Hop = policy.Hop{Relayed: true}
	id := checker(t, zoneOf(t, spfRecords)).Check(t.Context(), q).SPF
	if id.Result != policy.None || id.Domain != "acme.test" || id.Why == "" {
		t.Errorf("%+v", id)
	}
}

// Behind a relay a null reverse-path is asked about by what the relay wrote that its client
// said for HELO. The relay's own name says nothing of that client.
func TestSPFNullPathBehindRelay(t *testing.T) {
	for _, test := range []struct{ helo, client, want string }{
		{"acme.test", "192.0.2.1", "pass acme.test"},
		{"acme.test", "203.0.113.66", "fail acme.test"},
		{"evil.test", "192.0.2.1", "none evil.test"},
		{"", "192.0.2.1", "none "},
		{"[192.0.2.1]", "192.0.2.1", "none "},
	} {
		q := queryOf(plainMail)
		q.Envelope = &message.Envelope{Helo: "acme.test", NullPath: true}
		q.Hop = policy.Hop{Relayed: true, Helo: test.helo,
			Client: netip.MustParseAddr(test.client)}
		id := checker(t, zoneOf(t, spfRecords)).Check(t.Context(), q).SPF
		if got := id.Result.String() + " " + string(id.Domain); got != test.want || !id.Helo {
			t.Errorf("%q at %s: %q, want %q", test.helo, test.client, got, test.want)
		}
	}
}

// %{h} is the name that the client gave, not the relay's.
func TestSPFMacroBehindRelay(t *testing.T) {
	q := queryOf(plainMail)
	q.Envelope = &message.Envelope{Helo: "mx.acme.test", MailFrom: "ann@helo.test"}
	q.Hop = policy.Hop{Relayed: true, Client: netip.MustParseAddr("192.0.2.1")}
	for helo, want := range map[string]policy.Result{
		"evil.test": policy.Fail, "mx.acme.test": policy.Pass} {
		q.Hop.Helo = helo
		if id := checker(t, zoneOf(t, spfRecords)).Check(t.Context(), q).SPF; id.Result != want {
			t.Errorf("%s: %s, want %s", helo, id.Result, want)
		}
	}
}
