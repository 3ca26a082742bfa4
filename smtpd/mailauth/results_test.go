package mailauth

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatepost/policy"
)

// short writes a field down again: "id; spf=pass smtp.mailfrom=acme.test".
func (r results) short() string {
	var b strings.Builder
	b.WriteString(r.id)
	for _, f := range r.all {
		b.WriteString("; " + f.method + "=" + f.result)
		for _, p := range f.properties {
			b.WriteString(" " + p.name + "=" + p.value)
		}
	}
	return b.String()
}

func TestReadResults(t *testing.T) {
	for _, test := range []struct{ value, want string }{
		// The examples of RFC 8601, appendix B.
		{"example.org 1; none", "example.org"},
		{"example.com; spf=pass smtp.mailfrom=example.net",
			"example.com; spf=pass smtp.mailfrom=example.net"},
		{"example.com; auth=pass (cram-md5) smtp.auth=sender@example.net; " +
			"spf=pass smtp.mailfrom=example.net",
			"example.com; auth=pass smtp.auth=sender@example.net; spf=pass " +
				"smtp.mailfrom=example.net"},
		{"example.com; iprev=pass policy.iprev=192.0.2.200",
			"example.com; iprev=pass policy.iprev=192.0.2.200"},
		{"example.com; dkim=pass (good signature) header.d=example.com",
			"example.com; dkim=pass header.d=example.com"},
		{`example.com; dkim=pass reason="good signature" ` +
			`header.i=@mail-router.example.net; dkim=fail reason="bad signature" ` +
			`header.i=@newyork.example.com`,
			"example.com; dkim=pass header.i=@mail-router.example.net; dkim=fail " +
				"header.i=@newyork.example.com"},
		{`foo.example.net (foobar) 1 (baz); dkim (Because I like it) / 1 (One ` +
			`yay) = (wait for it) fail policy (A dot can go here) . (like that) ` +
			`expired (this surprised me) = (as I wasn't expecting it) 1362471462`,
			"foo.example.net; dkim=fail policy.expired=1362471462"},
		{"mx.test;spf=pass", "mx.test; spf=pass"},
		{" mx.test ; spf = pass ; ", "mx.test; spf=pass"},
		{"mx.test; SPF=Pass SMTP.MailFrom=A.test",
			"mx.test; spf=pass smtp.mailfrom=A.test"},
		{"mx.test;; none;", "mx.test"},
		{"mx.test", "mx.test"},
		{`"mx test"; spf=pass`, "mx test; spf=pass"},
		{`mx.test; spf=pass smtp.mailfrom="a b"@c.test`,
			"mx.test; spf=pass smtp.mailfrom=a b@c.test"},
		{`mx.test; spf=pass smtp.mailfrom="a\"b; (c"@d.test`,
			`mx.test; spf=pass smtp.mailfrom=a"b; (c@d.test`},
		{"mx.test; spf=pass smtp.mailfrom=bounce+a=b@c.test",
			"mx.test; spf=pass smtp.mailfrom=bounce+a=b@c.test"},
		{"mx.test; spf=none smtp.mailfrom=<>; dkim=none",
			"mx.test; spf=none smtp.mailfrom=<>; dkim=none"},
		{"mx.test; dkim=pass header.b=ab/c+d= header.s=s",
			"mx.test; dkim=pass header.b=ab/c+d= header.s=s"},
		{"mx.test; dmarc=pass action=none header.from=c.test; compauth=pass reason=100",
			"mx.test; dmarc=pass header.from=c.test; compauth=pass"},
		{"mx.test; dkim/1=pass", "mx.test; dkim=pass"},
		{"mx.test; dkim/2=pass", "mx.test; dkim/?=pass"},
		{"mx.test; none; spf=fail", "mx.test; spf=fail"},
		{"mx.test; spf=pass smtp.mail=ann@a.test", "mx.test; spf=pass smtp.mailfrom=ann@a.test"},
		{"mx.test; dmarc=pass(p=NONE,sp=QUARANTINE) header.from=c.test arc_overridden_status=NO;",
			"mx.test; dmarc=pass header.from=c.test"},
		// Without an authserv-id.
		{"spf=pass smtp.mailfrom=a.test; dkim=pass header.d=a.test",
			"; spf=pass smtp.mailfrom=a.test; dkim=pass header.d=a.test"},
		{"spf = pass; dkim=fail", "; spf=pass; dkim=fail"}, {"dkim/1=pass; spf=pass",
			"; dkim=pass; spf=pass"},
		// No signature passes that is said to be absent.
		{"mx.test; dkim=none; dkim=pass header.d=a.test",
			"mx.test; dkim=none; dkim=neutral header.d=a.test"},
		// What strangers write in comments is never a result.
		{"mx.test; dkim=pass header.d=a.test (x; dmarc=pass header.from=victim.test)",
			"mx.test; dkim=pass header.d=a.test"},
		{"mx.test; spf=fail (a (nested ; dmarc=pass) one \\) still) smtp.mailfrom=a.test",
			"mx.test; spf=fail smtp.mailfrom=a.test"},
		{`mx.test; spf=fail reason="x; dmarc=pass header.from=victim.test"`,
			"mx.test; spf=fail"},
		{"mx.test (; dmarc=pass) ; spf=fail", "mx.test; spf=fail"},
		{"mx.test; " + strings.Repeat("(", 1000) + strings.Repeat(")", 1000) + "spf=fail",
			"mx.test; spf=fail"},
	} {
		got, err := readResults(test.value)
		if err != nil {
			t.Errorf("%.80q: %v", test.value, err)
		} else if diff := cmp.Diff(test.want, got.short()); diff != "" {
			t.Errorf("%.80q: %s", test.value, diff)
		}
	}
}

