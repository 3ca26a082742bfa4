package store

import (
	"context"
	"errors"
)

// A Duty is what one server alone does of all that have a database open.
type Duty string

// The duties.
const (
	DutyExpiry   Duty = "expiry"    // Purge
	DutyDigests  Duty = "digests"   // what people are told
	DutyHandOffs Duty = "hand-offs" // a Run
)

// ErrOffDuty says that nothing was written, since another server has the duty by now.
var ErrOffDuty = errors.New("another node has taken this over")

// OnDuty has a server do what a duty is whenever that is its own, until ctx ends. What is written with
// the context that do is given is not written once another server has the duty; the context ends then,
// and do is to end with it. A file has one server, whose all duties are.
func (db *DB) OnDuty(ctx context.Context, duty Duty, do func(context.Context) error) error {
	return db.engine.onDuty(ctx, duty, do)
}

func (sqlite) onDuty(ctx context.Context, _ Duty, do func(context.Context) error) error {
	return do(ctx)
}

type ofDuty struct{}

// fenced has what is written with the context of a duty be refused once another server has it. Who
// takes one over waits for its turn to write, as this does: what is found stands until the commit.
func fenced(ctx context.Context, do func(*tx) error) func(*tx) error {
	l, _ := ctx.Value(ofDuty{}).(*leased)
	if l == nil {
		return do
	}
	return func(t *tx) error {
		var token int64
		err := t.row(`select token from leases where name = $1`, string(l.duty)).Scan(&token)
		if err == nil && token != l.token {
			err = ErrOffDuty
		}
		if err != nil {
			return err
		}
		return do(t)
	}
}

// whateverDuty is for what has happened, and is to be written whoever has the duty now.
func whateverDuty(ctx context.Context) context.Context {
	return context.WithValue(ctx, ofDuty{}, (*leased)(nil))
}
