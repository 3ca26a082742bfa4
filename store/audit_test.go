package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"gatepost/policy"
)

// editor is that of an admin at the console.
func (f *fixture) editor() *Editor {
	return f.By(Actor{Name: "admin@acme.test", Via: "console", Client: "192.0.2.9"})
}

// audited is the audit log, oldest first, an entry a line.
func (f *fixture) audited() string {
	f.Helper()
	var lines []string
	for _, e := range all(f, f.AuditLog(context.Background(), AuditQuery{})) {
		lines = append([]string{fmt.Sprintf("%s %s %s %s", e.Action, e.Subject, e.Before, e.After)},
			lines...)
	}
	return strings.Join(lines, "\n")
}

// Each change is in the log as it was made, without secrets; what changes nothing is not.
func TestAudit(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	ann, bob := address(t, "ann@acme.test"), address(t, "bob@acme.test")
	h := f.editor()
	f.receive(mail("held@held.test", "secretsubject", "secretbody"))
	f.rules(policy.Block, "held.test")
	var ids []int64
	for range 3 {
		r, id := f.receive(mail("eve@held.test", "secretsubject", "secretbody"))
		r.ID, ids = "", append(ids, id)
	}
	token := Token{}
	for _, change := range []func() error{
		func() error { return h.AddUser(ctx, NewUser{Email: ann, Name: "Ann", Role: policy.Admin}) },
		func() error { _, err := h.ImportUsers(ctx, []NewUser{{Email: ann}, {Email: bob}}); return err },
		func() error { _, err := h.ImportUsers(ctx, []NewUser{{Email: ann}, {Email: bob}}); return err },
		func() error { return h.SetRole(ctx, bob, policy.Agent) },
		func() error { return h.SetRole(ctx, bob, policy.Agent) },
		func() error { return h.Rename(ctx, bob, "Bob\x00") },
		func() error { return h.SetPassword(ctx, bob, HashPassword("secretword")) },
		func() error { return h.SetSuspended(ctx, bob, true) },
		func() error { return h.SetSuspended(ctx, bob, true) },
		func() error { return h.SetSuspended(ctx, bob, false) },
		func() (err error) {
			token, _, err = h.AddToken(ctx, NewToken{Owner: bob, Name: "script"})
			return err
		},
		func() error { return h.RevokeToken(ctx, token.ID) },
		func() error { return h.RevokeToken(ctx, token.ID) },
		func() error { return h.RemoveUser(ctx, bob) },
		func() error { _, err := h.Recover(ctx, ids[0]); return err },
		func() error { _, err := h.RecoverMany(ctx, ids[:2]); return err },
		func() error { _, err := h.DeleteSuspended(ctx, ids[2:]); return err },
	} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
	}
	want := `rules.add block null {"count":1,"entries":["held.test"]}
user.add ann@acme.test null {"name":"Ann","role":"admin","suspended":false,"password":false}
user.import  null {"count":1,"entries":["bob@acme.test"],"roles":{"end-user":1}}
user.role bob@acme.test {"role":"end-user"} {"role":"agent"}
user.rename bob@acme.test {"name":""} {"name":"Bob` + "\uFFFD" + `"}
user.password bob@acme.test null {"password":true}
user.suspend bob@acme.test {"suspended":false} {"suspended":true}
user.unsuspend bob@acme.test {"suspended":true} {"suspended":false}
token.add 1 null {"owner":"bob@acme.test","name":"script","expires_at":null}
token.revoke 1 {"owner":"bob@acme.test","name":"script","expires_at":null} null
user.remove bob@acme.test {"name":"Bob` + "\uFFFD" + `","role":"agent","suspended":false,"password":true} null
suspended.recover 2 {"decision_id":"…","author":"eve@held.test","cause":"blocklisted"} {"ticket":5,"made_profile":true}
suspended.recover 3 {"decision_id":"…","author":"eve@held.test","cause":"blocklisted"} {"ticket":6,"made_profile":false}
suspended.delete 4 {"decision_id":"…","author":"eve@held.test","cause":"blocklisted"} null`
	if got := withoutDecisions(f.audited()); got != want {
		t.Errorf("the log is\n%s\nwant\n%s", got, want)
	}
	for _, secret := range []string{"secret", "argon"} {
		if strings.Contains(f.audited(), secret) {
			t.Errorf("%s is in the log", secret)
		}
	}
	e := all(t, f.AuditLog(ctx, AuditQuery{Subject: "bob@acme.test", Limit: 2, Before: 8}))
	if len(e) != 2 || e[0].ID != 7 || e[1].Action != "user.password" || e[1].Via != "console" ||
		e[1].Actor != "admin@acme.test" || e[1].Client != "192.0.2.9" || !e[1].At.Equal(noon) {
		t.Errorf("%+v", e)
	}
}