// A field that does not say whose it is, or is of another version, counts for nothing.
func TestUnreadableResults(t *testing.T) {
	for _, value := range []string{
		"", " ", ";", "(mx.test)", "; spf=pass", "mx.test 2; spf=pass", "mx.test x; spf=pass",
		"mx.test spf=pass", "mx.test\x00; spf=pass", "mx.test, other.test; spf=pass",
		"<mx.test>; spf=pass", `"mx.test"=pass; spf=pass`, `"mx.test; spf=pass`,
		"mx.test (; spf=pass",

		"mx.test from=a.test; domainkeys=neutral (no sig); from=a.test; dkim=pass (ok)",
	} {
		if got, err := readResults(value); err == nil {
			t.Errorf("%q: %q", value, got.short())
		} else if strings.ContainsAny(err.Error(), "\x00\r") {
			t.Errorf("%q: %q", value, err)
		}
	}
}

// What cannot be read is skipped, and with it all that passes in the same field.
func TestSkippedFindings(t *testing.T) {
	for _, segment := range []string{
		"spf", "spf=", "=pass", "spf==pass", "spf=pass smtp", "spf=pass smtp.=a.test",
		"spf=pass smtp.mailfrom", "spf=pass .mailfrom=a.test", "spf=pass, dkim=pass",
		"spf=pass (open", "spf=pass (open\\", "spf=(open\\", "spf=pass (a(b)", "spf=pass)",
		`spf=pass reason="open`, `spf=pass reason="open\`, "spf=pass\x00", "spf=\x00pass",
		"spf=pass\r", "spf=pass none", "none spf=pass",
		"dmarc=pass header.from=a.test header.from=b.test",
		"spf=pass smtp.mailfrom=a smtp.MAILFROM=victim.test",
		"spf=pass smtp.mail=a smtp.mailfrom=b",
		"dkim=pass header.d=a.test header . d=b.test", "dmarc\u017f=pass", "envelope-from=a@b.test",
		"helo=localhost", "client-ip=192.0.2.1", "mx.test",
	} {
		for _, value := range []string{"mx.test; iprev=pass; dmarc=pass header.from=a.test; " + segment,
			"mx.test; " + segment + "; iprev=pass; dkim=pass header.d=a.test; dmarc=pass header.from=a.test"} {
			got, err := readResults(value)
			if err != nil || len(got.skipped) == 0 {
				t.Errorf("%q: %q, %v", value, got.skipped, err)
			}
			for _, f := range got.all {
				if f.counts() && f.outcome() == policy.Pass {
					t.Errorf("%q: %q", value, got.short())
				}
			}
		}
	}
}
