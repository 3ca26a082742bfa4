package store

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"

	"gatepost/policy"
)

// The id of a profile that was removed is nobody else's: sessions and scripts name it.
func TestUserIDsAreNotUsedAgain(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	seen := map[int64]bool{}
	for range 3 {
		for _, name := range []string{"ann@acme.test", "bob@acme.test"} {
			u, err := f.User(ctx, f.person(name, "", policy.EndUser))
			if err != nil || seen[u.ID] {
				t.Errorf("id %d again, %v", u.ID, err)
			}
			seen[u.ID] = true
			if again, err := f.UserByID(ctx, u.ID); err != nil || again != u {
				t.Errorf("by id: %+v, %v", again, err)
			}
		}
		for _, name := range []string{"ann@acme.test", "bob@acme.test"} {
			if err := f.editor().RemoveUser(ctx, address(t, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := f.UserByID(ctx, 1); !errors.Is(err, ErrNotFound) {
		t.Errorf("removed: %v", err)
	}
}

// Two that each suspend the other of the last two admins do not both succeed.
func TestLastAdminWhileOthersChange(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "gatepost.db")
	f, other := openAt(t, path), openAt(t, path)
	ann, bob := f.person("ann@acme.test", "", policy.Admin), f.person("bob@acme.test", "", policy.Admin)
	errs := make([]error, 2)
	var both sync.WaitGroup
	both.Go(func() { errs[0] = f.editor().SetRole(ctx, ann, policy.Agent) })
	both.Go(func() { errs[1] = other.editor().RemoveUser(ctx, bob) })
	both.Wait()
	if (errs[0] == nil) == (errs[1] == nil) || !errors.Is(errors.Join(errs...), ErrLastAdmin) {
		t.Errorf("%v", errs)
	}
}

// The last admin who can sign in stays, though others are admins by name: nobody at all
// signs in while no admin does.
func TestLastAdminWithPassword(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	ann := f.person("ann@acme.test", "", policy.Admin)
	bob := f.person("bob@acme.test", "", policy.Admin)
	set := func(of string, hash string) {
		t.Helper()
		if err := f.editor().SetPassword(ctx, address(t, of), hash); err != nil {
			t.Fatal(err)
		}
	}
	set("ann@acme.test", "a hash")
	gone := f.person("gone@acme.test", "", policy.Admin)
	set("gone@acme.test", "a hash")
	if err := f.editor().SetSuspended(ctx, gone, true); err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{
		"suspended": f.editor().SetSuspended(ctx, ann, true), "removed": f.editor().RemoveUser(ctx, ann),
		"demoted": f.editor().SetRole(ctx, ann, policy.Agent),
		"without": f.editor().SetPassword(ctx, ann, ""),
	} {
		if !errors.Is(err, ErrLastAdmin) {
			t.Errorf("%s: %v", what, err)
		}
	}
	f.checkAdmin("after all", true)
	if err := f.editor().SetRole(ctx, bob, policy.Agent); err != nil {
		t.Errorf("an admin who cannot sign in: %v", err)
	}
	if err := f.editor().SetRole(ctx, bob, policy.Admin); err != nil {
		t.Fatal(err)
	}
	set("bob@acme.test", "a hash")
	if err := f.editor().SetPassword(ctx, ann, ""); err != nil {
		t.Errorf("one of two: %v", err)
	}
}
