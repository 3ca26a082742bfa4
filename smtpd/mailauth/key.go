package mailauth

import (
	"cmp"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
)

// The RSA keys whose signatures count, in bits (RFC 8301, section 3.2, asks for 1,024 to
// 4,096). A longer one costs more than a message is worth.
const (
	minRSA = 1024
	maxRSA = 8192
)

// A publicKey is what one key record holds (RFC 6376, section 3.6.1). It has one of the two.
type publicKey struct {
	rsa   *rsa.PublicKey
	ed    ed25519.PublicKey // RFC 8463
	exact bool              // t=s: i= is to name the domain itself
}

// readKey reads the one key record at a selector. Of several nobody can say which is meant
// (RFC 6376, section 3.6.2.2).
func readKey(records []string, algorithm string) (publicKey, error) {
	if len(records) != 1 {
		return publicKey{}, errors.New("multiple TXT records found for key")
	}
	record, err := readTags(records[0])
	if err != nil {
		return publicKey{}, fmt.Errorf("key record error: %w", err)
	}
	if err := record.serves(algorithm); err != nil {
		return publicKey{}, err
	}
	octets, err := base64.StdEncoding.DecodeString(record["p"])
	if err != nil {
		return publicKey{}, errors.New("key syntax error: p= is not in base64")
	}
	key := publicKey{exact: slices.Contains(record.names("t"), "s")}
	if algorithm == "ed25519" {
		key.ed = octets
		if len(octets) != ed25519.PublicKeySize {
			err = fmt.Errorf("an Ed25519 key has 32 octets, this one %d", len(octets))
		}
	} else {
		key.rsa, err = readRSA(octets)
	}
	return key, err
}

// serves says why a key record is not for signatures of mail by that algorithm with SHA-256.
func (t tags) serves(algorithm string) error {
	not := func(tag string, wanted ...string) bool {
		_, there := t[tag]
		return there && !slices.ContainsFunc(t.names(tag), func(name string) bool {
			return slices.Contains(wanted, name)
		})
	}
	version, versioned := t["v"]
	key := cmp.Or(t["k"], "rsa")
	p, there := t["p"]
	switch {
	case versioned && version != "DKIM1":
		return errors.New("incompatible public key version")
	case !there:
		return errors.New("key syntax error: missing public key data")
	case p == "":
		return errors.New("key revoked")
	case key != algorithm:
		return errors.New("inappropriate key algorithm")
	case not("h", "sha256"):
		return errors.New("inappropriate hash algorithm")
	case not("s", "*", "email"):
		return errors.New("inappropriate service")
	}
	return nil
}

// readRSA reads a key as RFC 6376 shows it, or as it says it (erratum 3017).
func readRSA(octets []byte) (*rsa.PublicKey, error) {
	key, err := x509.ParsePKCS1PublicKey(octets)
	if err != nil {
		wrapped, _ := x509.ParsePKIXPublicKey(octets)
		key, _ = wrapped.(*rsa.PublicKey)
	}
	switch {
	case key == nil:
		return nil, errors.New("key syntax error: p= holds no RSA key")
	case key.Size()*8 < minRSA:
		return nil, fmt.Errorf("key is too short: want %d bits, has %d bits", minRSA, key.Size()*8)
	case key.Size()*8 > maxRSA:
		return nil, fmt.Errorf("key is too long: want %d bits at most, has %d bits", maxRSA, key.Size()*8)
	}
	return key, nil
}

// signed reports whether value is the key's signature of a SHA-256 hash.
func (k publicKey) signed(sum, value []byte) bool {
	if k.ed != nil {
		return ed25519.Verify(k.ed, sum, value)
	}
	return rsa.VerifyPKCS1v15(k.rsa, crypto.SHA256, sum, value) == nil
}
