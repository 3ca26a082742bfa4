package policy_test

import (
	"encoding/json"
	"testing"

	"gatepost/message"
	"gatepost/policy"
)

// TestTrail holds what a trail says: every rule that was asked, in order, and no other.
func TestTrail(t *testing.T) {
	p := policy.Policy{
		Allow: list(t, policy.Allow, "acme.test"),
		Block: list(t, policy.Block, "* reject:ann@acme.test Spam.test"),
	}
	f := policy.Facts{
		Sender:  message.Sender{Address: address(t, "ann@acme.test")},
		Profile: policy.Profile{Known: true},
	}
	const left = "left out beside *, since the sender has a profile"
	unseen := ""
	for c := range policy.EachCause() { // TestOrder has them by name
		if !c.OfReply() && c >= policy.FailedAuthentication {
			unseen += `{"rule":"` + c.String() + `","answer":"nothing shows it","decided":false}` + "\n"
		}
	}
	unseen += `{"rule":"rate","answer":"no more than are let through","decided":false}` + "\n"
	held := `{"rule":"readable","answer":"it can be read","decided":false}
{"rule":"one From address","answer":"there is one","decided":false}
{"rule":"proof","answer":"nobody was asked: the claim is taken","decided":false}
{"rule":"suspended profile","answer":"the sender's profile is not suspended","decided":false}
{"rule":"suspend: entry","answer":"no entry matches","decided":false}
{"rule":"reject: address","answer":"` + left + `","decided":false}
{"rule":"reject: domain","answer":"no entry matches","decided":false}
`
	checkTrail(t, p.Decide(&f), held+
		`{"rule":"allowlist","answer":"acme.test is on the allowlist","decided":true}
{"rule":"Reply-To","answer":"no other address in Reply-To is held","decided":false}
`+unseen)
	f.ReplyTo = []message.Address{address(t, "bob@spam.test")}
	checkTrail(t, p.Decide(&f), held+
		`{"rule":"allowlist","answer":"the allowlist has the sender","decided":false}
{"rule":"Reply-To","answer":"`+
		"Reply-To names bob@spam.test: Spam.test is on the blocklist"+`","decided":true}
`)
	f.ReplyTo, f.ReplyToProblem = nil, "Reply-To names more than 100 addresses"
	checkTrail(t, p.Decide(&f), held+
		`{"rule":"allowlist","answer":"the allowlist has the sender","decided":false}
{"rule":"Reply-To","answer":"Reply-To names more than 100 addresses","decided":true}
`)
	checkTrail(t, p.Decide(&policy.Facts{Unreadable: "it has no header field"}),
		`{"rule":"readable","answer":"it cannot be read as mail: it has no header field","decided":true}
`)
}

func checkTrail(t *testing.T, d policy.Decision, want string) {
	t.Helper()
	got := ""
	for _, s := range d.Trail() {
		line, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		got += string(line) + "\n"
	}
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// TestAnnouncedUTF8: raw UTF-8 in From is one address to all readers once the client has
// said that it sends such (RFC 6531, section 3.4).
func TestAnnouncedUTF8(t *testing.T) {
	p := policy.Policy{
		Allow: list(t, policy.Allow, "münchen.test"),
		Block: list(t, policy.Block, "*"),
	}
	sender := message.Parse([]byte("From: Jörg <jörg@münchen.test>\r\n\r\n")).Sender()
	for announced, want := range map[bool]policy.Action{true: policy.Ticket, false: policy.Suspend} {
		d := p.Decide(&policy.Facts{Sender: sender, SMTPUTF8: announced})
		if d.Action != want {
			t.Errorf("announced %v: %v, %s", announced, d.Action, d.Why())
		}
	}
}

// TestMissingProfiles: an address in Reply-To of which nothing was gathered is a stranger.
func TestMissingProfiles(t *testing.T) {
	p := policy.Policy{Block: list(t, policy.Block, "* suspend:bob@acme.test")}
	d := p.Decide(&policy.Facts{
		Sender:  message.Sender{Address: address(t, "ann@acme.test")},
		Profile: policy.Profile{Known: true},
		ReplyTo: []message.Address{address(t, "bob@acme.test")},
	})
	if d.Action != policy.Suspend || d.Field != policy.ReplyTo {
		t.Errorf("%v, %s", d.Action, d.Why())
	}
}
