package store

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"gatepost/message"
)

const (
	sessionIdle = 12 * time.Hour     // how long a session may not be used by a person
	sessionLife = 7 * 24 * time.Hour // how long it lasts, used or not

	// mostSessions of one profile: the one unused for longest ends when there are more.
	mostSessions = 50

	// maxAgent bounds what is kept of what a browser says it is, in runes.
	maxAgent = 200
)

// NewSession begins a session of a profile that SignIn gave, and gives the token to know it
// by. ErrNotFound if the profile is gone or suspended, or its password another than it was then.
func (db *DB) NewSession(ctx context.Context, user User, client netip.Addr, agent string) (
	token string, err error) {
	token = newSecret()
	now := db.now()
	err = db.writer.do(ctx, func(t *tx) error {
		n, err := t.change(`insert into sessions (hash, owner, client, agent, created_at, seen_at)
			select $1, id, $2, $3, $4, $4 from users
			where id = $5 and email = $6 and not suspended and $7 in ('', password)`,
			hashOf(token), client.Unmap().String(), firstRunes(message.Clean(agent), maxAgent),
			now.UnixMilli(), user.ID, user.Email, user.password)
		if err == nil && n == 0 {
			err = ErrNotFound
		}
		if err != nil {
			return err
		}
		return t.exec(`delete from sessions where owner = $1 and hash not in (select hash
			from sessions where owner = $1 order by seen_at desc, created_at desc limit $2)`,
			user.ID, mostSessions)
	})
	if err != nil {
		return "", fmt.Errorf("session: %w", err)
	}
	return token, nil
}

// Session is the profile whose session a token stands for, or ErrNotFound when it has ended:
// by EndSession, unused for 12 hours, after 7 days, or since the profile was removed or
// suspended or got another password. To ask is no use of it.
func (db *DB) Session(ctx context.Context, token string) (User, error) {
	u, _, err := db.sessionSeen(ctx, token)
	return u, err
}

// UseSession is Session for what a person does, which keeps the session from being idle.
func (db *DB) UseSession(ctx context.Context, token string) (User, error) {
	u, seen, err := db.sessionSeen(ctx, token)
	if now := db.now(); err == nil && now.Sub(seen) >= usedWithin {
		db.noteUse(ctx, `update sessions set seen_at = $1 where hash = $2 and seen_at <= $3`,
			now.UnixMilli(), hashOf(token), now.Add(-usedWithin).UnixMilli())
	}
	return u, err
}

// sessionSeen is Session, and when it was used last.
func (db *DB) sessionSeen(ctx context.Context, token string) (u User, seen time.Time, err error) {
	var at int64
	now := db.now()
	u, err = one(ctx, db, func(row scanner) (User, error) {
		return scanUser(also{row, []any{&at}})
	}, `select `+userColumns+`, s.seen_at from sessions s join users on users.id = s.owner
		where s.hash = $1 and not suspended and s.created_at > $2 and s.seen_at > $3`,
		hashOf(token), now.Add(-sessionLife).UnixMilli(), now.Add(-sessionIdle).UnixMilli())
	if err != nil {
		return User{}, seen, fmt.Errorf("session: %w", err)
	}
	return u, fromMillis(at), nil
}

// EndSession ends a session. One that has ended already is no error.
func (db *DB) EndSession(ctx context.Context, token string) error {
	return db.writer.do(ctx, func(t *tx) error {
		return t.exec(`delete from sessions where hash = $1`, hashOf(token))
	})
}

// purgeSessions forgets those that have ended by themselves.
func purgeSessions(t *tx, now time.Time) error {
	return t.exec(`delete from sessions where created_at <= $1 or seen_at <= $2`,
		now.Add(-sessionLife).UnixMilli(), now.Add(-sessionIdle).UnixMilli())
}
