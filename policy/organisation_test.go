package policy_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"gatepost/policy"
)

// TestOrganisationCountsAsAllowed: what an organisation has decides just as if it stood on the
// allowlist, with and without proof, Reply-To and all.
func TestOrganisationCountsAsAllowed(t *testing.T) {
	counted := 0
	check(t, func(r *rapid.T, d draw, got policy.Decision) {
		moved := rapid.IntRange(0, len(d.allow)).Draw(r, "moved")
		other := d
		other.allow, other.orgs = d.allow[moved:], d.allow[:moved]
		again := other.decide(t)
		if again.Action != got.Action || again.Cause != got.Cause || again.Field != got.Field ||
			again.RuleText() != got.RuleText() && !slices.Contains(d.allow, again.RuleText()) {
			r.Fatalf("allow %q: %v %q; organisation %q: %v %q", d.allow, got.Action, got.Why(),
				other.orgs, again.Action, again.Why())
		}
		if strings.Contains(again.Why(), "the organisation Acme") {
			counted++
		}
	})
	if counted == 0 {
		t.Error("no organisation ever counted")
	}
}

// TestBlocking holds what is a contradiction, and what looks like one and is none.
func TestBlocking(t *testing.T) {
	p := policy.Policy{Orgs: organisations(map[string]string{
		"Acme": "acme.test ann@free.test", "Widget": "widget.test"})}
	for entries, want := range map[string]string{
		"acme.test": "acme.test on the blocklist holds nothing, since the organisation Acme has " +
			"acme.test: write suspend:acme.test to hold it",
		"bob@mail.acme.test": "bob@mail.acme.test on the blocklist holds nothing, since the " +
			"organisation Acme has acme.test: write suspend:bob@mail.acme.test to hold it",
		"suspend:acme.test": "suspend:acme.test on the blocklist beats the organisation Acme, " +
			"which has acme.test in vain",
		"reject:free.test": "reject:free.test on the blocklist beats the organisation Acme, which " +
			"has ann@free.test in vain",
		"free.test": "",
		"*":         "",
		"suspend:bob@acme.test reject:x.acme.test": "",
		"notacme.test other.test":                  "",
	} {
		parsed, err := policy.ParseList(policy.Block, entries)
		if err != nil {
			t.Fatal(err)
		}
		if got := said(p.Blocking(parsed, 10)); got != want {
			t.Errorf("%s:\n got %q\nwant %q", entries, got, want)
		}
	}
	many, _ := policy.ParseList(policy.Block, "acme.test widget.test a.acme.test")
	if n := len(p.Blocking(many, 2)); n != 2 {
		t.Errorf("%d contradictions, want the first 2", n)
	}
	gone := p.Orgs.With([]policy.Change{{Entry: policy.Entry{Target: "acme.test"}, Removed: true}})
	p.Orgs = gone.With([]policy.Change{{Entry: policy.Entry{Target: "new.test", Text: "Acme"}}})
	later, _ := policy.ParseList(policy.Block, "suspend:acme.test suspend:new.test")
	if got := said(p.Blocking(later, 10)); got != "suspend:new.test on the blocklist beats the "+
		"organisation Acme, which has new.test in vain" {
		t.Errorf("after a change: %q", got)
	}
}

// TestAllowing asks the same of what an organisation is to have.
func TestAllowing(t *testing.T) {
	p := policy.Policy{Block: list(t, policy.Block,
		"* acme.test suspend:spam.test reject:Junk.test bob@fine.test")}
	for entry, want := range map[string]string{
		"acme.test":          "acme.test",
		"mail.acme.test":     "",
		"ann@acme.test":      "",
		"fine.test":          "",
		"ann@x.spam.test":    "suspend:spam.test",
		"junk.test":          "reject:Junk.test",
		"elsewhere.test":     "",
		"ann@elsewhere.test": "",
	} {
		var got string
		for _, c := range p.Allowing("Acme", []policy.Entry{{Target: entry}}, 10) {
			got += c.Entry.String()
		}
		if got != want {
			t.Errorf("%s: contradicts %q, want %q", entry, got, want)
		}
	}
}

func said(all []policy.Contradiction) string {
	var lines []string
	for _, c := range all {
		lines = append(lines, c.String())
	}
	return strings.Join(lines, "\n")
}

// What an organisation cannot have is refused in its own words.
func TestOrganisationEntries(t *testing.T) {
	for text, want := range map[string]string{
		"suspend:acme.test": "suspend: has no meaning in an organisation; put suspend:acme.test on " +
			"the blocklist",
		"*":     "* has no meaning in an organisation",
		"co.uk": "is a public suffix",
	} {
		_, err := policy.ParseEntries(policy.Org, text)
		if err == nil || !strings.Contains(err.Error(), want) ||
			!strings.HasPrefix(err.Error(), "entry of an organisation") {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
