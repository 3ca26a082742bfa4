package store

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// Attempts say how many attempts to sign in may fail within a time.
type Attempts struct {
	Window     time.Duration
	PerAccount int // at one account from one network
	PerNetwork int // at all accounts from one network
}

var errBlocked = errors.New("too many attempts to sign in failed")

// TakeAttempt counts an attempt to sign in, by an account in its one spelling or a word for none, or
// says how long to wait for the next. All nodes count together. An attempt that did not fail is to be
// undone. It is of a database that has nodes.
func (db *DB) TakeAttempt(ctx context.Context, account string, client netip.Addr, most Attempts) (
	wait time.Duration, undo func(context.Context) error, err error) {
	a := &attempt{db: db, Attempts: most, account: account, client: networkOf(client).String(),
		at: db.now().UnixMilli()}
	since, err := one(ctx, db, scanCount, blockedQuery, a.client, account, a.over(), most.PerAccount,
		most.PerNetwork)
	if err == nil && since == 0 {
		err = db.writer.do(ctx, a.take)
		since = a.since
	}
	switch {
	case err != nil && !errors.Is(err, errBlocked):
		return 0, nil, fmt.Errorf("attempts to sign in: %w", err)
	case since != 0:
		return fromMillis(since).Add(most.Window).Sub(fromMillis(a.at)), nil, nil
	}
	return 0, a.undo, nil
}

// blockedQuery is since when no more attempts are let through, the longer of the two; 0 if they are.
const blockedQuery = `select coalesce(max(since), 0) from attempts where client = $1 and since > $3
	and (account = $2 and failed >= $4 or account = '' and failed >= $5)`

// An attempt is one that is counted.
type attempt struct {
	Attempts
	db              *DB
	account, client string
	at              int64 // Unix milliseconds
	since           int64 // of those that block it, else 0
}

// over is when an attempt was that counts no more.
func (a *attempt) over() int64 { return a.at - a.Window.Milliseconds() }

func (a *attempt) take(t *tx) error {
	a.since = 0
	if err := t.exec(`delete from attempts where since <= $1`, a.over()); err != nil {
		return err
	}
	err := t.row(blockedQuery, a.client, a.account, a.over(), a.PerAccount, a.PerNetwork).Scan(&a.since)
	if err != nil {
		return err
	}
	if a.since != 0 {
		return errBlocked
	}
	return t.exec(`insert into attempts (account, client, failed, since)
		values ('', $2, 1, $3), ($1, $2, 1, $3) on conflict (account, client)
		do update set failed = attempts.failed + 1`, a.account, a.client, a.at)
}

// undo takes one back that did not fail.
func (a *attempt) undo(ctx context.Context) error {
	return a.db.writer.do(ctx, func(t *tx) error {
		return t.exec(`update attempts set failed = failed - 1
			where client = $2 and account in ('', $1) and failed > 0`, a.account, a.client)
	})
}
