package mailauth

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"gatepost/policy"
)

// whole is the canonical form of a body, by the words of RFC 6376, sections 3.4.3 and 3.4.4.
func whole(content string, c canonical) string {
	lines := strings.Split(strings.ReplaceAll(content, "\r\n", "\n"), "\n")
	for i, line := range lines {
		if c.relaxed {
			line = regexp.MustCompile(`[ \t]+`).ReplaceAllString(line, " ")
			lines[i] = strings.TrimSuffix(line, " ")
		}
	}
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	if len(lines) == 0 && c.relaxed {
		return ""
	}
	return strings.Join(lines, "\r\n") + "\r\n"
}

// A body has one hash, in whatever pieces it comes.
func TestBodyInPieces(t *testing.T) {
	piece := rapid.StringOfN(rapid.SampledFrom([]rune("a \t\r\n\r\n")), 0, 6, -1)
	rapid.Check(t, func(t *rapid.T) {
		pieces := rapid.SliceOfN(piece, 0, 8).Draw(t, "pieces")
		c := canonical{relaxed: rapid.Bool().Draw(t, "relaxed")}
		b := newBody(c)
		for _, p := range pieces {
			b.Write([]byte(p))
		}
		want := whole(strings.Join(pieces, ""), c)
		if got, sum := b.end(), sha256.Sum256([]byte(want)); string(got) != string(sum[:]) {
			t.Errorf("%q: want the hash of %q", pieces, want)
		}
		if b.length != int64(len(want)) {
			t.Errorf("%q: %d octets, want %d", pieces, b.length, len(want))
		}
	})
}

// The example of RFC 6376, section 3.4.5.
func TestCanonicalFields(t *testing.T) {
	fields := queryOf("A: X\r\nB : Y\t\r\n\tZ  \r\n\r\n").Message.Fields
	for c, want := range map[canonical]string{
		{relaxed: true}:  "a:X\r\nb:Y Z\r\n",
		{relaxed: false}: "A: X\r\nB : Y\t\r\n\tZ  \r\n",
	} {
		var got []byte
		for _, f := range fields {
			got = append(c.appendField(got, f), "\r\n"...)
		}
		if string(got) != want {
			t.Errorf("%+v: %q, want %q", c, got, want)
		}
	}
}

// What no signature counts by.
func TestAlgorithms(t *testing.T) {
	k := edKey("acme.test", "ed")
	good := tagged(t, plainMail, k, "")
	strange := strings.Replace(k.record(), "k=ed25519", "k=x", 1)
	for algorithm, want := range map[string]string{
		"ed25519-sha256": "",
		"rsa-sha256":     "inappropriate key algorithm",
		"ed25519-sha1":   "a= is neither rsa-sha256 nor ed25519-sha256: ed25519-sha1",
		"rsa-sha1":       "a= is neither rsa-sha256 nor ed25519-sha256: rsa-sha1",
		"x-sha256":       "a= is neither rsa-sha256 nor ed25519-sha256: x-sha256",
		"sha256":         "a= is neither rsa-sha256 nor ed25519-sha256: sha256",
		"":               "a= is neither rsa-sha256 nor ed25519-sha256: ",
	} {
		record := k.record()
		if algorithm == "x-sha256" {
			record = strange
		}
		raw := strings.Replace(good, "a=ed25519-sha256", "a="+algorithm, 1)
		a := checker(t, zoneOf(t, record)).Check(t.Context(), queryOf(raw))
		if got := a.DKIM[0]; got.Why != want || (got.Result == policy.Pass) != (want == "") {
			t.Errorf("a=%s: %v, %q", algorithm, got.Result, got.Why)
		}
	}
}

func TestReadKey(t *testing.T) {
	modulus := func(bits uint) string {
		key := &rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), int(bits)-1, 1), E: 65537}
		return base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PublicKey(key))
	}
	for record, want := range map[string]string{
		"p=" + modulus(1024):                   "",
		"v=DKIM1;; p=" + modulus(1024) + " ; ": "",
		"p=" + modulus(1016):                   "key is too short: want 1024 bits, has 1016 bits",
		"p=" + modulus(512):                    "key is too short: want 1024 bits, has 512 bits",
		"p=" + modulus(8200):                   "key is too long: want 8192 bits at most, has 8200 bits",
		"p=AAAA":                               "key syntax error: p= holds no RSA key",
		"p=A":                                  "key syntax error: p= is not in base64",
		"p=":                                   "key revoked",
		"k=rsa":                                "key syntax error: missing public key data",
		"p=AAAA; p=AAAA":                       "key record error: its tags cannot be read",
		"nonsense":                             "key record error: its tags cannot be read",
	} {
		_, err := readKey([]string{record}, "rsa")
		if got := why("", err); got != want {
			t.Errorf("%.40s: %q, want %q", record, got, want)
		}
	}
	if _, err := readKey([]string{"k=ed25519; p=AAAA"}, "ed25519"); err == nil {
		t.Error("an Ed25519 key of 3 octets is read")
	}
}

// A signature cannot be over its own field, and one that says there is no other stands.
func TestOwnFieldNamed(t *testing.T) {
	k := edKey("acme.test", "ed")
	field := "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; d=acme.test; s=ed; " +
		"h=from:dkim-signature; bh=" + bodyHash(plainMail) + "; b="
	raw := signedBy(t, field, plainMail, k, "from", "dkim-signature")
	for added, want := range map[string]policy.Result{
		"": policy.Pass, forgery("evil.test", "s"): policy.Fail,
	} {
		q := queryOf(raw[:strings.Index(raw, "From:")] + added + plainMail)
		a := checker(t, zoneOf(t, k.record())).Check(t.Context(), q)
		if a.DKIM[0].Result != want {
			t.Errorf("%q below: %+v", added, a.DKIM[0])
		}
	}
}
