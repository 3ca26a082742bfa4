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
	if counted == 0 && !testing.Short() { // which draws few
		t.Error("no organisation ever counted")
	}
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
