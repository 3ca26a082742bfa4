package mailauth

import (
	"bytes"
	"context"
	"crypto"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/emersion/go-msgauth/dkim"
	"pgregory.net/rapid"

	"gatepost/policy"
)

// library is what another verifier says of the fields as we read them, and the body.
func library(t testing.TB, raw string, k key) error {
	q := queryOf(raw)
	var all strings.Builder
	for _, f := range q.Message.Fields {
		all.WriteString(strings.TrimRight(string(f.Raw), "\r\n") + "\r\n")
	}
	_, record, _ := strings.Cut(k.record(), " TXT ")
	record = strings.NewReplacer(`"`, "", " ", "", "\n", "").Replace(record)
	results, err := dkim.VerifyWithOptions(
		io.MultiReader(strings.NewReader(all.String()+"\r\n"), q.Body()), &dkim.VerifyOptions{
			LookupTXT: func(string) ([]string, error) { return []string{record}, nil }})
	if err != nil || len(results) != 1 {
		t.Fatalf("%d results, %v", len(results), err)
	}
	return results[0].Err
}

// compare holds the other verifier's answer on a message with one signature against ours. The
// differences that there may be are named.
func compare(t testing.TB, c *Checker, raw string, k key) {
	q := queryOf(raw)
	all := choose(q)
	if len(all) != 1 {
		return
	}
	theirs := library(t, raw, k)
	c.settle(context.Background(), q, all)
	ours, body := all[0], raw[q.Message.Size:]
	own := string(q.Message.Fields[ours.field].Raw)
	switch {
	case theirs == nil && ours.Result == policy.Pass, theirs != nil && ours.Result != policy.Pass:
	case theirs == nil && strings.HasSuffix(ours.Why, " stands twice"):
	case theirs == nil && strings.Contains(strings.ReplaceAll(body, "\r\n", ""), "\r"):
		// a bare CR is no line end, and text does not disappear
	case theirs == nil && strings.ContainsFunc(own, unusual):
		// white space is space, tab and line end
	case theirs == nil && len(own) > maxSigned:
	case theirs == nil:
		t.Errorf("the library says pass, we say %v (%s):\n%q", ours.Result, ours.Why, raw)
	case strings.Contains(theirs.Error(), "domain mismatch"):
		// letter case and quoted-printable in i=
	case strings.Contains(theirs.Error(), "insecure body length") && ours.length >= 0:
	case strings.Contains(theirs.Error(), "signature did not verify") && strings.Count(own, "b=") > 1:
		// b= within another tag
	case strings.Contains(strings.ReplaceAll(body, "\r\n", ""), "\r"):
	default:
		t.Errorf("we say pass, the library %v:\n%q", theirs, raw)
	}
}

func unusual(r rune) bool { return r > '~' || r < ' ' && !isWhite(r) }

// signedAs puts a signature of any form in front of a message.
func signedAs(
	raw string, k key, header, body dkim.Canonicalization, names ...string,
) (string, error) {
	var b bytes.Buffer
	err := dkim.Sign(&b, strings.NewReader(raw), &dkim.SignOptions{
		Domain: k.domain, Selector: k.selector, Signer: k.signer, Hash: crypto.SHA256,
		HeaderCanonicalization: header, BodyCanonicalization: body, HeaderKeys: names,
	})
	return b.String(), err
}

