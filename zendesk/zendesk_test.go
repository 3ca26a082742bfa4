package zendesk_test

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gatepost/message"
	"gatepost/policy"
	"gatepost/store"
	"gatepost/store/storetest/place"
	"gatepost/zendesk"
)

func open(t testing.TB) *store.DB {
	t.Helper()
	db, err := store.Open(place.At(t, filepath.Join(t.TempDir(), "gatepost.db")), store.Options{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func read(t testing.TB, files map[string][]byte) *zendesk.Export {
	t.Helper()
	e := &zendesk.Export{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := e.Read(name, files[name]); err != nil {
			t.Fatal(err)
		}
	}
	return e
}

func apply(t testing.TB, db *store.DB, e *zendesk.Export, staff ...message.Address) *zendesk.Plan {
	t.Helper()
	p, err := e.Plan(context.Background(), db, staff)
	if err == nil {
		err = p.Apply(context.Background(), db.By(store.Server()))
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// state is all that an import changes.
func state(t testing.TB, db *store.DB) string {
	t.Helper()
	ctx := context.Background()
	var b strings.Builder
	for u, err := range db.Users(ctx, "") {
		fmt.Fprintln(&b, u.ID, u.Email, u.Name, u.Role, u.Suspended, u.MadeBy, u.UpdatedAt, err)
	}
	for o, err := range db.Organizations(ctx) {
		fmt.Fprintln(&b, o, err)
	}
	for _, list := range []policy.ListName{policy.Allow, policy.Block} {
		for r, err := range db.Rules(ctx, list) {
			fmt.Fprintln(&b, list, r, err)
		}
	}
	generation, err := db.Generation(ctx)
	fmt.Fprintln(&b, generation, err)
	for e, err := range db.AuditLog(ctx, store.AuditQuery{}) {
		fmt.Fprintln(&b, e.ID, e.Action, err)
	}
	return b.String()
}

// An export of 20,000 users with every oddity comes to what it should, and to the same when it
// is imported once more.
func TestImportTwice(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes the time of many other tests")
	}
	db, m := open(t), makeExport(t)
	e := read(t, m.files)
	if e.Left != nil {
		t.Fatalf("left out: %+v", e.Left[:min(len(e.Left), 5)])
	}
	p := apply(t, db, e)
	want := zendesk.UserPlan{Rows: manyUsers, New: m.profiles, Suspended: m.suspended,
		Nowhere: m.nowhere, Deleted: m.deleted, Twice: m.twice}
	got := p.Users
	if agents := len(got.Unnamed); agents != manyUsers/100 {
		t.Errorf("%d agents came as end-users", agents)
	}
	got.Staff, got.Unnamed, got.Admins = nil, nil, nil
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("users %+v, want %+v", got, want)
	}
	if o := p.Organizations; o.New != 600 || o.Entries != 900 {
		t.Errorf("organisations %+v", o)
	}
	if p.Allow.New < 600 || p.Block.New != p.Allow.New {
		t.Errorf("lists %+v, %+v", p.Allow, p.Block)
	}
	mendedUsers := slices.DeleteFunc(slices.Clone(p.Mended), func(f zendesk.Finding) bool {
		return !strings.HasPrefix(f.File, "users")
	})
	if len(mendedUsers) != 2*manyUsers/100 {
		t.Errorf("%d addresses of users were mended", len(mendedUsers))
	}
	stands := state(t, db)
	if n := strings.Count(stands, " true import "); n != m.suspended {
		t.Errorf("%d profiles are suspended, want %d", n, m.suspended)
	}
	if strings.Contains(stands, "trap") || strings.Contains(stands, " agent ") {
		t.Error("a field of the help desk's own became a profile, or somebody an agent")
	}
	if again := apply(t, db, read(t, m.files)); again.Changes() || state(t, db) != stands {
		t.Errorf("again: %+v", again.Users)
	}
}

func BenchmarkImport(b *testing.B) {
	m := makeExport(b)
	for b.Loop() {
		apply(b, open(b), read(b, m.files))
	}
}
