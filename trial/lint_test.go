package trial_test

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"gatepost/lint"
	"gatepost/policy"
	"gatepost/store"
	"gatepost/store/storetest/place"
	"gatepost/trial"
)

// What is odd about one entry is what is odd about it among all of them, its life too; about what
// is not there nothing is.
func TestLintEntry(t *testing.T) {
	now := time.Now()
	db, err := store.Open(place.At(t, filepath.Join(t.TempDir(), "gatepost.db")), store.Options{Create: true,
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
	ends := now.Add(time.Hour)
	brief, err := policy.ParseEntries(policy.Block, "brief.test reject:gmx.de ann@brief.test")
	_, err2 = h.AddRules(ctx, policy.Block, brief, store.Life{ExpiresAt: &ends})
	lasting, err3 := policy.ParseEntries(policy.Block, "suspend:mail.acme.test")
	_, err4 := h.AddRules(ctx, policy.Block, lasting, store.Life{})
	if err := errors.Join(err, err2, err3, err4); err != nil {
		t.Fatal(err)
	}
	now = now.Add(store.UnmetAfter + time.Hour)
	found, err := trial.Lint(ctx, db)
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, f := range found {
		said = append(said, f.Kind.String()+" "+f.Entry.String())
		alone, err := trial.LintEntry(ctx, db, f.Entry)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(alone, func(g lint.Finding) bool { return f.String() == g.String() }) {
			t.Errorf("not found alone: %s", f)
		}
	}
	// The warnings first, then kind by kind; of what is expired nothing else is said.
	want := []string{"beaten mail.acme.test", "covered eu.acme.test", "covered mail.acme.test",
		"expired ann@brief.test", "expired brief.test", "expired reject:gmx.de",
		"unmet mail.acme.test", "unmet suspend:mail.acme.test", "unmet old.test"}
	if !slices.Equal(said, want) {
		t.Errorf("found\n%q, want\n%q", said, want)
	}
	missing := trial.On(policy.Block, []policy.Entry{{Target: "gmail.com",
		Keyword: policy.RejectKeyword}})[0]
	none, err := trial.LintEntry(ctx, db, missing)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range none {
		t.Errorf("of what is not there: %s", f)
	}
}
