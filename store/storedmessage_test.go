package store

import (
	"context"
	"io"
	"strings"
	"testing"

	"gatepost/message"
	"gatepost/policy"
)

// A message that was kept is asked about by the lists and profiles as they are now, by what
// was found out about it then, and by the count of its sender only if a loop held it.
func TestFactsAgain(t *testing.T) {
	ctx := context.Background()
	f := limited(t, 1)
	raw := mail("a@acme.test", "x", "y")
	f.receive(raw, spf(policy.Pass))
	r, id := f.receive(raw, spf(policy.Pass), func(r *Record) { r.Envelope.SMTPUTF8 = true })
	if r.Decision.Cause != policy.Loop {
		t.Fatalf("held as %v", r.Decision.Cause)
	}
	f.rules(policy.Block, "acme.test")
	kept, err := f.StoredMessage(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Raw.Close()
	head := message.Parse([]byte(raw))
	content := policy.Mail{Message: head,
		Body: func() io.Reader { return strings.NewReader(raw[head.Size:]) }}
	for cause, stored := range map[string]int{"loop": 2, "blocklisted": 0, "": 0} {
		p, facts, err := f.FactsAgain(ctx, content, kept, cause)
		if err != nil {
			t.Fatal(err)
		}
		if facts.Stored != stored {
			t.Errorf("held as %q: %d stored, want %d", cause, facts.Stored, stored)
		}
		if !facts.SMTPUTF8 || !facts.Profile.Known || facts.Proof() != policy.Pass {
			t.Errorf("held as %q: %+v", cause, facts)
		}
		if d := p.Decide(facts); d.Cause != policy.Blocklisted {
			t.Errorf("held as %q: %s", cause, d.Why())
		}
	}
	f.clock = noon.Add(window)
	if _, facts, err := f.FactsAgain(ctx, content, kept, "loop"); err != nil || facts.Stored != 0 {
		t.Errorf("after the hour: %d stored, %v", facts.Stored, err)
	}
}
