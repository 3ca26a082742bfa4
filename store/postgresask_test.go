package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"testing"

	"gatepost/policy"
)

// What is asked together has an answer for each who asks, of whatever query, and none where there is no
// row.
func TestAskedTogether(t *testing.T) {
	onServerOnly(t)
	f, ann := open(t), address(t, "ann@acme.test")
	err := f.editor().AddUser(context.Background(), NewUser{Email: ann, Role: policy.Admin, MadeBy: "cli"})
	if err == nil {
		err = f.writer.do(context.Background(), func(t *tx) error {
			return t.exec(`insert into bands (address, client, started_at, stored) values
				('ann@acme.test', '192.0.2.0/24', 7, 3)`)
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	answers := make([]any, 5)
	role := func(n int) func(scanner) error {
		return func(row scanner) error {
			var generation, shadow int64
			var suspended sql.NullBool
			var role sql.NullString
			err := row.Scan(&generation, &role, &suspended, &shadow)
			answers[n] = role.String
			return err
		}
	}
	stored := func(n int) func(scanner) error {
		return func(row scanner) error {
			var started int64
			return row.Scan(&started, &answers[n])
		}
	}
	asks := func(query string, read func(scanner) error, args ...any) *question {
		return &question{statement: statement{query, args, read}}
	}
	all := []*question{
		asks(factsQuery, role(0), "nobody@acme.test"), asks(bandQuery, stored(1), ann.String(), "192.0.2.0/24"),
		asks(factsQuery, role(2), ann.String()), asks(bandQuery, stored(3), "no\x00body", "-"),
		asks(factsQuery, role(4), "' or true --"),
	}
	f.engine.(*postgres).askAll(all)
	for n, a := range all {
		if missing := n == 3; errors.Is(a.err, sql.ErrNoRows) != missing || !missing && a.err != nil {
			t.Errorf("question %d: %v", n, a.err)
		}
	}
	if want := []any{"", int64(3), "admin", nil, ""}; !slices.Equal(answers, want) {
		t.Errorf("the answers are %q, not %q", answers, want)
	}
}
