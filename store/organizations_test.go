package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"gatepost/policy"
)

func (f *fixture) addOrgs(orgs ...NewOrganization) OrganizationsDone {
	f.Helper()
	did, err := f.editor().AddOrganizations(context.Background(), orgs...)
	if err != nil {
		f.Fatal(err)
	}
	return did
}

// org is what an organisation is to have.
func org(t testing.TB, name, domains string) NewOrganization {
	t.Helper()
	return NewOrganization{name, parse(t, policy.Org, domains)}
}

func (f *fixture) orgs() string {
	f.Helper()
	var lines []string
	for _, o := range all(f, f.Organizations(context.Background())) {
		lines = append(lines, fmt.Sprintf("%d %s: %s", o.ID, o.Name, strings.Join(o.Domains, " ")))
	}
	return strings.Join(lines, "; ")
}

// What one process changes of organisations, the next message of another sees.
func TestOrganizationsApplyAtOnce(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "gatepost.db")
	server, cli := openAt(t, path), openAt(t, path)
	server.rules(policy.Block, "acme.test")
	outcome := func(want string) {
		t.Helper()
		r, _ := server.receive(mail("a@acme.test", "x", ""))
		if got := r.Decision.Why(); !strings.Contains(got, want) {
			t.Errorf("%s, want %s", got, want)
		}
	}
	outcome("acme.test is on the blocklist")
	cli.addOrgs(org(t, "Zeta", "acme.test"))
	outcome("the organisation Zeta has acme.test")
	cli.addOrgs(org(t, "Beta", "x.test ACME.test"))
	outcome("the organisation Beta has acme.test") // the first by name
	if err := cli.editor().SetOrganization(ctx, 2, org(t, "Beta 2", "acme.test")); err != nil {
		t.Fatal(err)
	}
	outcome("the organisation Beta 2 has acme.test")
	if err := cli.editor().RemoveOrganization(ctx, 2); err != nil {
		t.Fatal(err)
	}
	outcome("the organisation Zeta has acme.test")
	_, err := cli.editor().TakeFromOrganization(ctx, 1, parse(t, policy.Org, "acme.test"))
	if err != nil {
		t.Fatal(err)
	}
	outcome("acme.test is on the blocklist")
	cli.addOrgs(org(t, "Zeta", "acme.test"))
	unlock, err := cli.Lock(ctx) // which forgets what was removed
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	outcome("the organisation Zeta has acme.test")
	if got := cli.orgs(); got != "1 Zeta: acme.test" {
		t.Errorf("there are %s", got)
	}
}

func TestAddOrganizations(t *testing.T) {
	f := open(t)
	two := []NewOrganization{org(t, "Acme", `acme.test "a b"@free.test`), org(t, "Bücher", "bücher.test")}
	if did := f.addOrgs(two...); did != (OrganizationsDone{Made: 2, Entries: 3}) {
		t.Errorf("made %+v", did)
	}
	entry, generation := f.lastAudit(), f.generation()
	if did := f.addOrgs(two...); did != (OrganizationsDone{}) || f.lastAudit() != entry ||
		f.generation() != generation {
		t.Errorf("again: %+v, audit entry %d, generation %d", did, f.lastAudit(), f.generation())
	}
	if did := f.addOrgs(org(t, "Acme", "acme.test mail.test")); did != (OrganizationsDone{Entries: 1}) {
		t.Errorf("one more: %+v", did)
	}
	const want = `1 Acme: acme.test "a b"@free.test mail.test; 2 Bücher: bücher.test`
	if got := f.orgs(); got != want {
		t.Errorf("there are\n%s, want\n%s", got, want)
	}
}

func (f *fixture) generation() int64 {
	f.Helper()
	n, err := f.Generation(context.Background())
	if err != nil {
		f.Fatal(err)
	}
	return n
}

// Each change can be undone, and that again, unless somebody has changed the same since.
func TestUndoOrganizations(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	h := f.editor()
	f.addOrgs(org(t, "Acme", "acme.test"), org(t, "Beta", "beta.test"))
	added := f.lastAudit()
	undo := func(id int64, want string) {
		t.Helper()
		if err := h.Undo(ctx, id); err != nil {
			t.Fatal(err)
		}
		if got := f.orgs(); got != want {
			t.Errorf("after undoing %d: %s, want %s", id, got, want)
		}
	}
	if err := h.RemoveOrganization(ctx, 2); err != nil {
		t.Fatal(err)
	}
	removed := f.lastAudit()
	if err := h.Undo(ctx, added); !errors.Is(err, ErrCannotUndo) {
		t.Errorf("undo of what has changed: %v", err)
	}
	undo(removed, "1 Acme: acme.test; 2 Beta: beta.test")
	undo(f.lastAudit(), "1 Acme: acme.test")
	undo(f.lastAudit(), "1 Acme: acme.test; 2 Beta: beta.test")
	undo(added, "")
	f.rules(policy.Block, "beta.test")
	undo(f.lastAudit()-1, "1 Acme: acme.test; 2 Beta: beta.test")
	r, _ := f.receive(mail("x@beta.test", "x", ""))
	if got := r.Decision.Why(); !strings.Contains(got, "the organisation Beta has beta.test") {
		t.Errorf("a message is decided by %s", got)
	}
	if err := h.SetOrganization(ctx, 1, org(t, "Gamma", "acme.test")); err != nil {
		t.Fatal(err)
	}
	renamed := f.lastAudit()
	f.addOrgs(org(t, "Acme", "other.test"))
	if err := h.Undo(ctx, renamed); !errors.Is(err, ErrCannotUndo) || !errors.Is(err, ErrExists) {
		t.Errorf("undo where another has the name: %v", err)
	}
	if got := f.orgs(); got != "3 Acme: other.test; 2 Beta: beta.test; 1 Gamma: acme.test" {
		t.Errorf("there are %s", got)
	}
}

// What is refused changes nothing.
func TestOrganizationsRefused(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	f.addOrgs(org(t, "Acme", "acme.test"), org(t, "Beta", "beta.test"))
	was, generation := f.orgs(), f.generation()
	h := f.editor()
	if err := h.SetOrganization(ctx, 1, org(t, "Beta", "")); !errors.Is(err, ErrExists) {
		t.Errorf("the name of another: %v", err)
	}
	if err := h.SetOrganization(ctx, 9, org(t, "Gamma", "")); !errors.Is(err, ErrNotFound) {
		t.Errorf("none of that id: %v", err)
	}
	if err := h.RemoveOrganization(ctx, 9); !errors.Is(err, ErrNotFound) {
		t.Errorf("none to remove: %v", err)
	}
	missing, err := h.TakeFromOrganization(ctx, 1, parse(t, policy.Org, "acme.test x.test"))
	if !errors.Is(err, ErrNotFound) || len(missing) != 1 || missing[0].Target != "x.test" {
		t.Errorf("what it has not: %v, %v", missing, err)
	}
	if f.orgs() != was || f.generation() != generation {
		t.Errorf("there are %s, generation %d", f.orgs(), f.generation())
	}
	for name, refused := range map[string]bool{"": true, "a\nb": true, " a": true, "a\u202eb": true,
		strings.Repeat("a", 256): true, "Bücher & Co. | 2": false} {
		if err := CheckOrganization(name); (err != nil) != refused {
			t.Errorf("%q: %v", name, err)
		}
	}
}
