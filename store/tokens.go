package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"time"

	"gatepost/message"
)

// A NewToken is a token to be made.
type NewToken struct {
	Owner   message.Address // has a profile; the token has its role
	Name    string
	Expires time.Time // zero: never
}

// A Token lets a program in with the role of its owner. Its secret is shown once and not kept.
type Token struct {
	ID         int64      `json:"id"`
	Owner      string     `json:"owner"` // the address of the profile
	Name       string     `json:"name"`
	CreatedAt  time.Time  `json:"created_at"`
	ExpiresAt  *time.Time `json:"expires_at"`
	RevokedAt  *time.Time `json:"revoked_at"`
	LastUsedAt *time.Time `json:"last_used_at"` // let through last, to the minute
	LastClient string     `json:"last_client"`  // from where it was then
}

// ErrExpiry says that a token was to end before it began.
var ErrExpiry = errors.New("a token cannot expire in the past")

const tokenColumns = `t.id, u.email, t.name, t.created_at, t.expires_at, t.revoked_at,
	t.last_used_at, t.last_client`

// Tokens are all of them by id, revoked and expired ones too.
func (db *DB) Tokens(ctx context.Context) iter.Seq2[Token, error] {
	return each(ctx, db, scanToken, `select `+tokenColumns+`
		from tokens t join users u on u.id = t.owner order by t.id`)
}

func scanToken(row scanner) (t Token, err error) {
	var created int64
	var expires, revoked, used *int64
	err = row.Scan(&t.ID, &t.Owner, &t.Name, &created, &expires, &revoked, &used, &t.LastClient)
	t.CreatedAt = fromMillis(created)
	t.ExpiresAt, t.RevokedAt, t.LastUsedAt = orNever(expires), orNever(revoked), orNever(used)
	return t, err
}

func orNever(ms *int64) *time.Time {
	if ms == nil {
		return nil
	}
	at := fromMillis(*ms)
	return &at
}

// AddToken makes a token and gives its secret, which nobody can read again. ErrNotFound if
// the owner has no profile.
func (h *Editor) AddToken(ctx context.Context, n NewToken) (token Token, secret string, err error) {
	if !n.Expires.IsZero() && !n.Expires.After(h.db.now()) {
		return token, "", ErrExpiry
	}
	secret = "gatepost_" + newSecret()
	err = h.do(ctx, func(t *tx) error {
		token, err = h.addToken(t, n, secret)
		return err
	})
	if err != nil {
		return Token{}, "", err
	}
	return token, secret, nil
}

func (h *Editor) addToken(t *tx, n NewToken, secret string) (Token, error) {
	owner, err := t.user(n.Owner)
	if err != nil {
		return Token{}, err
	}
	at := h.db.now()
	token := Token{Owner: owner.Email, Name: message.Clean(n.Name),
		CreatedAt: fromMillis(at.UnixMilli())}
	var expires *int64
	if !n.Expires.IsZero() {
		ms := n.Expires.UnixMilli()
		expires, token.ExpiresAt = &ms, orNever(&ms)
	}
	err = t.row(`update meta set value = value + 1 where name = 'tokens' returning value`).
		Scan(&token.ID)
	if err != nil {
		return token, damaged(err)
	}
	err = t.exec(`insert into tokens (id, owner, name, hash, created_at, expires_at, last_client)
		values ($1, $2, $3, $4, $5, $6, '')`,
		token.ID, owner.ID, token.Name, hashOf(secret), at.UnixMilli(), expires)
	if err != nil {
		return token, fmt.Errorf("token: %w", err)
	}
	_, err = h.note(t, event{action: TokenAdded, subject: fmt.Sprint(token.ID),
		after: auditedToken{token.Owner, token.Name, token.ExpiresAt}})
	return token, err
}

// auditedToken is what the audit log says of a token.
type auditedToken struct {
	Owner     string     `json:"owner"`
	Name      string     `json:"name"`
	ExpiresAt *time.Time `json:"expires_at"`
}

// Stands reports whether a token lets anybody in at a time, as far as it is asked.
func (t Token) Stands(now time.Time) bool {
	return t.RevokedAt == nil && (t.ExpiresAt == nil || t.ExpiresAt.After(now))
}

// RevokeToken ends a token. To revoke it again changes nothing; ErrNotFound if there is no
// such token.
func (h *Editor) RevokeToken(ctx context.Context, id int64) error {
	return h.do(ctx, func(t *tx) error { return h.revoke(t, id) })
}

// RevokeTokens ends all tokens of a profile that stand, and says how many. ErrNotFound if there
// is no such profile.
func (h *Editor) RevokeTokens(ctx context.Context, owner message.Address) (n int, err error) {
	err = h.do(ctx, func(t *tx) error {
		u, err := t.user(owner)
		if err == nil {
			n, err = h.revokeAll(t, u)
		}
		return err
	})
	return n, err
}

func (h *Editor) revokeAll(t *tx, u User) (n int, err error) {
	ids, err := t.texts(`select cast(id as text) from tokens where owner = $1
		and revoked_at is null and (expires_at is null or expires_at > $2) order by id`,
		u.ID, h.now())
	for _, text := range ids {
		id, _ := strconv.ParseInt(text, 10, 64)
		if err := h.revoke(t, id); err != nil {
			return 0, err
		}
	}
	return len(ids), err
}

func (h *Editor) revoke(t *tx, id int64) error {
	token, err := scanToken(t.row(`select `+tokenColumns+`
		from tokens t join users u on u.id = t.owner where t.id = $1`, id))
	if err != nil {
		return fmt.Errorf("token %d: %w", id, absent(err))
	}
	if token.RevokedAt != nil {
		return nil
	}
	if err := t.exec(`update tokens set revoked_at = $1 where id = $2`, h.now(), id); err != nil {
		return err
	}
	_, err = h.note(t, event{action: TokenRevoked, subject: fmt.Sprint(id),
		before: auditedToken{token.Owner, token.Name, token.ExpiresAt}})
	return err
}
