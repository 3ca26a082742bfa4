package intake

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"strings"
	"testing"
	"time"

	"gatepost/message"
	"gatepost/policy"
)

// saying is a scanner that says one thing, and what it was asked about.
type saying struct {
	kind  policy.Scanner
	said  policy.Scan
	asked []string
	leave context.CancelFunc
}

func (s *saying) Kind() policy.Scanner { return s.kind }

func (s *saying) Scan(_ context.Context, q policy.ScanQuery) policy.Scan {
	raw, err := io.ReadAll(q.Content())
	if err != nil || int64(len(raw)) != q.Size || q.ID == "" {
		return policy.Scan{Result: policy.ScanFailed, Words: "not the message"}
	}
	s.asked = append(s.asked, string(raw))
	if s.leave != nil {
		s.leave()
	}
	return s.said
}

// receive is what becomes of ann's mail where scanners say that.
func receive(ctx context.Context, r *Receiver, all ...*saying) (Outcome, error) {
	r.Scanners = nil
	for _, s := range all {
		r.Scanners = append(r.Scanners, s)
	}
	env := &message.Envelope{Client: netip.MustParseAddr("192.0.2.1"), ReceivedAt: noon,
		MailFrom: "ann@acme.test", Recipients: []string{"support@help.test"}}
	return r.Receive(ctx, env, strings.NewReader(annsMail))
}

// Scanners are asked one after the other, each with the whole message, and only as long as what
// they say can change what becomes of it.
func TestScannersInTurn(t *testing.T) {
	nothing, found := policy.Scan{Result: policy.NothingFound}, policy.Scan{Result: policy.Found}
	for name, c := range map[string]struct {
		block        string
		clamav       policy.Scan
		first, other int
		want         string
	}{
		"both":     {"", nothing, 1, 1, "suspend spam"},
		"found":    {"", found, 1, 0, "suspend malware_detected"},
		"held":     {"acme.test", found, 0, 0, "suspend blocklisted"},
		"rejected": {"reject:acme.test", found, 0, 0, "reject "},
	} {
		r := blocking(t, c.block)
		first, other := &saying{said: c.clamav}, &saying{kind: policy.Rspamd, said: found}
		out, err := receive(context.Background(), r, first, other)
		if err != nil {
			t.Fatal(err)
		}
		got := out.Decision.Action.String() + " " + out.Decision.Cause.String()
		if got != c.want || len(first.asked) != c.first || len(other.asked) != c.other {
			t.Errorf("%s: %s after asking %d and %d", name, got, len(first.asked), len(other.asked))
		}
		if c.first > 0 && first.asked[0] != annsMail {
			t.Errorf("%s: it was given %q", name, first.asked[0])
		}
	}
}

// What is put off for want of an answer is taken when it comes again and there is one, and
// nothing of it was stored before.
func TestUnscannedIsDeferred(t *testing.T) {
	r := blocking(t, "")
	p := policy.Settings{MaxHeader: message.MaxHeader}
	p.Unscanned[policy.ClamAV] = policy.DeferUnscanned
	r.DB.Configure(p)
	silent := &saying{said: policy.Scan{Result: policy.ScanFailed, Words: "no answer in time"}}
	for range 2 {
		out, err := receive(context.Background(), r, silent)
		if !errors.Is(err, ErrUnscanned) || out.Decision.Action != policy.Defer {
			t.Fatalf("%v, %v", out.Decision.Action, err)
		}
	}
	if s, err := r.DB.Status(context.Background()); err != nil || s.Held+s.Tickets != 0 {
		t.Errorf("%+v, %v", s, err)
	}
	first, err := receive(context.Background(), r,
		&saying{said: policy.Scan{Result: policy.NothingFound}})
	if err != nil || !first.Decision.Action.LetsIn() {
		t.Fatalf("%v, %v", first.Decision, err)
	}
	again, err := receive(context.Background(), r, silent) // its sender did not hear of it
	if err != nil || again.ID != first.ID {
		t.Errorf("%q after %q, %v", again.ID, first.ID, err)
	}
}

// A server that stops in the middle of a scan takes nothing, whatever becomes of unscanned mail.
func TestStoppedInAScan(t *testing.T) {
	r := blocking(t, "")
	ctx, cancel := context.WithCancel(context.Background())
	out, err := receive(ctx, r, &saying{said: policy.Scan{Result: policy.ScanFailed}, leave: cancel})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%q, %v", out.ID, err)
	}
	if s, err := r.DB.Status(context.Background()); err != nil || s.Held+s.Tickets != 0 {
		t.Errorf("%+v, %v", s, err)
	}
}

// The answers are kept, so that the message can be decided again by other rules.
func TestScansAreKept(t *testing.T) {
	r := blocking(t, "")
	if _, err := receive(context.Background(), r, &saying{said: policy.Scan{
		Result: policy.Found, Words: "Test.Virus"}}); err != nil {
		t.Fatal(err)
	}
	kept := 0
	for k, err := range r.DB.KeptFacts(context.Background(), time.Time{}, 10) {
		if err != nil {
			t.Fatal(err)
		}
		if kept++; k.Facts.Scans[policy.ClamAV].Result != policy.Found {
			t.Errorf("%+v", k.Facts.Scans)
		}
	}
	if kept != 1 {
		t.Errorf("%d messages", kept)
	}
}
