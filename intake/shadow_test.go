package intake

import (
	"context"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"gatepost/policy"
	"gatepost/smtpd/mailauth"
	"gatepost/store"
)

// A zone answers that a domain rejects what is not proven to be from it.
type zone struct{ asked atomic.Int64 }

func (z *zone) LookupTXT(_ context.Context, name string) ([]string, error) {
	z.asked.Add(1)
	if name == "_dmarc.acme.test" {
		return []string{"v=DMARC1; p=reject"}, nil
	}
	return nil, &net.DNSError{Err: "none", Name: name, IsNotFound: true}
}

func (z *zone) LookupMX(context.Context, string) ([]*net.MX, error) { return nil, nil }

func (z *zone) LookupIPAddr(context.Context, string) ([]net.IPAddr, error) { return nil, nil }

func (z *zone) LookupAddr(context.Context, string) ([]string, error) { return nil, nil }

// Who a message is from is asked where it makes a difference to the shadow alone: it counts what
// the rules would make of the message. The reply is that to a rejected message all the same.
func TestShadowOfRejected(t *testing.T) {
	for name, c := range map[string]struct {
		shadow []string // that it takes off the blocklist
		asked  bool
		want   []store.ShadowRejection
	}{
		"no shadow":          {nil, false, nil},
		"it rejects as well": {[]string{"other.test"}, false, nil},
		"it would hold a forgery": {[]string{"reject:acme.test"}, true,
			[]store.ShadowRejection{{Action: policy.Suspend, Cause: policy.FailedAuthentication,
				Messages: 2}}},
	} {
		t.Run(name, func(t *testing.T) {
			r := blocking(t, "reject:acme.test other.test")
			z := new(zone)
			r.Auth = mailauth.New(z, mailauth.Options{})
			number := r.setShadow(t, c.shadow)
			first := r.answer(t, "ann@acme.test", noon, annsMail)
			if again := r.answer(t, "ann@acme.test", noon.Add(time.Minute), annsMail); again != first {
				t.Error("the same message again is answered otherwise")
			}
			if asked := z.asked.Load() > 0; asked != c.asked {
				t.Errorf("asked %v, want %v", asked, c.asked)
			}
			var got []store.ShadowRejection
			for s, err := range r.DB.ShadowRejections(context.Background(), number) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, s)
			}
			if len(got) != len(c.want) || len(got) > 0 && got[0] != c.want[0] {
				t.Errorf("counted %v, want %v", got, c.want)
			}
			if b, err := r.DB.Balance(context.Background()); err != nil || b.Rejected != 2 || b.Difference() != 0 {
				t.Errorf("%v, %v", b, err)
			}
		})
	}
}

// setShadow sets one that takes entries off the blocklist, and gives its number; 0 for none.
func (r *Receiver) setShadow(t *testing.T, entries []string) int64 {
	t.Helper()
	if entries == nil {
		return 0
	}
	var changes []store.ShadowChange
	for _, text := range entries {
		e, err := policy.ParseEntry(policy.Block, text)
		if err != nil {
			t.Fatal(err)
		}
		changes = append(changes, store.ShadowChange{List: policy.Block,
			Change: policy.Change{Entry: e, Removed: true}})
	}
	now, err := r.DB.Policy(context.Background())
	if err == nil {
		err = r.DB.By(store.Server()).SetShadow(context.Background(), now.Generation, changes)
	}
	if err != nil {
		t.Fatal(err)
	}
	s, err := r.DB.Shadow(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return s.Number
}
