package policy_test

import (
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"gatepost/message"
	"gatepost/policy"
)

// TestKeptFactsDecideAlike: what is stored of the facts gives the same decision by any lists and
// settings.
func TestKeptFactsDecideAlike(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		d := drawCase(r)
		d.drawKept(r)
		text, err := d.facts.MarshalText()
		if err != nil {
			r.Fatal(err)
		}
		again := d
		if err := again.facts.UnmarshalText(text); err != nil {
			r.Fatal(err)
		}
		want, got := d.decide(t), again.decide(t)
		if got.Action != want.Action || got.Cause != want.Cause || got.Field != want.Field ||
			got.Address != want.Address || got.Proof != want.Proof ||
			got.Claimed != want.Claimed || got.Room != want.Room ||
			got.RuleText() != want.RuleText() {
			r.Fatalf("%s\nis %v %v by %q, and was %v %v by %q", text, got.Action, got.Cause,
				got.RuleText(), want.Action, want.Cause, want.RuleText())
		}
	})
}

// drawKept draws what drawCase leaves out.
func (d *draw) drawKept(r *rapid.T) {
	sometimes := func(what string) bool { return rapid.IntRange(0, 5).Draw(r, what) == 0 }
	if sometimes("unreadable") {
		d.facts.Unreadable = "it is no mail"
		d.settings.Off = d.settings.Off.With(policy.Unprocessable)
	}
	if sometimes("raw UTF-8") {
		d.facts.Sender.Problem = message.RawUTF8
		d.facts.SMTPUTF8 = rapid.Bool().Draw(r, "SMTPUTF8")
	}
	if sometimes("no sender") {
		d.facts.Sender = message.Sender{Problem: message.NoAddress}
	}
	if sometimes("null path") {
		d.facts.Evidence[policy.AutoMailer] = policy.Evidence{Field: "MAIL FROM", Value: "<>"}
	}
	if sometimes("list") {
		d.facts.List = policy.Evidence{Field: "List-Id", Value: "x"}
	}
	if d.facts.Thread.Ticket != 0 && rapid.Bool().Draw(r, "token") {
		d.facts.Thread.Token = policy.Token{Recipient: "support+t@help.test",
			Ticket: rapid.SampledFrom([]int64{0, 7, 8}).Draw(r, "token of")}
	}
	d.settings.AskToken = rapid.Bool().Draw(r, "ask token")
	d.facts.Evidence[policy.ServerLock] = policy.Evidence{}
	switch rapid.IntRange(0, 2).Draw(r, "hop") {
	case 1:
		d.facts.Hop.Relayed = true
	case 2:
		d.facts.Hop.Client = netip.MustParseAddr("192.0.2.1")
		if d.settings.OnlyRelays && d.facts.Unreadable == "" { // as Read does
			d.facts.Evidence[policy.ServerLock] = policy.Evidence{Field: "client", Value: "x"}
		}
	}
	if sometimes("author") {
		d.facts.Evidence[policy.FromSupportAddress] = policy.Evidence{Field: "From", Value: "x"}
		d.facts.Author = policy.Author{Field: rapid.SampledFrom([]policy.Field{policy.ReplyTo,
			policy.OriginalFrom}).Draw(r, "author field"), Profile: profiles().Draw(r, "author is")}
		err := d.facts.Author.Address.UnmarshalText([]byte("bob@mail.acme.test"))
		if err != nil {
			r.Fatal(err)
		}
	}
	for s := range policy.ScannerCount {
		d.facts.Scans[s].Result = policy.ScanResult(rapid.IntRange(0,
			int(policy.ScanResultCount)-1).Draw(r, "scan"))
		d.settings.Unscanned[s] = policy.Unscanned(rapid.IntRange(0, 2).Draw(r, "unscanned"))
	}
	for c := range policy.EachCause() {
		if sometimes("off") {
			d.settings.Off = d.settings.Off.With(c)
		}
	}
}

// What was read of a message with nothing odd takes little room.
func TestKeptFactsAreShort(t *testing.T) {
	ann := message.MustParseAddress("ann@acme.test")
	f := policy.Facts{Sender: message.Sender{Address: ann}}
	text, err := f.MarshalText()
	if want := `{"from":{"a":"ann@acme.test"}}`; err != nil || string(text) != want {
		t.Errorf("%s, %v", text, err)
	}
}

func TestStoredFactsThatAreNone(t *testing.T) {
	for _, text := range []string{"", "{", `{"from":{"a":"ann"}}`, `{"from":{"p":"king"}}`,
		`{"reply_to":[{"a":"ann"}]}`, `{"author":{"a":"ann"}}`} {
		var f policy.Facts
		if err := f.UnmarshalText([]byte(text)); err == nil || strings.Contains(err.Error(), "panic") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
