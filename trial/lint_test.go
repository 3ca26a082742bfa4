package trial_test

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"gatepost/lint"
	"gatepost/policy"
	"gatepost/store"
	"gatepost/trial"
)

// What is odd about one entry is what is odd about it among all of them, its life too; about what
// is not there nothing is.
func TestLintEntry(t *testing.T) {
	now := time.Now()
	db, err := store.Open(filepath.Join(t.TempDir(), "gatepost.db"), store.Options{Create: true,
		Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ctx, h := t.Context(), db.By(store.Server())
	entries, err := policy.ParseEntries(policy.Allow, "old.test mail.acme.test")
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.AddRules(ctx, policy.Allow, entries, store.Life{})
	_, err2 := h.AddOrganizations(ctx, store.NewOrganization{Name: "Acme",
		Entries: []policy.Entry{{Target: "acme.test"}, {Target: "eu.acme.test"}}})
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	now = now.Add(store.UnmetAfter + time.Hour)
	found := 0
	for f, err := range trial.Lint(ctx, db) {
		if err != nil {
			t.Fatal(err)
		}
		found++
		asked := f.Entry
		asked.Unmet = false // who asks does not know
		alone, err := trial.LintEntry(ctx, db, asked)
		if err != nil {
			t.Fatal(err)
		}
		if !has(alone, f) {
			t.Errorf("not found alone: %s", f)
		}
	}
	if found != 4 { // one covered by the organisation, one in it, and two unmet
		t.Errorf("%d findings", found)
	}
	missing := trial.On(policy.Block, []policy.Entry{{Target: "gmail.com",
		Keyword: policy.RejectKeyword}})[0]
	none, err := trial.LintEntry(ctx, db, missing)
	if err != nil {
		t.Fatal(err)
	}
	for f := range none {
		t.Errorf("of what is not there: %s", f)
	}
}

func has(all func(func(lint.Finding) bool), want lint.Finding) bool {
	for f := range all {
		if f == want {
			return true
		}
	}
	return false
}
