package policy_test

import (
	"slices"
	"testing"

	"gatepost/message"
	"gatepost/policy"
)

// TestKeepOut holds what would keep the sender's next message out, in order, and what would
// not.
func TestKeepOut(t *testing.T) {
	const (
		profile = "suspend the profile of una@example.com [user suspend]"
		entry   = "put una@example.com on the blocklist [rules add block]"
		domain  = "put the entry example.com on the blocklist, keeping out all mail of " +
			"example.com [rules add block]"
	)
	for _, c := range []struct {
		why, allow, block string
		profile           policy.Profile
		want, vain        []string
	}{
		{why: "a stranger", want: []string{entry, domain}},
		{why: "one that * holds", block: "*", want: []string{entry, domain}},
		{why: "a profile", profile: policy.Profile{Known: true},
			want: []string{entry, domain, profile}},
		{why: "an allowed domain", allow: "example.com", want: []string{
			"put suspend:una@example.com on the blocklist [rules add block]",
			"put the entry suspend:example.com on the blocklist, keeping out all mail of " +
				"example.com [rules add block]"},
			vain: []string{"to put una@example.com on the blocklist would not keep it out: " +
				"example.com is on the allowlist, which beats una@example.com on the blocklist",
				"to put the entry example.com on the blocklist would not keep it out: " +
					"example.com is on the allowlist, which beats example.com on the blocklist"}},
		{why: "a profile beside *", block: "*", allow: "una@example.com",
			profile: policy.Profile{Known: true},
			want: []string{"put the entry suspend:example.com on the blocklist, keeping out all " +
				"mail of example.com [rules add block]", profile},
			vain: []string{"to put una@example.com on the blocklist would not keep it out: " +
				"una@example.com is on the allowlist, which beats una@example.com on the blocklist",
				"to put suspend:una@example.com on the blocklist would not keep it out: " +
					"una@example.com is on the allowlist",
				"to put the entry example.com on the blocklist would not keep it out: " +
					"una@example.com is on the allowlist, which beats example.com on the blocklist"}},
		{why: "blocked", block: "example.com", profile: policy.Profile{Known: true},
			want: []string{profile}},
	} {
		sender := message.Sender{Address: address(t, "una@example.com")}
		p := policy.Policy{Allow: list(t, policy.Allow, c.allow), Block: list(t, policy.Block, c.block)}
		all := p.Proposals(&policy.Facts{Sender: sender, Profile: c.profile})
		var got, vain []string
		for _, r := range all.KeepOut {
			got = append(got, told(r))
		}
		for _, v := range all.Vain {
			if v.KeepsOut() {
				vain = append(vain, v.Words())
			}
		}
		if !slices.Equal(got, c.want) || !slices.Equal(vain, c.vain) {
			t.Errorf("%s:\n%q\n%q, want\n%q\n%q", c.why, got, vain, c.want, c.vain)
		}
	}
}

// TestProposedEntry: what is proposed for a list is the entry as the list reads it.
func TestProposedEntry(t *testing.T) {
	p := policy.Policy{Allow: list(t, policy.Allow, ""), Block: list(t, policy.Block, "*")}
	f := policy.Facts{Sender: message.Sender{Address: address(t, "una@example.com")}}
	for _, target := range []string{"una@example.com", "example.com"} {
		for _, name := range []policy.ListName{policy.Allow, policy.Block} {
			want, err := policy.ParseEntry(name, target)
			if err != nil {
				t.Fatal(err)
			}
			if e, why := p.Proposals(&f).Entry(name, target); e != want || why != "" {
				t.Errorf("%s %s: %+v, %q, want %+v", name, target, e, why, want)
			}
		}
	}
}