// TestOracle signs messages of all kinds with the library, changes some, and compares.
func TestOracle(t *testing.T) {
	k := edKey("acme.test", "ed")
	c := checker(t, zoneOf(t, k.record()))
	form := rapid.SampledFrom([]dkim.Canonicalization{
		dkim.CanonicalizationSimple, dkim.CanonicalizationRelaxed})
	text := rapid.StringOfN(rapid.SampledFrom([]rune("ab \t:;=é")), 0, 12, -1)
	fold := rapid.SampledFrom([]string{"", "\r\n ", "\r\n\t  ", " \r\n "})
	name := rapid.SampledFrom([]string{"Subject", "to", "CC", "X-a", "X-A ", "Received", "Date"})
	part := rapid.SampledFrom([]string{
		"a", "b", " ", "\t", "\r\n", "\r\n", "\n", "\r", "é", "  \r\n"})
	passed := 0
	rapid.Check(t, func(r *rapid.T) {
		head, names := "From: Ann <ann@acme.test>\r\n", []string{"From"}
		for range rapid.IntRange(0, 5).Draw(r, "fields") {
			n := name.Draw(r, "name")
			head += n + ":" + text.Draw(r, "front") + fold.Draw(r, "fold") + "." +
				text.Draw(r, "back") + "\r\n"
			if rapid.Bool().Draw(r, "named") {
				names = append(names, strings.TrimSpace(n))
			}
		}
		body := strings.Join(rapid.SliceOfN(part, 0, 30).Draw(r, "body"), "")
		raw, err := signedAs(head+"\r\n"+body, k, form.Draw(r, "header"),
			form.Draw(r, "body form"), names...)
		if err != nil {
			r.Skip(err.Error())
		}
		if library(t, raw, k) == nil {
			passed++
		}
		compare(t, c, raw, k)
		at := rapid.IntRange(0, len(raw)).Draw(r, "at")
		end := min(len(raw), at+rapid.IntRange(0, 2).Draw(r, "out"))
		compare(t, c, raw[:at]+part.Draw(r, "in")+raw[end:], k)
	})
	if passed < 50 && !testing.Short() { // which draws few
		t.Errorf("only %d messages were signed and verified", passed)
	}
}

// FuzzOracle does the same with what a fuzzer thinks of.
func FuzzOracle(f *testing.F) {
	f.Add("Subject: x\r\n y", "One line.\r\n\r\n", true, true, 40, ";")
	f.Add("Subject:x\r\nSubject: y", " a \t b \r\n\r\n\r\nc", false, true, 300, "\r\n")
	f.Add("To: a@b.test\r\nX-A:", "", true, false, 10, "z=b=x;")
	f.Add("Content-Type: x\r\n\t y", "\r\n\n\r\r\n", false, false, 200, " ")
	k := edKey("acme.test", "ed")
	c := checker(f, zoneOf(f, k.record()))
	forms := map[bool]dkim.Canonicalization{
		true: dkim.CanonicalizationRelaxed, false: dkim.CanonicalizationSimple}
	f.Fuzz(func(t *testing.T, head, body string, header, content bool, at int, in string) {
		raw, err := signedAs("From: ann@acme.test\r\n"+head+"\r\n\r\n"+body, k,
			forms[header], forms[content])
		if err != nil {
			return
		}
		compare(t, c, raw, k)
		at = max(at, -at) % (len(raw) + 1)
		compare(t, c, raw[:at]+in+raw[at:], k)
	})
}

// tagged puts a signature with further tags in front of a message.
func tagged(t testing.TB, raw string, k key, more string) string {
	return signedBy(t, fmt.Sprintf("DKIM-Signature: v=1; a=%s-sha256; c=relaxed/relaxed; d=%s; s=%s;"+
		" h=from:subject; bh=%s; %s b=", k.algorithm, k.domain, k.selector, bodyHash(raw), more),
		raw, k, "from", "subject")
}

// bodyHash is the value of bh= for a message, in the relaxed form.
func bodyHash(raw string) string {
	b := newBody(canonical{relaxed: true})
	io.Copy(b, queryOf(raw).Body())
	return base64.StdEncoding.EncodeToString(b.end())
}

// signedBy puts a field that ends in b= in front of a message, and signs these fields by it.
func signedBy(t testing.TB, field, raw string, k key, names ...string) string {
	fields := queryOf(field + "\r\n" + raw).Message.Fields
	s := signature{header: canonical{relaxed: true}, covers: pick(fields, names, 0)}
	value, err := k.signer.Sign(nil, s.sum(fields), crypto.Hash(0))
	if err != nil {
		t.Fatal(err)
	}
	return field + base64.StdEncoding.EncodeToString(value) + "\r\n" + raw
}

