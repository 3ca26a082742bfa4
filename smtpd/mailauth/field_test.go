package mailauth

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"gatepost/message"
	"gatepost/policy"
)

func TestField(t *testing.T) {
	full := &policy.Authentication{
		SPF: policy.Identity{Result: policy.Pass, Domain: "acme.test"},
		DKIM: []policy.Identity{
			{Result: policy.Pass, Domain: "acme.test", Selector: "sel"},
			{Result: policy.PermError, Why: "its tags cannot be read"}},
	}
	theirs := policy.Identity{Result: policy.Pass, Domain: "acme.test", Told: true, Why: asRelay}
	odd := policy.Identity{Result: policy.Pass, Domain: "acme.test", Told: true, Why: "as other relay says"}
	for _, test := range []struct {
		a       *policy.Authentication
		from    message.Domain
		verdict policy.Result
		want    string
	}{
		{nil, "acme.test", policy.None, "; none"},
		{full, "acme.test", policy.Pass, "; spf=pass smtp.mailfrom=acme.test;" +
			" dkim=pass header.d=acme.test header.s=sel; dkim=permerror; dmarc=pass header.from=acme.test"},
		{&policy.Authentication{SPF: policy.Identity{Helo: true, Domain: "mx.acme.test"}}, "",
			policy.TempError, "; spf=none smtp.helo=mx.acme.test; dkim=none; dmarc=temperror"},
		// Behind a relay: all is its, one or the other is ours, or all is.
		{&policy.Authentication{Relay: "mx.relay.test", SPF: theirs, DKIM: []policy.Identity{theirs}},
			"acme.test", policy.Fail,
			`; dmarc=fail reason="as mx.relay.test says" header.from=acme.test`},
		{&policy.Authentication{Relay: "mx.relay.test", SPF: theirs, DKIM: full.DKIM[:1]},
			"acme.test", policy.Pass, "; dkim=pass header.d=acme.test header.s=sel;" +
				` dmarc=pass reason="as mx.relay.test says" header.from=acme.test`},
		{&policy.Authentication{Relay: "mx.relay.test", SPF: full.SPF, DKIM: []policy.Identity{theirs}},
			"acme.test", policy.Pass, "; spf=pass smtp.mailfrom=acme.test;" +
				` dmarc=pass reason="as mx.relay.test says" header.from=acme.test`},
		{&policy.Authentication{Relay: "mx.relay.test", SPF: full.SPF, Said: policy.Fail},
			"acme.test", policy.Fail, "; spf=pass smtp.mailfrom=acme.test;" +
				` dmarc=fail reason="as mx.relay.test says" header.from=acme.test`},
		{&policy.Authentication{Relay: "mx.relay.test", SPF: full.SPF}, "acme.test", policy.Pass,
			"; spf=pass smtp.mailfrom=acme.test; dmarc=pass header.from=acme.test"},
		// A chain of ARC that holds, one that does not, and one that nobody asked about.
		{&policy.Authentication{SPF: full.SPF, ARC: policy.Chain{Result: policy.Pass,
			Sealer: "list.test", Author: "acme.test"}}, "acme.test", policy.Pass,
			"; spf=pass smtp.mailfrom=acme.test; dkim=none; arc=pass;" +
				` dmarc=pass reason="ARC sealed by list.test" header.from=acme.test`},
		{&policy.Authentication{SPF: full.SPF, ARC: policy.Chain{Result: policy.Fail,
			Sealer: "list.test"}}, "acme.test", policy.Fail, "; spf=pass smtp.mailfrom=acme.test; dkim=none; arc=fail;" +
			" dmarc=fail header.from=acme.test"},
		{&policy.Authentication{SPF: full.SPF, ARC: policy.Chain{Sealer: "evil.test", Why: "x"}},
			"acme.test", policy.Fail, "; spf=pass smtp.mailfrom=acme.test; dkim=none;" +
				" dmarc=fail header.from=acme.test"},
		{&policy.Authentication{Relay: "other relay", SPF: odd}, "acme.test", policy.None,
			"; dmarc=none header.from=acme.test"},
	} {
		got := Field("MX.Ours.test", test.a, test.from, test.verdict)
		if want := "Authentication-Results: mx.ours.test" + test.want; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if _, err := readResults(strings.TrimPrefix(got, resultsField+":")); err != nil {
			t.Errorf("%s: %v", got, err)
		}
	}
	if got := Field("not a host", nil, "", policy.None); got != resultsField+": localhost; none" {
		t.Error(got)
	}
}

// Whatever strangers write, the field has one line, is read again, and says no more than it
// was told.
func TestFieldHoldsNothingForeign(t *testing.T) {
	evil := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
		"acme.test; dmarc=pass", "a\r\nFrom: x", "a\x00b", `a"b`, "a(b", "a\\", "sel dkim=pass", "a=b"}))
	rapid.Check(t, func(t *rapid.T) {
		a := &policy.Authentication{
			Relay: rapid.SampledFrom([]string{"", evil.Draw(t, "relay")}).Draw(t, "relayed"),
			SPF: policy.Identity{Domain: message.Domain(evil.Draw(t, "spf")),
				Helo: rapid.Bool().Draw(t, "helo"),
				Why:  evil.Draw(t, "why")},
			DKIM: []policy.Identity{{Result: policy.Fail, Domain: message.Domain(evil.Draw(t, "d")),
				Selector: evil.Draw(t, "s")}},
			ARC: policy.Chain{Sealer: message.Domain(evil.Draw(t, "sealer")),
				Result: rapid.SampledFrom([]policy.Result{
					policy.None, policy.Fail, policy.Neutral}).Draw(t, "arc")},
		}
		host := evil.Draw(t, "host")
		got := Field(host, a, message.Domain(evil.Draw(t, "from")), policy.Fail)
		if strings.ContainsAny(got, "\r\n\x00") {
			t.Fatalf("%q", got)
		}
		r, err := readResults(strings.TrimPrefix(got, resultsField+":"))
		if err != nil {
			t.Fatalf("%q: %v", got, err)
		}
		for _, f := range r.all {
			if f.result == "pass" {
				t.Fatalf("%q", got)
			}
		}
	})
}
