package mailauth

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatepost/message"
	"gatepost/policy"
)

func TestReadRecord(t *testing.T) {
	const none, quarantine, reject = policy.DemandNone, policy.DemandQuarantine, policy.DemandReject
	plain := published{demand: reject, subdomains: reject, missing: reject, suffix: 'u'}
	for text, want := range map[string]published{
		"v=DMARC1; p=reject":        plain,
		"v=DMARC1;p=reject;":        plain,
		"v = DMARC1 ; p = reject ;": plain,
		"v=DMARC1\t;\tp=reject\t":   plain,
		"v=DMARC1; P=Reject":        plain,
		"v=DMARC1; rua=mailto:a@acme.test; x=y; fo=x; rf=iodef; pct=0; p=reject": plain,
		"v=DMARC1; word; =x; ; p=reject":                                         plain,
		"v=DMARC1; p=reject; p=none":                                             plain,
		"v=DMARC1; p=reject; adkim=r; aspf=r; t=n; psd=u":                        plain,
		"v=DMARC1; p=reject; adkim=x; aspf=; t=maybe; psd=x":                     plain,

		"v=DMARC1":                            {suffix: 'u', void: true},
		"v=DMARC1; p=":                        {suffix: 'u', void: true},
		"v=DMARC1; p=block":                   {suffix: 'u', void: true},
		"v=DMARC1; p=block; rua=":             {suffix: 'u', void: true},
		"v=DMARC1; p=block; rua=me":           {suffix: 'u', void: true},
		"v=DMARC1; p=block; rua=mailto:":      {suffix: 'u', void: true},
		"v=DMARC1; rua=mailto:a@acme.test":    {suffix: 'u'},
		"v=DMARC1; p=x; rua=me, MAILTO:a@b!9": {suffix: 'u'},
		"v=DMARC1; p=reject; sp=block":        {suffix: 'u'},
		"v=DMARC1; p=reject; np=":             {suffix: 'u'},
		"v=DMARC1; sp=reject":                 {suffix: 'u', void: true},
		"v=DMARC1; p=none; sp=reject":         {demand: none, subdomains: reject, missing: reject, suffix: 'u'},
		"v=DMARC1; np=none; sp=quarantine; p=reject": {demand: reject, subdomains: quarantine,
			missing: none, suffix: 'u'},
		"v=DMARC1; p=none; np=reject": {demand: none, subdomains: none, missing: reject, suffix: 'u'},
		"v=DMARC1; p=none; aspf=s":    {strictSPF: true, suffix: 'u'},
		"v=DMARC1; p=none; ADKIM=S":   {strictDKIM: true, suffix: 'u'},
		"v=DMARC1; p=none; t=y":       {testing: true, suffix: 'u'},
		"v=DMARC1; p=none; psd=y":     {suffix: 'y'},
		"v=DMARC1; p=none; psd=N":     {suffix: 'n'},
	} {
		if got, ok := readRecord(text); !ok || got != want {
			t.Errorf("%q: %+v %v, want %+v", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "v", "v=", "v=DMARC2; p=reject", "v=dmarc1; p=reject",
		"V=DMARC1; p=reject", " v=DMARC1; p=reject", "p=reject; v=DMARC1", "v=DMARC1 p=reject",
		"v=DMARC11; p=reject", "v=spf1 -all", "; v=DMARC1; p=reject", "v=DMARC1=x; p=reject"} {
		if got, ok := readRecord(text); ok {
			t.Errorf("%q: %+v", text, got)
		}
	}
}

// What a record asks of mail from a domain, its subdomains, and those that do not exist.
func TestDemand(t *testing.T) {
	const records = `
		there.acme.test   A   192.0.2.1
		mail.acme.test    MX  10 there.acme.test
		text.acme.test    TXT "hello"
		lost.acme.test    FAIL
	`
	const r, q, n = policy.DemandReject, policy.DemandQuarantine, policy.DemandNone
	for _, test := range []struct {
		tags string
		want map[message.Domain]policy.Demand
	}{
		{"p=reject", map[message.Domain]policy.Demand{"acme.test": r, "there.acme.test": r,
			"not.acme.test": r, "lost.acme.test": r}},
		{"p=none; sp=reject", map[message.Domain]policy.Demand{"acme.test": n,
			"there.acme.test": r, "not.acme.test": r, "lost.acme.test": r}},
		{"p=none; np=reject", map[message.Domain]policy.Demand{"acme.test": n, "lost.acme.test": r,
			"there.acme.test": n, "mail.acme.test": n, "text.acme.test": n, "not.acme.test": r}},
		{"p=quarantine; sp=none; np=reject", map[message.Domain]policy.Demand{"acme.test": q,
			"there.acme.test": n, "not.acme.test": r}},
		{"p=reject; sp=quarantine; np=none; t=y", map[message.Domain]policy.Demand{
			"acme.test": q, "there.acme.test": n, "not.acme.test": n}},
		{"p=quarantine; t=y", map[message.Domain]policy.Demand{"acme.test": n}},
		{"p=none; t=y", map[message.Domain]policy.Demand{"acme.test": n}},
	} {
		c := checker(t, zoneOf(t, records+`_dmarc.acme.test TXT "v=DMARC1; `+test.tags+`"`))
		for from, want := range test.want {
			got := c.record(t.Context(), from)
			if got.Result != policy.Pass || got.Demand != want || got.Domain != "acme.test" {
				t.Errorf("%s of %s: %+v, want %v", test.tags, from, got, want)
			}
		}
	}
}

// The ways of RFC 9989, section 4.10 and appendix B, and those an attacker would like.
func TestWalk(t *testing.T) {
	const deep = "a.b.c.d.e.f.g.h.acme.test"
	for _, test := range []struct {
		name, records string
		from          message.Domain
		domain, org   message.Domain // of the record that applies
	}{
		{"own record", `_dmarc.acme.test TXT "v=DMARC1; p=none"`, "acme.test", "acme.test", "acme.test"},
		{"of the domain above", `_dmarc.acme.test TXT "v=DMARC1; p=none"`, "mail.acme.test", "acme.test",
			"acme.test"},
		{"own record below another", `
			_dmarc.acme.test TXT "v=DMARC1; p=none"
			_dmarc.mail.acme.test TXT "v=DMARC1; p=none"`, "mail.acme.test", "mail.acme.test", "acme.test"},
		{"between is not asked", `
			_dmarc.acme.test TXT "v=DMARC1; p=none"
			_dmarc.mail.acme.test TXT "v=DMARC1; p=none"`, "a.mail.acme.test", "acme.test", "acme.test"},
		{"psd=n ends the walk", `
			_dmarc.acme.test TXT "v=DMARC1; p=none"
			_dmarc.mail.acme.test TXT "v=DMARC1; p=none; psd=n"`, "a.mail.acme.test", "mail.acme.test",
			"mail.acme.test"},
		{"psd=n at the start", `
			_dmarc.acme.test TXT "v=DMARC1; p=none"
			_dmarc.mail.acme.test TXT "v=DMARC1; p=none; psd=n"`, "mail.acme.test", "mail.acme.test",
			"mail.acme.test"},
		{"psd=y above", `
			_dmarc.acme.test TXT "v=DMARC1; p=none"
			_dmarc.test TXT "v=DMARC1; p=none; psd=y"`, "mail.acme.test", "acme.test", "acme.test"},
		{"only the suffix has one", `_dmarc.test TXT "v=DMARC1; p=none; psd=y"`, "mail.acme.test", "test",
			"acme.test"},
		{"a suffix of two labels", `
			_dmarc.acme.test TXT "v=DMARC1; p=none; psd=y"
			_dmarc.test TXT "v=DMARC1; p=none"`, "a.b.acme.test", "acme.test", "b.acme.test"},
		{"mail from a suffix", `
			_dmarc.acme.test TXT "v=DMARC1; p=none; psd=y"
			_dmarc.test TXT "v=DMARC1; p=none"`, "acme.test", "acme.test", "acme.test"},
		{"a registry that does not say so", `_dmarc.co.uk TXT "v=DMARC1; p=none"`, "mail.shop.co.uk",
			"co.uk", "shop.co.uk"},
		{"a registry of a wildcard", `_dmarc.any.ck TXT "v=DMARC1; p=none"`, "mail.shop.any.ck", "any.ck",
			"shop.any.ck"},
		{"mail from a registry", `_dmarc.co.uk TXT "v=DMARC1; p=none"`, "co.uk", "co.uk", "co.uk"},
		{"a registry that says it is none", `_dmarc.co.uk TXT "v=DMARC1; p=none; psd=n"`,
			"mail.shop.co.uk", "co.uk", "co.uk"},
		{"a private suffix", `_dmarc.github.io TXT "v=DMARC1; p=none"`, "shop.github.io", "github.io",
			"shop.github.io"},
		{"a private suffix that says it is none", `_dmarc.github.io TXT "v=DMARC1; p=none; psd=n"`,
			"shop.github.io", "github.io", "github.io"},
		{"no psd at the top", `_dmarc.test TXT "v=DMARC1; p=none"`, "mail.acme.test", "test",
			"acme.test"},
		{"several records", `
			_dmarc.mail.acme.test TXT "v=DMARC1; p=none"
			_dmarc.mail.acme.test TXT "v=DMARC1; p=reject"
			_dmarc.acme.test TXT "v=DMARC1; p=none"`, "mail.acme.test", "acme.test", "acme.test"},
		{"three records", `
			_dmarc.acme.test TXT "v=DMARC1; p=none"
			_dmarc.acme.test TXT "v=DMARC1; p=reject"
			_dmarc.acme.test TXT "v=DMARC1; p=none"`, "acme.test", "", ""},
		{"beside other texts", `
			_dmarc.acme.test TXT "v=spf1 -all"
			_dmarc.acme.test TXT "v=DMARC1; p=none"
			_dmarc.acme.test TXT "hello"`, "acme.test", "acme.test", "acme.test"},
		{"none", `_dmarc.other.test TXT "v=DMARC1; p=none"`, "mail.acme.test", "", ""},
		{"ten labels", `
			_dmarc.acme.test TXT "v=DMARC1; p=none"`, deep, "acme.test", "acme.test"},
		{"ten labels, own", `_dmarc.` + deep + ` TXT "v=DMARC1; p=none"`, deep, deep, deep},
		{"ten labels, seventh", `_dmarc.d.e.f.g.h.acme.test TXT "v=DMARC1; p=none"`, deep,
			"d.e.f.g.h.acme.test", "d.e.f.g.h.acme.test"},
		{"ten labels, leapt over", `_dmarc.c.d.e.f.g.h.acme.test TXT "v=DMARC1; p=none"`, deep, "", ""},
		{"a suffix below the leap", `_dmarc.d.e.f.g.h.acme.test TXT "v=DMARC1; p=none; psd=y"`, deep,
			"d.e.f.g.h.acme.test", "c.d.e.f.g.h.acme.test"},
		{"eight labels", `_dmarc.d.e.f.g.h.acme.test TXT "v=DMARC1; p=none"`, "c.d.e.f.g.h.acme.test",
			"d.e.f.g.h.acme.test", "d.e.f.g.h.acme.test"},
	} {
		asked := &counter{Resolver: zoneOf(t, test.records)}
		got := checker(t, asked).record(t.Context(), test.from)
		want := policy.Record{Domain: test.domain, Org: test.org}
		if test.domain != "" {
			want.Result = policy.Pass
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
		if n := asked.total(); n > 8 {
			t.Errorf("%s: %d questions", test.name, n)
		}
	}
}

// A name that does not answer takes nothing from what was answered, and adds nothing to it.
func TestWalkFails(t *testing.T) {
	const from = "a.mail.acme.test"
	reject := policy.Record{Result: policy.Pass, Domain: "acme.test", Org: from,
		Demand: policy.DemandReject}
	unknown := policy.Record{Result: policy.TempError}
	for _, test := range []struct {
		fails, record string
		want          policy.Record
	}{
		{from, "", unknown},
		{"acme.test", "", unknown},
		{"test", "", unknown},
		// Who knows what a sub-domain asks for itself?
		{from, `_dmarc.acme.test TXT "v=DMARC1; p=reject; sp=none"`, unknown},
		{from, `_dmarc.acme.test TXT "v=DMARC1; p=none"`, unknown},
		{from, `_dmarc.acme.test TXT "v=DMARC1; sp=reject"`, unknown},
		// It is not freer than the domain above it.
		{from, `_dmarc.acme.test TXT "v=DMARC1; p=reject"`, reject},
		{"mail.acme.test", `_dmarc.acme.test TXT "v=DMARC1; p=none; sp=reject"`, reject},
		{"mail.acme.test", `_dmarc.acme.test TXT "v=DMARC1; p=none; sp=none; np=reject"`, reject},
		// Its own record is its policy.
		{"mail.acme.test", `_dmarc.a.mail.acme.test TXT "v=DMARC1; p=reject"`,
			policy.Record{Result: policy.Pass, Domain: from, Org: from, Demand: policy.DemandReject}},
		{"acme.test", `_dmarc.a.mail.acme.test TXT "v=DMARC1; p=none"`,
			policy.Record{Result: policy.Pass, Domain: from, Org: from}},
		{"test", `_dmarc.acme.test TXT "v=DMARC1; p=reject"`,
			policy.Record{Result: policy.Pass, Domain: "acme.test", Org: "acme.test",
				Demand: policy.DemandReject}},
		{"acme.test", `_dmarc.a.mail.acme.test TXT "v=DMARC1; p=none; psd=n"`,
			policy.Record{Result: policy.Pass, Domain: from, Org: from}},
	} {
		for _, failure := range []string{"FAIL", "TIMEOUT"} {
			c := checker(t, zoneOf(t, fmt.Sprintf("_dmarc.%s %s\n%s", test.fails, failure, test.record)))
			got := c.record(t.Context(), from)
			if (got.Why == "") != (got.Result == policy.Pass) {
				t.Errorf("%s at %s, %s: %q", failure, test.fails, test.record, got.Why)
			}
			got.Why = ""
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("%s at %s, %s: %s", failure, test.fails, test.record, diff)
			}
		}
	}
}

// A record with neither a valid p nor an address for reports is none, and says so.
func TestVoidRecord(t *testing.T) {
	c := checker(t, zoneOf(t, `
		_dmarc.acme.test TXT "v=DMARC1; p=rejct"
		_dmarc.test      TXT "v=DMARC1; p=reject; psd=y"
	`))
	want := policy.Record{Why: "the record of acme.test has neither p nor rua"}
	for _, from := range []message.Domain{"acme.test", "mail.acme.test"} {
		if diff := cmp.Diff(want, c.record(t.Context(), from)); diff != "" {
			t.Error(diff)
		}
	}
}
