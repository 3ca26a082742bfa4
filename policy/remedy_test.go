package policy_test

import (
	"slices"
	"testing"

	"gatepost/message"
	"gatepost/policy"
)

const allowDomain = "put the domain example.com on the allowlist, letting in all mail of " +
	"example.com [rules add allow]"

// remedyCases hold what would do, all of it and in order, with how it is done.
var remedyCases = []struct {
	why      string
	sender   string // una@example.com if empty
	block    string
	settings policy.Settings
	facts    func(*policy.Facts)
	want     []string
}{
	{why: "a stranger under *", block: "*", want: []string{
		"put una@example.com on the allowlist [rules add allow]",
		"give una@example.com a profile [user add]", allowDomain,
		"take * off the blocklist, letting in every stranger's mail [rules remove block]"}},
	{why: "a domain", block: "reject:example.com", want: []string{"take reject:example.com off " +
		"the blocklist, letting in all mail of example.com [rules remove block]"}},
	{why: "an address", block: "suspend:Una@example.com", want: []string{
		"take suspend:Una@example.com off the blocklist [rules remove block]"}},
	{why: "an address that no list takes", sender: "*@example.com", block: "*", want: []string{
		"give *@example.com a profile [user add]", allowDomain,
		"take * off the blocklist, letting in every stranger's mail [rules remove block]"}},
	{why: "a suspended profile",
		facts: func(f *policy.Facts) { f.Profile = policy.Profile{Known: true, Suspended: true} },
		want:  []string{"end the suspension of una@example.com [user unsuspend]"}},
	{why: "too many within the hour", settings: policy.Settings{PerHour: 2},
		facts: func(f *policy.Facts) { f.Stored = 2 },
		want: []string{"forget how much una@example.com sent [loop reset]",
			"put una@example.com on the allowlist [rules add allow]", allowDomain,
			"let any number of messages pass within an hour, for everybody [rate.per_hour = 0]",
			"hold nothing for this cause, for everybody [causes.loop = false]"}},
	{why: "a mailing list", settings: policy.Settings{HoldLists: true},
		facts: func(f *policy.Facts) { f.List = policy.Evidence{Field: "List-Id", Value: "<x.test>"} },
		want: []string{"put una@example.com on the allowlist [rules add allow]", allowDomain,
			"let mail of mailing lists pass, for everybody [causes.mailing_list = false]",
			"hold nothing for this cause, for everybody [causes.auto_mailer = false]"}},
	// To switch server_lock off would do, and nobody can.
	{why: "no relay of ours", settings: policy.Settings{OnlyRelays: true},
		facts: func(f *policy.Facts) { f.Evidence[policy.ServerLock].Field = "client" },
		want: []string{"take mail that came through no relay of ours, for everybody " +
			"[smtp.only_relays = false]"}},
	{why: "not proven, under *", block: "*", settings: policy.Settings{Trust: policy.TrustStrict},
		facts: func(f *policy.Facts) {
			f.Profile.Known = true
			f.Authentication = proven("example.com", policy.None, policy.DemandNone)
		},
		want: []string{
			"take * off the blocklist, letting in every stranger's mail [rules remove block]",
			`take what From claims, for everybody [auth.trust = "claimed"]`}},
}

func TestRemedies(t *testing.T) {
	for _, c := range remedyCases {
		t.Run(c.why, func(t *testing.T) {
			if c.sender == "" {
				c.sender = "una@example.com"
			}
			sender := message.MustParseAddress(c.sender)
			f := policy.Facts{Sender: message.Sender{Address: sender}}
			if c.facts != nil {
				c.facts(&f)
			}
			p := policy.Policy{Allow: list(t, policy.Allow, ""), Settings: c.settings,
				Block: list(t, policy.Block, c.block)}
			var got []string
			for _, r := range p.Proposals(&f).LetIn {
				got = append(got, told(r))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("\n%q, want\n%q", got, c.want)
			}
		})
	}
}

// told is all that a remedy says of itself.
func told(r policy.Remedy) string {
	words := r.Words()
	if r.Reach() != "" {
		words += ", " + r.Reach()
	}
	if s, ok := r.Setting(); ok {
		return words + " [" + s.String() + "]"
	}
	return words + " [" + r.Command() + "]"
}

// TestMayProve: where a message is held for want of proof, what was not read may have it. A
// mark of spam has none, and a choice is nothing to paste.
func TestMayProve(t *testing.T) {
	sender := address(t, "una@example.com")
	failed := proven("example.com", policy.Fail, policy.DemandReject)
	failed.Unread = []policy.Unread{
		{Field: "Authentication-Results", Setting: `"a.test" in smtp.authserv_id reads it`},
		{Field: "Authentication-Results", Setting: `"a.test" in smtp.authserv_id reads it`},
		{Field: "Authentication-Results", Setting: `if the relay runs one of these: "x" or "y"`},
		{Field: "Authentication-Results", Why: "it cannot be read"},
	}
	f := policy.Facts{Sender: message.Sender{Address: sender}, Authentication: failed,
		Profile: policy.Profile{Known: true}, Unread: []policy.Unread{
			{Field: "X-Spam", Setting: `"rspamd" in smtp.filter reads it`},
			{Field: "Received", Setting: `"10.0.0.6" in smtp.relays goes past it`}}}
	want := []policy.Setting{{Key: "smtp.relays", Value: "10.0.0.6"},
		{Key: "smtp.authserv_id", Value: "a.test"}}
	p := policy.Policy{Allow: list(t, policy.Allow, ""), Block: list(t, policy.Block, "*")}
	if got := p.MayProve(&f); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	p.Block = list(t, policy.Block, "suspend:example.com")
	if got := p.MayProve(&f); got != nil {
		t.Errorf("it is held for something else, and %v may prove it", got)
	}
	p.Block, f.Authentication = list(t, policy.Block, ""), nil
	if got := p.MayProve(&f); got != nil {
		t.Errorf("it is a ticket, and %v may prove it", got)
	}
}

// What is said beside a command that names the subject names nobody.
func TestRemedyInBrief(t *testing.T) {
	for want, r := range map[string]policy.Remedy{
		"put the address on the allowlist": {Kind: policy.AllowSender,
			Address: address(t, "una@example.com")},
		"take the entry off the blocklist": {Kind: policy.Unblock,
			Entry: policy.Entry{Target: "una@example.com"}},
		"put the domain on the allowlist": {Kind: policy.AllowDomain,
			Entry: policy.Entry{Target: "example.com"}},
		"put the entry on the blocklist": {Kind: policy.BlockDomain,
			Entry: policy.Entry{Keyword: policy.SuspendKeyword, Target: "example.com"}},
		"take what From claims": {Kind: policy.Believe},
	} {
		if got := r.Brief(); got != want {
			t.Errorf("%s is in brief %q", r.Words(), got)
		}
	}
}
