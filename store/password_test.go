package store

import (
	"strings"
	"testing"

	"github.com/alexedwards/argon2id"
)

// A hash is compared with the parameters it was made with, so that raising the cost of new
// ones locks nobody out.
func TestPasswordOfOtherParameters(t *testing.T) {
	for name, p := range map[string]argon2id.Params{
		"now":     argonNow,
		"cheaper": {Memory: 8 << 10, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32},
		"dearer":  {Memory: 32 << 10, Iterations: 3, Parallelism: 2, SaltLength: 24, KeyLength: 48},
	} {
		hash, err := argon2id.CreateHash("correct horse", &p)
		if err != nil {
			t.Fatal(err)
		}
		if right, err := isPassword(hash, "correct horse"); !right || err != nil {
			t.Errorf("%s: %v, %v, want the password to be right", name, right, err)
		}
		if right, err := isPassword(hash, "correct house"); right || err != nil {
			t.Errorf("%s: %v, %v, want it to be wrong", name, right, err)
		}
	}
}

func TestPasswordOfDamagedHash(t *testing.T) {
	whole := HashPassword("correct horse")
	for name, hash := range map[string]string{
		"no hash":      "correct horse",
		"cut off":      whole[:len(whole)-30],
		"other kind":   strings.Replace(whole, "argon2id", "argon2i", 1),
		"too much":     strings.Replace(whole, "m=19456", "m=4194304", 1),
		"too long":     strings.Replace(whole, "t=2", "t=4000000", 1),
		"not a number": strings.Replace(whole, "m=19456", "m=many", 1),
	} {
		if right, err := isPassword(hash, "correct horse"); right || err == nil ||
			!strings.Contains(err.Error(), "set the password again") {
			t.Errorf("%s: %v, %v, want an error that says what to do", name, right, err)
		}
	}
}