// What the library does not verify, or not so: an identity in another spelling, a length that
// leaves nothing out, b= within another tag, and what limits a signature.
func TestTags(t *testing.T) {
	k := edKey("acme.test", "ed")
	plain := k.record()
	exact := strings.Replace(plain, "k=", "t=y:s; k=", 1)
	for _, test := range []struct{ tags, record, added, want string }{
		{"", plain, "", ""},
		{"i=@acme.test;", plain, "", ""},
		{"i=ann@ACME.Test;", plain, "", ""},
		{"i=ANN@NEWS.ACME.TEST;", plain, "", ""},
		{"i=ann=40acme=2Etest;", plain, "", ""},
		{"i=ann=40acme=2etest;", plain, "", ""},
		{"i=a=3Bb@news\r\n .acme.test;", plain, "", ""},
		{"i=@evil.test;", plain, "", "domain mismatch: i= is not within d="},
		{"i=@evilacme.test;", plain, "", "domain mismatch: i= is not within d="},
		{"i=@acme.test=40evil.test;", plain, "", "domain mismatch: i= is not within d="},
		{"i=@test;", plain, "", "domain mismatch: i= is not within d="},
		{"i=;", plain, "", "domain mismatch: i= is not within d="},
		{"i=@acme.test;", exact, "", ""},
		{"i=@news.acme.test;", exact, "",
			"domain mismatch: the key asks for i= in d= itself (t=s)"},
		{"l=11;", plain, "", ""},
		{"l=0000011;", plain, "\r\n \r\n", ""},
		{"l=11;", plain, "P.S.", "l= signs 11 octets of a body of 17"},
		{"l=10;", plain, "", "l= signs 10 octets of a body of 11"},
		{"l=0;", plain, "", "l= signs 0 octets of a body of 11"},
		{"l=12;", plain, "", "l= signs 12 octets of a body of 11"},
		{"l=99999999999999999999;", plain, "", "l= is no number: 99999999999999999999"},
		{"l=-1;", plain, "", "l= is no number: -1"},
		{"l=;", plain, "", "l= is no number: "},
		{"z=From:b=3Dx|Subject:b=4711; xb=b=c;", plain, "", ""},
		{"t=100; x=4000000000;", plain, "", ""},
		{"x=1700000000;", plain, "", "signature has expired"},
		{"t=4000000001; x=4000000001;", plain, "", "x= is not after t="},
		{"q=dns/txt;", plain, "", ""},
		{"q=x:dns/txt;", plain, "", ""},
		{"q=http;", plain, "", "unsupported public key query method"},
		{"", strings.Replace(plain, "k=", "s=tlsrpt; k=", 1), "", "inappropriate service"},
		{"", strings.Replace(plain, "k=", "s=tlsrpt:email; h=sha1:sha256; k=", 1), "", ""},
		{"", strings.Replace(plain, "k=", "h=sha1; k=", 1), "", "inappropriate hash algorithm"},
		{"", strings.Replace(plain, "DKIM1", "DKIM2", 1), "", "incompatible public key version"},
		{"", strings.Replace(plain, "k=ed25519; ", "", 1), "", "inappropriate key algorithm"},
	} {
		raw := tagged(t, plainMail, k, test.tags) + test.added
		a := checker(t, zoneOf(t, test.record)).Check(t.Context(), queryOf(raw))
		if got := a.DKIM[0]; got.Why != test.want || (got.Result == policy.Pass) != (test.want == "") {
			t.Errorf("%s %s: %v, %q, want %q", test.tags, test.record, got.Result, got.Why, test.want)
		}
	}
}

// BenchmarkBody compares the time for a body of a megabyte with the library's.
func BenchmarkBody(b *testing.B) {
	k := edKey("acme.test", "ed")
	c := checker(b, zoneOf(b, k.record()))
	text := strings.Repeat("The quick brown fox  jumps over the lazy dog. \r\n", 1<<20/48)
	for form, header := range map[dkim.Canonicalization]string{
		dkim.CanonicalizationRelaxed: "relaxed", dkim.CanonicalizationSimple: "simple"} {
		raw, err := signedAs(plainMail+text, k, form, form)
		if err != nil {
			b.Fatal(err)
		}
		q := queryOf(raw)
		b.Run("library/"+header, func(b *testing.B) {
			for b.Loop() {
				if err := library(b, raw, k); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("ours/"+header, func(b *testing.B) {
			for b.Loop() {
				all := choose(q)
				if c.settle(b.Context(), q, all); all[0].Result != policy.Pass {
					b.Fatal(all[0].Why)
				}
			}
		})
	}
}
