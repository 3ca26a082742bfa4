package store

import (
	"context"
	"testing"

	"gatepost/message"
	"gatepost/policy"
)

// Other settings hold for the next message, with the lists as they are; and a message is
// judged by the settings that it was read by.
func TestConfigure(t *testing.T) {
	ctx := context.Background()
	f := openWith(t, t.TempDir()+"/gatepost.db", policy.Settings{PerHour: 1})
	f.rules(policy.Block, "held.test")
	facts := func() *policy.Policy {
		p, _, err := f.Facts(ctx, policy.Mail{Message: message.Parse([]byte(
			mail("una@example.com", "hello", ""))), Envelope: &message.Envelope{}})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	before := facts()
	for n := 2; n < 5; n++ {
		f.Configure(policy.Settings{PerHour: n})
		if p := facts(); p.PerHour != n || p.Block.Len() != 1 {
			t.Errorf("%d an hour and %d entries, want %d", p.PerHour, p.Block.Len(), n)
		}
	}
	if before.PerHour != 1 {
		t.Error("a policy in use was changed")
	}
	f.rules(policy.Block, "more.test")
	if p := facts(); p.PerHour != 4 || p.Block.Len() != 2 {
		t.Errorf("%d an hour and %d entries", p.PerHour, p.Block.Len())
	}
}
