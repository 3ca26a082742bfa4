package store

import (
	"context"
	"errors"
	"fmt"

	"gatepost/message"
)

var (
	// ErrWrongPassword is all that SignIn says of why not.
	ErrWrongPassword = errors.New("wrong address or password")
	// ErrBusy says that too many are signing in: try again in a moment.
	ErrBusy = errors.New("too many are signing in: try again in a moment")
)

// maxSignIns is how many may wait for their password to be checked, at about 40 ms each.
const maxSignIns = 64

// SignIn is the profile of an address, if that is its password. ErrWrongPassword is for a
// wrong one, no profile, a suspended one and one without a password alike, in the same time;
// ErrBusy if too many wait already.
func (db *DB) SignIn(ctx context.Context, a message.Address, password string) (User, error) {
	u, err := one(ctx, db, func(row scanner) (u User, err error) {
		var hash string
		u, err = scanUser(also{row, []any{&hash}})
		u.password = hash
		return u, err
	}, `select `+userColumns+`, password from users where email = $1 and not suspended
		and password <> ''`, a.String())
	if err != nil && !errors.Is(err, ErrNotFound) {
		return User{}, fmt.Errorf("sign in: %w", err)
	}
	right, err := db.checkPassword(ctx, u.password, password)
	if err != nil {
		return User{}, fmt.Errorf("sign in: %w", err)
	}
	if !right {
		return User{}, ErrWrongPassword
	}
	return u, nil
}

// checkPassword has one hash computed at a time, since each takes 19 MiB; an empty one costs
// as much and is never right.
func (db *DB) checkPassword(ctx context.Context, hash, password string) (bool, error) {
	select {
	case db.signIns <- struct{}{}:
		defer func() { <-db.signIns }()
	default:
		return false, ErrBusy
	}
	select {
	case db.hashing <- struct{}{}:
		defer func() { <-db.hashing }()
	case <-ctx.Done():
		return false, ctx.Err()
	}
	return isPassword(hash, password)
}

// HasAdmin reports whether there is an admin who can sign in: one with a password who is
// not suspended.
func (db *DB) HasAdmin(ctx context.Context) (bool, error) {
	n, err := one(ctx, db, scanCount, `select count(*) from users
		where role = 'admin' and not suspended and password <> ''`)
	return n > 0, err
}
