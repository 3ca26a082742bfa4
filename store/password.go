package store

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// Parameters of argon2id (RFC 9106, section 4): small enough that sign-ins, one at a time,
// are no attack on memory.
const (
	argonTime    = 2
	argonMemory  = 19 << 10 // KiB
	argonThreads = 1
	argonKey     = 32
)

// Lengths of a password. Nothing but it lets somebody in, and what is shorter can be guessed
// from a copy of the database; what is longer is a file by mistake.
const (
	minPassword = 12   // code points
	MaxPassword = 1024 // octets
)

// CheckPassword refuses a password that is too short or too long.
func CheckPassword(password string) error {
	switch {
	case len(password) > MaxPassword:
		return fmt.Errorf("the password is longer than %d octets", MaxPassword)
	case utf8.RuneCountInString(password) < minPassword:
		return fmt.Errorf("the password is too short: at least %d characters", minPassword)
	}
	return nil
}

// HashPassword hashes a password for keeping, in the PHC string format.
func HashPassword(password string) string {
	salt := make([]byte, 16)
	rand.Read(salt)
	b64 := base64.RawStdEncoding
	return passwordPrefix() + b64.EncodeToString(salt) + "$" +
		b64.EncodeToString(argon(password, salt))
}

// passwordPrefix is what the hashes of our own parameters begin with. There are no others.
func passwordPrefix() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$", argon2.Version, argonMemory,
		argonTime, argonThreads)
}

func argon(password string, salt []byte) []byte {
	return argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonThreads, argonKey)
}

// isPassword reports whether a hash of HashPassword is that of a password. The empty hash
// is of none, and takes as long to say so.
func isPassword(hash, password string) (bool, error) {
	if hash == "" {
		argon(password, make([]byte, 16))
		return false, nil
	}
	rest, ours := strings.CutPrefix(hash, passwordPrefix())
	salt64, key64, _ := strings.Cut(rest, "$")
	salt, err := base64.RawStdEncoding.DecodeString(salt64)
	key, err2 := base64.RawStdEncoding.DecodeString(key64)
	if err := errors.Join(err, err2); err != nil || !ours || len(key) != argonKey {
		return false, errors.New("the hash of a password cannot be read: set the password again")
	}
	return subtle.ConstantTimeCompare(argon(password, salt), key) == 1, nil
}