func withoutDecisions(log string) string {
	lines := strings.Split(log, "\n")
	for i, line := range lines {
		before, after, found := strings.Cut(line, `"decision_id":"`)
		if found {
			_, after, _ = strings.Cut(after, `"`)
			lines[i] = before + `"decision_id":"…"` + after
		}
	}
	return strings.Join(lines, "\n")
}

// A change that fails leaves no trace in the log, and one that cannot be logged is not made.
func TestAuditedInOneTransaction(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	h, ann := f.editor(), address(t, "ann@acme.test")
	_, err1 := h.RemoveRules(ctx, policy.Block, parse(t, policy.Block, "gone.test"), "")
	_, err2 := h.DeleteSuspended(ctx, []int64{7})
	_, err3 := h.Recover(ctx, 7)
	err4 := h.RemoveUser(ctx, ann)
	for i, err := range []error{err1, err2, err3, err4} {
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("%d: %v", i, err)
		}
	}
	if got := f.audited(); got != "" {
		t.Errorf("the log has %s", got)
	}
	f.refuse("audit")
	_, err := h.AddRules(ctx, policy.Block, parse(t, policy.Block, "a.test"), Life{})
	if err == nil || f.text(policy.Block) != "" {
		t.Errorf("%v, the list is %q", err, f.text(policy.Block))
	}
	if err := h.AddUser(ctx, NewUser{Email: ann}); err == nil {
		t.Error("a profile was made")
	}
	if _, err := f.User(ctx, ann); !errors.Is(err, ErrNotFound) {
		t.Errorf("there is a profile: %v", err)
	}
}

func (f *fixture) script(text string) {
	f.Helper()
	err := f.writer.do(context.Background(), func(t *tx) error { return t.script(text) })
	if err != nil {
		f.Fatal(err)
	}
}

// Not even SQL changes the log, but that an entry is undone once.
func TestAuditIsAppendOnly(t *testing.T) {
	f := open(t)
	f.rules(policy.Block, "a.test", "b.test")
	_, id := f.receive(mail("x@a.test", "x", "x"))
	if _, err := f.editor().Recover(context.Background(), id); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{`delete from audit`, `update audit set actor = 'nobody'`,
		`update audit set after = null`, `update audit set undone_by = 1, id = 9`,
		`update audit set undone_by = null`, `update audit set at = at + 1, undone_by = 1`,
		`delete from audit_rules`, `update audit_rules set target = 'c.test'`,
		`delete from audit_mail`, `update audit_mail set author = ''`} {
		err := f.writer.do(context.Background(), func(t *tx) error { return t.script(text) })
		if err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, table := range []string{"audit", "audit_rules", "audit_mail"} {
		again := `insert or replace into ` + table + ` select * from ` + table
		if f.isPostgres() { // which has a trigger for this
			again = `truncate ` + table + ` cascade`
		}
		err := f.writer.do(context.Background(), func(t *tx) error { return t.script(again) })
		if err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("%s: %v", again, err)
		}
	}
	f.script(`update audit set undone_by = 1`)
	err := f.writer.do(context.Background(), func(t *tx) error {
		return t.script(`update audit set undone_by = 2`)
	})
	if err == nil {
		t.Error("undone twice")
	}
}
