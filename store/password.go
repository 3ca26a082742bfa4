package store

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
)

// argonNow are the parameters of new hashes (RFC 9106, section 4): small enough that
// sign-ins, one at a time, are no attack on memory. A hash is compared with its own.
var argonNow = argon2id.Params{Memory: 19 << 10, Iterations: 2, Parallelism: 1,
	SaltLength: 16, KeyLength: 32}

// What the parameters of a hash may be: a damaged one must neither take the memory of the
// server nor be that of every password.
const (
	mostArgonMemory = 1 << 20 // KiB
	mostArgonTime   = 1 << 6
	leastArgonKey   = 16 // octets
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
	hash, err := argon2id.CreateHash(password, &argonNow)
	if err != nil {
		panic(err) // no random numbers: crypto/rand ends the program before
	}
	return hash
}

// isPassword reports whether a hash of HashPassword, whatever its parameters were then, is
// that of a password. The empty hash is of none, and takes as long to say so.
func isPassword(hash, password string) (bool, error) {
	if hash == "" {
		HashPassword(password)
		return false, nil
	}
	p, _, key, err := argon2id.DecodeHash(hash)
	if err != nil || len(key) < leastArgonKey || p.Parallelism == 0 || p.Iterations == 0 ||
		p.Iterations > mostArgonTime || p.Memory > mostArgonMemory {
		return false, errors.New("the hash of a password cannot be read: set the password again")
	}
	return argon2id.ComparePasswordAndHash(password, hash)
}
