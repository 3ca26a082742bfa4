package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gatepost/message"
	"gatepost/policy"
)

// inFiles reports whether a text stands in the database or beside it.
func (f *fixture) inFiles(text string) (found bool) {
	f.Helper()
	if f.isPostgres() {
		return strings.Contains(f.dump(), text)
	}
	files, err := filepath.Glob(f.path + "*")
	if err != nil || len(files) < 3 {
		f.Fatal(files, err)
	}
	for _, file := range files {
		content, _ := os.ReadFile(file)
		found = found || bytes.Contains(content, []byte(text))
	}
	return found
}

func TestTokens(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	ann := f.person("ann@acme.test", "", policy.Agent)
	f.person("bob@acme.test", "", policy.Agent)
	if _, _, err := f.editor().AddToken(ctx, NewToken{Owner: address(t, "x@acme.test")}); !errors.Is(err, ErrNotFound) {
		t.Errorf("of nobody: %v", err)
	}
	if _, _, err := f.editor().AddToken(ctx, NewToken{Owner: ann, Expires: noon}); !errors.Is(err, ErrExpiry) {
		t.Errorf("expired from the start: %v", err)
	}
	made, secret, err := f.editor().AddToken(ctx, NewToken{Owner: ann, Name: "a\x00b",
		Expires: noon.Add(time.Hour)})
	if err != nil || made.ID != 1 || made.Owner != "ann@acme.test" || made.Name != "a\uFFFDb" ||
		!made.ExpiresAt.Equal(noon.Add(time.Hour)) || len(secret) < 43 {
		t.Fatalf("%+v, %q, %v", made, secret, err)
	}
	for _, wrong := range []string{"", "x", secret + "x", strings.ToLower(secret)} {
		if _, _, err := f.TokenOwner(ctx, wrong); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	f.checkToken(secret, "ann@acme.test agent")
	if err := f.editor().SetRole(ctx, ann, policy.EndUser); err != nil {
		t.Fatal(err)
	}
	f.checkToken(secret, "ann@acme.test end-user")
	f.clock = noon.Add(time.Hour)
	f.checkToken(secret, "not found")
	f.clock = noon
	if err := errors.Join(f.editor().RevokeToken(ctx, 1), f.editor().RevokeToken(ctx, 1)); err != nil {
		t.Fatal(err)
	}
	f.checkToken(secret, "not found")
	if err := f.editor().RevokeToken(ctx, 77); !errors.Is(err, ErrNotFound) {
		t.Errorf("revoking what is not there: %v", err)
	}
	if err := f.editor().RemoveUser(ctx, ann); err != nil {
		t.Fatal(err)
	}
	if tokens := all(t, f.Tokens(ctx)); len(tokens) != 0 {
		t.Errorf("tokens of nobody: %+v", tokens)
	}
	if made, _, err = f.editor().AddToken(ctx, NewToken{Owner: address(t, "bob@acme.test")}); made.ID != 2 || err != nil {
		t.Errorf("its id is %d, %v", made.ID, err)
	}
}

func (f *fixture) checkToken(secret, want string) {
	f.Helper()
	_, u, err := f.TokenOwner(context.Background(), secret)
	got := u.Email + " " + u.Role
	if errors.Is(err, ErrNotFound) {
		got = "not found"
	} else if err != nil {
		f.Error(err)
	}
	if got != want {
		f.Errorf("the token stands for %s, want %s", got, want)
	}
}

// The last use is noted, but not at each request, nor that somebody asked whose it is.
func TestTokenLastUsed(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	ann := f.person("ann@acme.test", "", policy.Agent)
	_, secret, err := f.editor().AddToken(ctx, NewToken{Owner: ann})
	if err != nil {
		t.Fatal(err)
	}
	var noted []string
	for i, client := range []string{"192.0.2.1", "192.0.2.2", "::ffff:192.0.2.3"} {
		f.clock = noon.Add(time.Duration(i) * 30 * time.Second)
		token, _, err := f.TokenOwner(ctx, secret)
		if was := all(t, f.Tokens(ctx))[0].LastClient; err != nil || was != token.LastClient {
			t.Fatal(was, err)
		}
		f.UseToken(ctx, token, netip.MustParseAddr(client))
		token = all(t, f.Tokens(ctx))[0]
		noted = append(noted, fmt.Sprint(token.LastUsedAt.Sub(noon), " ", token.LastClient))
	}
	want := []string{"0s 192.0.2.1", "0s 192.0.2.1", "1m0s 192.0.2.3"}
	if !slices.Equal(noted, want) {
		t.Errorf("noted %q, want %q", noted, want)
	}
}

// Who is suspended has no token any more, not after it either; a new password leaves tokens
// alone until somebody ends them.
func TestTokensOfAProfile(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	ann := f.person("ann@acme.test", "", policy.Agent)
	bob := f.person("bob@acme.test", "", policy.Agent)
	add := func(owner message.Address, expires time.Time) string {
		t.Helper()
		_, secret, err := f.editor().AddToken(ctx, NewToken{Owner: owner, Expires: expires})
		if err != nil {
			t.Fatal(err)
		}
		return secret
	}
	over := add(ann, noon.Add(time.Minute))
	f.clock = noon.Add(time.Hour)
	first, second, other := add(ann, time.Time{}), add(ann, time.Time{}), add(bob, time.Time{})
	if err := f.editor().SetPassword(ctx, ann, HashPassword("correct horse")); err != nil {
		t.Fatal(err)
	}
	f.checkToken(first, "ann@acme.test agent")
	if n, err := f.editor().RevokeTokens(ctx, ann); n != 2 || err != nil {
		t.Errorf("%d revoked, %v", n, err)
	}
	for _, secret := range []string{first, second, over} {
		f.checkToken(secret, "not found")
	}
	f.checkToken(other, "bob@acme.test agent")
	for _, suspended := range []bool{true, false} {
		if err := f.editor().SetSuspended(ctx, bob, suspended); err != nil {
			t.Fatal(err)
		}
		f.checkToken(other, "not found")
	}
	var revoked []string
	for _, e := range all(t, f.AuditLog(ctx, AuditQuery{})) {
		if e.Action == "token.revoke" {
			revoked = append(revoked, e.Subject)
		}
	}
	if !slices.Equal(revoked, []string{"4", "3", "2"}) {
		t.Errorf("the audit log names %v", revoked)
	}
	if _, err := f.editor().RevokeTokens(ctx, address(t, "x@acme.test")); !errors.Is(err, ErrNotFound) {
		t.Errorf("of nobody: %v", err)
	}
}
