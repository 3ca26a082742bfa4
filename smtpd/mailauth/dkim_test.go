package mailauth

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"
	"github.com/google/go-cmp/cmp"

	"gatepost/policy"
)

// A key signs for a domain.
type key struct {
	domain, selector, algorithm string
	signer                      crypto.Signer
	public                      []byte
}

// record is what the domain publishes.
func (k key) record() string {
	return fmt.Sprintf("%s._domainkey.%s TXT \"v=DKIM1; k=%s; p=\" %q\n", k.selector, k.domain,
		k.algorithm, base64.StdEncoding.EncodeToString(k.public))
}

// rsaSigner is made once: it takes a while.
var rsaSigner = sync.OnceValues(func() (*rsa.PrivateKey, error) {
	return rsa.GenerateKey(rand.Reader, 2048)
})

func rsaKey(t testing.TB, domain, selector string) key {
	t.Helper()
	signer, err := rsaSigner()
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&signer.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return key{domain, selector, "rsa", signer, public}
}

func edKey(domain, selector string) key {
	seed := sha(domain + selector)
	signer := ed25519.NewKeyFromSeed(seed)
	return key{domain, selector, "ed25519", signer, signer.Public().(ed25519.PublicKey)}
}

func sha(s string) []byte {
	h := crypto.SHA256.New()
	io.WriteString(h, s)
	return h.Sum(nil)
}

// signed puts a signature of each key over From and Subject in front of a message, the last
// one outermost.
func signed(t testing.TB, raw string, keys ...key) string {
	t.Helper()
	for _, k := range keys {
		raw = signedOver(t, raw, k, "From", "Subject")
	}
	return raw
}

