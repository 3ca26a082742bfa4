package store

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"gatepost/message"
)

var (
	// ErrWrongPassword is all that SignIn says of why not.
	ErrWrongPassword = errors.New("wrong address or password")
	// ErrBusy says that too many are signing in: try again in a moment.
	ErrBusy = errors.New("too many are signing in: try again in a moment")
)

// signInsLooked is how many entries of the audit log about an account are looked through for
// those of its sign-ins: at ten failures an hour, two days.
const signInsLooked = 500

// SignIn is the profile of an address, if that is its password. Who comes from a client near
// which the account was signed in to waits for no guessers. ErrWrongPassword is for a
// wrong one, no profile, a suspended one and one without a password alike, in the same time;
// ErrBusy if too many wait already.
func (db *DB) SignIn(ctx context.Context, a message.Address, password string,
	client netip.Addr) (User, error) {
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
	known, err := db.signedInNear(ctx, a, client)
	if err != nil {
		return User{}, fmt.Errorf("sign in: %w", err)
	}
	right, err := db.checkPassword(ctx, u.password, password, client, known)
	if err != nil {
		return User{}, fmt.Errorf("sign in: %w", err)
	}
	if !right {
		return User{}, ErrWrongPassword
	}
	return u, nil
}

// checkPassword waits for a turn; an empty hash costs as much and is never right.
func (db *DB) checkPassword(ctx context.Context, hash, password string, client netip.Addr,
	known bool) (bool, error) {
	if err := db.signIns.enter(ctx, client, known); err != nil {
		return false, err
	}
	defer db.signIns.leave()
	return isPassword(hash, password)
}

// signedInNear reports whether an account was signed in to from the network of a client, as
// far as its sessions and the last of the audit log say.
func (db *DB) signedInNear(ctx context.Context, a message.Address, client netip.Addr) (
	bool, error) {
	near := networkOf(client)
	for text, err := range each(ctx, db, scanText, `select client from sessions s
			join users u on u.id = s.owner where u.email = $1
		union select client from (select action, client from audit where subject = $1
			order by id desc limit $2) as last where action = $3`,
		a.String(), signInsLooked, SignedIn) {
		if err != nil {
			return false, err
		}
		before, err := netip.ParseAddr(text)
		if err == nil && near.IsValid() && near.Contains(before) {
			return true, nil
		}
	}
	return false, nil
}

func scanText(row scanner) (text string, err error) {
	err = row.Scan(&text)
	return text, err
}

// networkOf is what one party has of the address space: one IPv4 address, or a /64. The zero
// Prefix of a client that is not known.
func networkOf(client netip.Addr) netip.Prefix { return prefixOf(client, 32, 64) }

// prefixOf is the first bits of an address: so many of IPv4, or so many of IPv6.
func prefixOf(client netip.Addr, four, six int) netip.Prefix {
	client = client.Unmap().WithZone("")
	bits := six
	if client.Is4() {
		bits = four
	}
	p, _ := client.Prefix(bits)
	return p
}

// HasAdmin reports whether there is an admin who can sign in: one with a password who is
// not suspended.
func (db *DB) HasAdmin(ctx context.Context) (bool, error) {
	n, err := one(ctx, db, scanCount, `select count(*) from users
		where role = 'admin' and not suspended and password <> ''`)
	return n > 0, err
}
