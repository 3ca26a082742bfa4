package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"gatepost/message"
	"gatepost/policy"
)

// session begins one of a profile.
func (f *fixture) session(a message.Address) string {
	f.Helper()
	u, err := f.User(context.Background(), a)
	if err != nil {
		f.Fatal(err)
	}
	token, err := f.NewSession(context.Background(), u, client, "Browser/1")
	if err != nil {
		f.Fatal(err)
	}
	return token
}

// useSession does something in one.
func (f *fixture) useSession(token string) error {
	s, err := f.Session(context.Background(), token)
	if err == nil {
		f.UseSession(context.Background(), s)
	}
	return err
}

// What ends a session, and what does not.
func TestSession(t *testing.T) {
	ctx := context.Background()
	for name, c := range map[string]struct {
		does func(f *fixture, ann message.Address, token string) error
		ends bool
	}{
		"nothing": {func(*fixture, message.Address, string) error { return nil }, false},
		"sign-out": {func(f *fixture, _ message.Address, token string) error {
			return errors.Join(f.EndSession(ctx, token), f.EndSession(ctx, token))
		}, true},
		"another's sign-out": {func(f *fixture, ann message.Address, _ string) error {
			return f.EndSession(ctx, f.session(ann))
		}, false},
		"12 idle hours": {func(f *fixture, _ message.Address, _ string) error {
			f.clock = f.clock.Add(sessionIdle)
			return nil
		}, true},
		"7 days in use": {func(f *fixture, _ message.Address, token string) error {
			for range 7 * 3 {
				if err := f.useSession(token); err != nil {
					return fmt.Errorf("too early, at %s: %w", f.clock, err)
				}
				f.clock = f.clock.Add(8 * time.Hour)
			}
			return nil
		}, true},
		"a day in use": {func(f *fixture, _ message.Address, token string) error {
			for range 3 {
				f.clock = f.clock.Add(8 * time.Hour)
				if err := f.useSession(token); err != nil {
					return err
				}
			}
			_, err := f.Purge(ctx, Expiry{})
			return err
		}, false},
		"12 hours looked at and not used": {func(f *fixture, _ message.Address, token string) error {
			f.clock = f.clock.Add(8 * time.Hour)
			_, err := f.Session(ctx, token)
			f.clock = f.clock.Add(4 * time.Hour)
			return err
		}, true},
		"suspended": {func(f *fixture, ann message.Address, _ string) error {
			return f.editor().SetSuspended(ctx, ann, true)
		}, true},
		"suspended for a while": {func(f *fixture, ann message.Address, _ string) error {
			return errors.Join(f.editor().SetSuspended(ctx, ann, true), f.editor().SetSuspended(ctx, ann, false))
		}, true},
		"another password": {func(f *fixture, ann message.Address, _ string) error {
			return f.editor().SetPassword(ctx, ann, HashPassword("horse"))
		}, true},
		"removed and made again": {func(f *fixture, ann message.Address, _ string) error {
			return errors.Join(f.editor().RemoveUser(ctx, ann),
				f.editor().AddUser(ctx, NewUser{Email: ann}))
		}, true},
		"another role": {func(f *fixture, ann message.Address, _ string) error {
			return f.editor().SetRole(ctx, ann, policy.Agent)
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			f := open(t)
			ann := f.person("ann@acme.test", "", policy.EndUser)
			token := f.session(ann)
			if err := c.does(f, ann, token); err != nil {
				t.Fatal(err)
			}
			s, err := f.Session(ctx, token)
			if c.ends && (!errors.Is(err, ErrNotFound) || s.User != User{}) {
				t.Errorf("it goes on: %+v, %v", s, err)
			}
			if !c.ends && (err != nil || s.User.Email != "ann@acme.test") {
				t.Errorf("it ended: %+v, %v", s, err)
			}
		})
	}
}

// Somebody who signed in while their password was changed gets no session.
func TestSessionOfAnOldPassword(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	ann := f.person("ann@acme.test", "horse", policy.EndUser)
	u, err := f.SignIn(ctx, ann, "horse", client)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.editor().SetPassword(ctx, ann, HashPassword("battery")); err != nil {
		t.Fatal(err)
	}
	if _, err := f.NewSession(ctx, u, client, ""); !errors.Is(err, ErrNotFound) {
		t.Errorf("there is a session: %v", err)
	}
}

// Secrets are not in the database, and what ended is purged from it.
func TestSessionsAreKeptAsHashes(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	ann := f.person("ann@acme.test", "", policy.EndUser)
	var tokens []string
	for range mostSessions + 3 {
		f.clock = f.clock.Add(time.Second)
		u, err := f.User(ctx, ann)
		if err != nil {
			t.Fatal(err)
		}
		token, err := f.NewSession(ctx, u, client, strings.Repeat("ü", 999))
		if err != nil {
			t.Fatal(err)
		}
		tokens = append(tokens, token)
	}
	for i, token := range tokens {
		if _, err := f.Session(ctx, token); (err != nil) != (i < 3) {
			t.Errorf("session %d of %d: %v", i, len(tokens), err)
		}
	}
	_, secret, err := f.editor().AddToken(ctx, NewToken{Owner: ann})
	if err != nil {
		t.Fatal(err)
	}
	if !f.inFiles("ann@acme.test") {
		t.Error("not even her address is in the database: the test is blind")
	}
	for _, s := range append(tokens, secret, strings.TrimPrefix(secret, "gatepost_")) {
		if f.inFiles(s) {
			t.Fatalf("%s is in the database", s)
		}
	}
	f.clock = f.clock.Add(sessionIdle)
	if _, err := f.Purge(ctx, Expiry{}); err != nil {
		t.Fatal(err)
	}
	n, err := one(ctx, f.DB, scanCount, `select count(*) from sessions`)
	if err != nil || n != 0 {
		t.Errorf("%d sessions are left, %v", n, err)
	}
}