func signedOver(t testing.TB, raw string, k key, names ...string) string {
	t.Helper()
	var b bytes.Buffer
	err := dkim.Sign(&b, strings.NewReader(raw), &dkim.SignOptions{
		Domain: k.domain, Selector: k.selector, Signer: k.signer, Hash: crypto.SHA256,
		HeaderCanonicalization: dkim.CanonicalizationRelaxed,
		BodyCanonicalization:   dkim.CanonicalizationRelaxed,
		HeaderKeys:             names,
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// ids are results in short: "pass acme.test sel".
func ids(all []policy.Identity) []string {
	var short []string
	for _, id := range all {
		short = append(short, strings.TrimSpace(
			id.Result.String()+" "+string(id.Domain)+" "+id.Selector))
	}
	return short
}

func TestDKIM(t *testing.T) {
	rsa, ed := rsaKey(t, "acme.test", "sel"), edKey("acme.test", "ed")
	other := edKey("forger.test", "ed")
	published := rsa.record() + ed.record() + other.record()
	both := signed(t, plainMail, rsa, ed)
	upper := ed
	upper.domain = "ACME.Test"
	for _, test := range []struct {
		name, raw, records string
		want               []string
	}{
		{"RSA", signed(t, plainMail, rsa), published, []string{"pass acme.test sel"}},
		{"Ed25519", signed(t, plainMail, ed), published, []string{"pass acme.test ed"}},
		{"both", both, published, []string{"pass acme.test ed", "pass acme.test sel"}},
		{"another domain", signed(t, plainMail, other), published, []string{"pass forger.test ed"}},
		{"upper case", signed(t, plainMail, upper), published, []string{"pass acme.test ed"}},
		{"not signed", plainMail, published, nil},
		{"body altered", strings.Replace(both, "One line", "Two lines", 1), published,
			[]string{"fail acme.test ed", "fail acme.test sel"}},
		{"subject altered", strings.Replace(both, "hello", "goodbye", 1), published,
			[]string{"fail acme.test ed", "fail acme.test sel"}},
		{"From altered", strings.Replace(both, "ann@acme", "eve@acme", 1), published,
			[]string{"fail acme.test ed", "fail acme.test sel"}},
		{"key missing", both, rsa.record(),
			[]string{"permerror acme.test ed", "pass acme.test sel"}},
		{"DNS failing", both, rsa.record() + "ed._domainkey.acme.test FAIL\n",
			[]string{"temperror acme.test ed", "pass acme.test sel"}},
		{"DNS slow", both, rsa.record() + "ed._domainkey.acme.test TIMEOUT\n",
			[]string{"temperror acme.test ed", "pass acme.test sel"}},
		{"another key", signed(t, plainMail, ed),
			`ed._domainkey.acme.test TXT "k=ed25519; p=` + base64.StdEncoding.EncodeToString(sha("x")) + `"`,
			[]string{"fail acme.test ed"}},
		{"two keys", signed(t, plainMail, ed), ed.record() + ed.record(),
			[]string{"permerror acme.test ed"}},
		{"revoked", signed(t, plainMail, ed), `ed._domainkey.acme.test TXT "v=DKIM1; p="`,
			[]string{"permerror acme.test ed"}},
		{"endless key", signed(t, plainMail, ed),
			strings.Replace(ed.record(), "k=", "n="+strings.Repeat("x", maxKey)+"; k=", 1),
			[]string{"permerror acme.test ed"}},
		{"bare line feeds", strings.ReplaceAll(both, "\r\n", "\n"), published,
			[]string{"pass acme.test ed", "pass acme.test sel"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := checker(t, zoneOf(t, test.records)).Check(t.Context(), queryOf(test.raw))
			if diff := cmp.Diff(test.want, ids(a.DKIM)); diff != "" {
				t.Error(diff)
			}
			for _, id := range a.DKIM {
				if (id.Why == "") != (id.Result == policy.Pass) {
					t.Errorf("%v because of %q", id.Result, id.Why)
				}
			}
		})
	}
}

// A field that nobody can read takes no question to the DNS and no name with it.
func TestUnreadableSignatures(t *testing.T) {
	for tags, want := range map[string]string{
		"d=acme.test\x00.forger.test; s=sel": "permerror",
		"d=acme.test\".forger.test; s=sel":   "permerror",
		"d=ácme.test; s=sel":                 "permerror",
		"d=192.0.2.1; s=sel":                 "permerror",
		"d=.test; s=sel":                     "permerror",
		"s=sel":                              "permerror",
		"d=acme.test":                        "permerror",
		"d=acme.test; s=":                    "permerror",
		"d=acme.test; s=a\x00b":              "permerror",
		"d=acme.test; s=\"a b\"":             "permerror",
		"d=acme.test; s=sel; d=forger.test":  "permerror",
		"d=acme.test; s=sel; x":              "permerror",
		"d=acme.test\u00a0; s=sel":           "permerror",
		"d=xn--zzzzzz.test; s=sel":           "permerror",
		"d=acme.test; s=sel; n=" + strings.Repeat("x", maxSigned): "permerror",
		// These reach the library, which asks or refuses.
		"d = acme\r\n .test; s=\r\n sel": "permerror acme.test sel",
		"d=acme.test; s=a.b;":            "permerror acme.test a.b",
	} {
		raw := "DKIM-Signature: v=1; a=rsa-sha256; h=from; bh=eA==; b=eA==; " + tags + "\r\n" + plainMail
		asked := &counter{Resolver: zoneOf(t, "")}
		q := queryOf(raw)
		q.From, q.Envelope.MailFrom = "", ""
		a := checker(t, asked).Check(t.Context(), q)
		if diff := cmp.Diff([]string{want}, ids(a.DKIM)); diff != "" {
			t.Errorf("%.40q: %s", tags, diff)
			continue
		}
		if a.DKIM[0].Why == "" || len(a.DKIM[0].Why) > 300 {
			t.Errorf("%.40q: why %q", tags, a.DKIM[0].Why)
		}
		if questions := asked.total(); (want == "permerror") != (questions == 0) {
			t.Errorf("%.40q: %d questions", tags, questions)
		}
	}
}

// What a stranger wrote is cut where it is repeated.
func TestWhyIsShort(t *testing.T) {
	raw := "DKIM-Signature: v=1; a=rsa-sha256; h=from; bh=eA==; b=eA==; d=acme.test; s=sel; t=" +
		strings.Repeat("\u202ex", maxSigned/8) + "\r\n" + plainMail
	key := `sel._domainkey.acme.test TXT "any"`
	a := checker(t, zoneOf(t, key)).Check(t.Context(), queryOf(raw))
	if got := a.DKIM[0].Why; len([]rune(got)) != maxWhy || strings.Contains(got, "\u202e") {
		t.Errorf("%q", got)
	}
}

// Of many signatures those count that could be aligned, wherever they stand.
func TestManySignatures(t *testing.T) {
	author := edKey("acme.test", "ed")
	raw, records := signed(t, plainMail, author), author.record()
	for i := range 7 {
		junk := edKey(fmt.Sprintf("junk%d.test", i), "ed")
		raw, records = signed(t, raw, junk), records+junk.record()
	}
	sub := edKey("news.acme.test", "ed")
	raw, records = signed(t, raw, sub), records+sub.record()
	asked := &counter{Resolver: zoneOf(t, records)}
	q := queryOf("DKIM-Signature: nothing\r\n" + raw)
	got := ids(checker(t, asked).Check(t.Context(), q).DKIM)
	want := []string{"pass news.acme.test ed", "pass junk6.test ed", "pass junk5.test ed",
		"pass junk4.test ed", "pass acme.test ed"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if n := asked.of("ed._domainkey.junk0.test"); n != 0 {
		t.Errorf("%d questions about a signature that does not count", n)
	}
}

// Signatures that are not looked at cost no more than their reading.
func TestThousandSignatures(t *testing.T) {
	const many = 900
	q := queryOf(strings.Repeat(forgery("acme.test", "s"), many) + plainMail)
	if n := len(choose(q)); n != maxSignatures {
		t.Errorf("%d are looked at", n)
	}
	if n := testing.AllocsPerRun(2, func() { choose(q) }) / many; n > 100 {
		t.Errorf("%v allocations for each", n)
	}
}

// A signature over thousands of fields that are not there takes no longer for that.
func TestManyNames(t *testing.T) {
	k := edKey("acme.test", "ed")
	for want, names := range map[string]int{"pass acme.test ed": 1500, "permerror": 1700} {
		raw := signedOver(t, plainMail, k, slices.Repeat([]string{"From"}, names)...)
		c, q := checker(t, zoneOf(t, k.record())), queryOf(raw)
		var before, after syscall.Rusage // how long we compute: others do, too
		err := syscall.Getrusage(syscall.RUSAGE_SELF, &before)
		a := c.Check(t.Context(), q)
		err = errors.Join(err, syscall.Getrusage(syscall.RUSAGE_SELF, &after))
		if diff := cmp.Diff([]string{want}, ids(a.DKIM)); diff != "" || err != nil {
			t.Errorf("%d names: %s, %v", names, diff, err)
		}
		if took := time.Duration(after.Utime.Nano() - before.Utime.Nano()); took > time.Second {
			t.Errorf("%d names: %v", names, took)
		}
	}
}

// A field of any length is verified.
func TestLongField(t *testing.T) {
	k := edKey("acme.test", "ed")
	long := "Subject: " + strings.Repeat("\r\n "+strings.Repeat("x", 70), 3000)
	raw := signed(t, strings.Replace(plainMail, "Subject: hello", long, 1), k)
	for want, raw := range map[string]string{
		"pass acme.test ed": raw, "fail acme.test ed": strings.Replace(raw, "xx\r\n", "xy\r\n", 1),
	} {
		a := checker(t, zoneOf(t, k.record())).Check(t.Context(), queryOf(raw))
		if diff := cmp.Diff([]string{want}, ids(a.DKIM)); diff != "" {
			t.Error(diff)
		}
	}
}

// A line that is no field is not verified, so that nothing passes that is not judged.
func TestUnjudgedLine(t *testing.T) {
	k := edKey("acme.test", "ed")
	raw := signed(t, plainMail, k)
	a := checker(t, zoneOf(t, k.record())).Check(t.Context(), queryOf("not a field\r\n"+raw))
	if diff := cmp.Diff([]string{"pass acme.test ed"}, ids(a.DKIM)); diff != "" {
		t.Error(diff)
	}
}

// broken is a body that cannot be read to its end.
type broken struct{ r io.Reader }

func (b broken) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if err == io.EOF {
		err = errors.New("the disk\x1b is gone")
	}
	return n, err
}

// A spool that fails says nothing about the signatures, and leaves no goroutine behind.
func TestBrokenBody(t *testing.T) {
	one, two := edKey("acme.test", "one"), edKey("acme.test", "two")
	q := queryOf(signed(t, plainMail, one, two))
	body := q.Body
	q.Body = func() io.Reader { return broken{body()} }
	a := checker(t, zoneOf(t, one.record()+two.record())).Check(t.Context(), q)
	for _, id := range a.DKIM {
		const why = "the message could not be read: the disk\uFFFD is gone"
		if id.Result != policy.TempError || id.Why != why {
			t.Errorf("%+v", id)
		}
	}
	if len(a.DKIM) != 2 {
		t.Errorf("%d results", len(a.DKIM))
	}
}

// reading calls back before each read.
type reading struct {
	r      io.Reader
	before func()
}

func (r reading) Read(p []byte) (int, error) {
	r.before()
	return r.r.Read(p[:1])
}

// A long body is not read on when the time is up.
func TestBodyAfterTheEnd(t *testing.T) {
	k := edKey("acme.test", "ed")
	q := queryOf(signed(t, plainMail, k))
	ctx, cancel := context.WithCancel(t.Context())
	body, reads := q.Body, 0
	q.Body = func() io.Reader { return reading{body(), func() { reads++; cancel() }} }
	a := checker(t, zoneOf(t, k.record())).Check(ctx, q)
	if diff := cmp.Diff([]string{"permerror acme.test ed"}, ids(a.DKIM)); diff != "" || reads != 1 {
		t.Errorf("%d reads: %s", reads, diff)
	}
}

// Without a signature the body is left alone.
func TestBodyNotRead(t *testing.T) {
	q := queryOf(plainMail)
	q.Body = func() io.Reader { t.Error("the body was read"); return strings.NewReader("") }
	checker(t, zoneOf(t, "")).Check(t.Context(), q)
}
