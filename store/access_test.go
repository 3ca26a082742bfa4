package store

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"testing"

	"gatepost/policy"
)

func access(t testing.TB, enabled bool, ranges string, bypass bool) policy.Access {
	t.Helper()
	r, err := policy.ParseRanges(ranges)
	if err != nil {
		t.Fatal(err)
	}
	return policy.Access{Enabled: enabled, Ranges: r, CustomersBypass: bypass}
}

func TestAccess(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "gatepost.db")
	f, other := openAt(t, path), openAt(t, path)
	client := netip.MustParseAddr("192.0.2.9")
	for _, db := range []*DB{f.DB, other.DB} {
		a, err := db.Access(ctx)
		if err != nil || a.Enabled || !a.Ranges.Empty() || a.CustomersBypass {
			t.Errorf("at first: %+v, %v", a, err)
		}
	}
	set := func(h *Editor, a policy.Access, role policy.Role, force bool) error {
		return h.SetAccess(ctx, AnyGeneration, a, client, role, force)
	}
	inside, outside := access(t, true, "192.0.2.*  2001:db8::/32", false),
		access(t, true, "198.51.100.0/24", true)
	cli := f.By(Actor{Name: "root", Via: "cli"})
	for name, c := range map[string]struct{ got, want error }{
		"no ranges":         {set(f.editor(), access(t, true, " ", false), policy.Admin, true), ErrNoRanges},
		"no ranges, by CLI": {set(cli, access(t, true, "", false), policy.Admin, false), ErrNoRanges},
		"outside":           {set(f.editor(), outside, policy.Admin, false), ErrLockout},
	} {
		if !errors.Is(c.got, c.want) {
			t.Errorf("%s: %v", name, c.got)
		}
	}
	if f.audited() != "" {
		t.Errorf("the log has %s", f.audited())
	}
	for _, err := range []error{set(f.editor(), inside, policy.Admin, false),
		set(f.editor(), inside, policy.Admin, false), set(f.editor(), outside, policy.Admin, true),
		set(f.editor(), access(t, false, "", false), policy.Admin, false),
		set(cli, outside, policy.Admin, false)} {
		if err != nil {
			t.Error(err)
		}
	}
	a, err := other.Access(ctx)
	if err != nil || !a.Enabled || a.Ranges.String() != "198.51.100.0/24" || !a.CustomersBypass {
		t.Errorf("another process reads %+v, %v", a, err)
	}
	again, err := other.Access(ctx)
	if err != nil || again.Ranges != a.Ranges {
		t.Errorf("read and parsed again though nothing changed, %v", err)
	}
	const none = `{"enabled":false,"ranges":"","customers_bypass":false}`
	const out = `{"enabled":true,"ranges":"198.51.100.0/24","customers_bypass":true}`
	const in = `{"enabled":true,"ranges":"192.0.2.*  2001:db8::/32","customers_bypass":false}`
	want := fmt.Sprintf("access.set access %s %s\naccess.set access %[2]s %s\n"+
		"access.set access %[3]s %[1]s\naccess.set access %[1]s %[3]s", none, in, out)
	if got := f.audited(); got != want {
		t.Errorf("the log is\n%s\nwant\n%s", got, want)
	}
}

// Who has read other restrictions than those that stand replaces nothing, but for who says
// what stands already.
func TestAccessChangedMeanwhile(t *testing.T) {
	ctx := context.Background()
	f := openAt(t, filepath.Join(t.TempDir(), "gatepost.db"))
	mine, theirs := access(t, true, "192.0.2.0/24", false), access(t, true, "192.0.2.9", false)
	_, seen, err := f.AccessAt(ctx)
	if err != nil {
		t.Fatal(err)
	}
	set := func(seen int64, a policy.Access) error {
		return f.editor().SetAccess(ctx, seen, a, netip.MustParseAddr("192.0.2.9"),
			policy.Admin, false)
	}
	if err := set(seen, theirs); err != nil {
		t.Fatal(err)
	}
	for why, c := range map[string]struct{ got, want error }{
		"another":  {set(seen, mine), ErrAccessChanged},
		"the same": {set(seen, theirs), nil},
	} {
		if !errors.Is(c.got, c.want) {
			t.Errorf("%s: %v, want %v", why, c.got, c.want)
		}
	}
	a, now, err := f.AccessAt(ctx)
	if err != nil || a.Ranges.String() != "192.0.2.9" || now != seen+1 {
		t.Errorf("%s at %d after %d, %v", a.Ranges, now, seen, err)
	}
	for _, seen := range []int64{now, AnyGeneration} {
		if err := set(seen, mine); err != nil {
			t.Errorf("at %d: %v", seen, err)
		}
		mine = theirs
	}
}

// Two who have read the same each change a part: neither loses what the other changed.
func TestChangeAccessInParts(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "gatepost.db")
	one, two := openAt(t, path), openAt(t, path)
	ranges := access(t, false, "192.0.2.0/24", false).Ranges
	change := func(f *fixture, do func(*policy.Access)) {
		t.Helper()
		_, _, err := f.By(Actor{Name: "root", Via: "cli"}).ChangeAccess(ctx, AnyGeneration,
			func(a policy.Access) policy.Access { do(&a); return a }, netip.Addr{}, policy.Admin, false)
		if err != nil {
			t.Error(err)
		}
	}
	for _, f := range []*fixture{one, two} { // both have read what stands at first
		if _, err := f.Access(ctx); err != nil {
			t.Fatal(err)
		}
	}
	change(one, func(a *policy.Access) { a.Ranges = ranges })
	change(two, func(a *policy.Access) { a.Enabled = true })
	change(one, func(a *policy.Access) { a.CustomersBypass = true })
	a, generation, err := two.AccessAt(ctx)
	if err != nil || !a.Enabled || a.Ranges.String() != "192.0.2.0/24" || !a.CustomersBypass ||
		generation != 3 {
		t.Errorf("%+v at %d, %v", a, generation, err)
	}
	a, now, err := one.editor().ChangeAccess(ctx, generation, func(a policy.Access) policy.Access {
		a.Enabled = false
		return a
	}, netip.Addr{}, policy.Admin, false)
	if err != nil || a.Enabled || now != generation+1 {
		t.Errorf("became %+v at %d, %v", a, now, err)
	}
}
