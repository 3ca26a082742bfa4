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
			hashOf(token), addressText(client), firstRunes(message.Clean(agent), maxAgent),
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

// A Session lets a person in.
type Session struct {
	User User // whose it is
	hash []byte
	seen time.Time // when it was used last, to the minute
}

// Session is the one that a token stands for, or ErrNotFound when it has ended: by
// EndSession, unused for 12 hours, after 7 days, or since the profile was removed or
// suspended or got another password. To ask is no use of it.
func (db *DB) Session(ctx context.Context, token string) (Session, error) {
	var at int64
	now, hash := db.now(), hashOf(token)
	u, err := one(ctx, db, func(row scanner) (User, error) {
		return scanUser(also{row, []any{&at}})
	}, `select `+userColumns+`, s.seen_at from sessions s join users on users.id = s.owner
		where s.hash = $1 and not suspended and s.created_at > $2 and s.seen_at > $3`,
		hash, now.Add(-sessionLife).UnixMilli(), now.Add(-sessionIdle).UnixMilli())
	if err != nil {
		return Session{}, fmt.Errorf("session: %w", err)
	}
	return Session{u, hash, fromMillis(at)}, nil
}

// UseSession notes that a person did something in a session, once a minute at most, which
// keeps it from being idle.
func (db *DB) UseSession(ctx context.Context, s Session) {
	if now := db.now(); now.Sub(s.seen) >= usedWithin {
		db.noteUse(ctx, `update sessions set seen_at = $1 where hash = $2 and seen_at <= $3`,
			now.UnixMilli(), s.hash, now.Add(-usedWithin).UnixMilli())
	}
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
