package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/netip"
	"time"
)

// usedWithin is how close uses of a token or a session may be for the second not to be
// noted: not every request shall write.
const usedWithin = time.Minute

// TokenOwner is the token of a secret and the profile it speaks for. The error is
// ErrNotFound if it is unknown, revoked or expired, or its owner suspended. To ask is no use
// of it.
func (db *DB) TokenOwner(ctx context.Context, secret string) (Token, User, error) {
	token, err := one(ctx, db, scanToken, `select `+tokenColumns+`
		from tokens t join users u on u.id = t.owner
		where t.hash = $1 and t.revoked_at is null and not u.suspended
			and (t.expires_at is null or t.expires_at > $2)`, hashOf(secret), db.now().UnixMilli())
	if err != nil {
		return Token{}, User{}, fmt.Errorf("token: %w", err)
	}
	user, err := one(ctx, db, scanUser, `select `+userColumns+` from users
		where email = $1 and not suspended`, token.Owner)
	if err != nil {
		return Token{}, User{}, fmt.Errorf("token: %w", err)
	}
	return token, user, nil
}

// UseToken notes that a program was let through with a token, and from where, once a minute
// at most.
func (db *DB) UseToken(ctx context.Context, t Token, client netip.Addr) {
	now := db.now()
	if t.LastUsedAt == nil || now.Sub(*t.LastUsedAt) >= usedWithin {
		db.noteUse(ctx, `update tokens set last_used_at = $1, last_client = $2
			where id = $3 and coalesce(last_used_at, 0) <= $4`, now.UnixMilli(),
			addressText(client), t.ID, now.Add(-usedWithin).UnixMilli())
	}
}

// addressText is an address as it is kept.
func addressText(client netip.Addr) string {
	if !client.IsValid() {
		return "unknown"
	}
	return client.Unmap().WithZone("").String()
}

// noteUse writes that something was used. Where it cannot be written, as on a full disk,
// people still have to get in and look.
func (db *DB) noteUse(ctx context.Context, query string, args ...any) {
	_ = db.writer.do(ctx, func(t *tx) error { return t.exec(query, args...) })
}

// newSecret is 256 random bits as text.
func newSecret() string {
	secret := make([]byte, 32)
	rand.Read(secret)
	return base64.RawURLEncoding.EncodeToString(secret)
}

// hashOf is how a secret of newSecret is kept. It cannot be guessed, so nothing slower is needed.
func hashOf(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}
