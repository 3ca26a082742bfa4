package store

import (
	"context"
	"errors"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"testing"

	"gatepost/message"
	"gatepost/policy"
)

var client = netip.MustParseAddr("192.0.2.9")

// person makes a profile with a password.
func (f *fixture) person(email, password string, role policy.Role) message.Address {
	f.Helper()
	a := address(f, email)
	hash := ""
	if password != "" {
		hash = HashPassword(password)
	}
	err := f.editor().AddUser(context.Background(), NewUser{Email: a, Role: role, Password: hash})
	if err != nil {
		f.Fatal(err)
	}
	return a
}

func TestSignIn(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	admin := f.person("admin@acme.test", "", policy.Admin)
	f.checkAdmin("without a password", false)
	if err := f.editor().SetPassword(ctx, admin, HashPassword("first")); err != nil {
		t.Fatal(err)
	}
	f.checkAdmin("with a password", true)
	f.person("ann@acme.test", "horse", policy.EndUser)
	f.person("gone@acme.test", "horse", policy.Agent)
	f.person("none@acme.test", "", policy.Agent)
	if err := f.editor().SetSuspended(ctx, address(t, "gone@acme.test"), true); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		email, password string
		right           bool
	}{
		{"ann@acme.test", "horse", true}, {"Ann@ACME.test", "horse", true},
		{"admin@acme.test", "first", true}, {"ann@acme.test", "Horse", false},
		{"ann@acme.test", "", false}, {"gone@acme.test", "horse", false},
		{"none@acme.test", "", false}, {"nobody@acme.test", "horse", false},
		{"nobody@acme.test", "", false},
	} {
		u, err := f.SignIn(ctx, address(t, c.email), c.password, netip.Addr{})
		if c.right && (err != nil || u.Email != strings.ToLower(c.email)) ||
			!c.right && (!errors.Is(err, ErrWrongPassword) || u != User{}) {
			t.Errorf("%s with %q: %+v, %v", c.email, c.password, u, err)
		}
	}
}

func (f *fixture) checkAdmin(when string, want bool) {
	f.Helper()
	if is, err := f.HasAdmin(context.Background()); err != nil || is != want {
		f.Errorf("%s: %t, %v", when, is, err)
	}
}

// Who has no profile, or may not sign in, is answered as late as a wrong password.
func TestSignInTakesAsLong(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	f.person("ann@acme.test", "horse", policy.EndUser)
	f.person("none@acme.test", "", policy.EndUser)
	for _, name := range []string{"ann", "none", "nobody"} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := f.SignIn(ctx, address(t, name+"@acme.test"), "wrong", netip.Addr{})
		runtime.ReadMemStats(&after)
		if !errors.Is(err, ErrWrongPassword) {
			t.Error(err)
		}
		// A clock would tell of the machine: what a hash costs beside time is memory.
		hash := uint64(argonNow.Memory) << 10
		if took := after.TotalAlloc - before.TotalAlloc; took < hash || took > 2*hash {
			t.Errorf("%s: %d octets were taken, and one hash takes %d", name, took, hash)
		}
	}
}

// However many sign in, one password is checked at a time and few wait.
func TestSignInsAtOnce(t *testing.T) {
	f := open(t)
	ann := f.person("ann@acme.test", "horse", policy.EndUser)
	ctx, cancel := context.WithCancel(context.Background())
	if err := f.signIns.enter(ctx, client, false); err != nil { // somebody's password is being checked
		t.Fatal(err)
	}
	var waiting sync.WaitGroup
	outcomes := make(chan error, 3*maxSignIns)
	for range cap(outcomes) {
		waiting.Go(func() {
			_, err := f.SignIn(ctx, ann, "horse", netip.Addr{})
			outcomes <- err
		})
	}
	for range cap(outcomes) - maxSignIns { // the others wait
		if err := <-outcomes; !errors.Is(err, ErrBusy) {
			t.Errorf("too many: %v", err)
		}
	}
	cancel()
	waiting.Wait()
	for range maxSignIns {
		if err := <-outcomes; !errors.Is(err, context.Canceled) {
			t.Errorf("one that waited: %v", err)
		}
	}
	f.signIns.leave()
	if _, err := f.SignIn(context.Background(), ann, "horse", netip.Addr{}); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}
