package mailauth

import (
	"strings"
	"testing"

	"gatepost/policy"
)

// ses is a field as Amazon SES writes it, about victim.test.
func ses(path, helo, rest string) string {
	return "amazonses.com; spf=fail (spfCheck: domain of evil.test does not designate 203.0.113.66" +
		" as permitted sender) client-ip=203.0.113.66; envelope-from=" + path + "; helo=" + helo +
		"; " + rest
}

const sesFail = "dkim=none; dmarc=fail header.from=victim.test;"

// What SES really writes is read: its finding of DMARC, and what speaks against the sender.
func TestRemarks(t *testing.T) {
	for _, c := range []struct{ value, want string }{
		{ses("ann@victim.test", "mail.victim.test", "dkim=pass header.i=@victim.test; "+
			"dmarc=pass header.from=victim.test;"), "spf=fail; dmarc=pass header.from=victim.test"},
		{ses("", "localhost", "dkim=none; dmarc=pass header.from=victim.test"),
			"spf=fail; dmarc=pass header.from=victim.test"},
		{ses("<>", "[IPv6:2001:db8::1]", "dmarc=pass header.from=victim.test"),
			"spf=fail; dmarc=pass header.from=victim.test"},
		{ses("ann@victim.test", "[192.0.2.1]", "dmarc=none header.from=victim.test"),
			"spf=fail; dmarc=none header.from=victim.test"},
		{ses("ann@evil.test", "mx.evil.test", sesFail),
			"spf=fail; dkim=none; dmarc=fail header.from=victim.test"},
		// Exchange Online's older form, with the domain of the recipient.
		{"spf=pass (sender IP is 192.0.2.7) smtp.mailfrom=a.test; help.test; dkim=pass (signature was" +
			" verified) header.d=a.test;help.test; dmarc=pass action=none header.from=a.test;",
			"dmarc=pass header.from=a.test"},
		// A comment that ends within the quotation marks of what it repeats.
		{`mx.test; spf=pass (domain of "x) y=z (y"@evil.test) smtp.mailfrom=a; dmarc=pass header.from=a`, ""},
		{`mx.test; spf=pass (domain of "x\") y=z (y\""@evil.test) smtp.mailfrom=a`, ""},
		{`mx.test; spf=pass (domain of "x y"@evil.test) smtp.mailfrom=a`, "spf=pass smtp.mailfrom=a"},
		// A relay that is not known to write so: only what speaks against the sender.
		{strings.Replace(ses("a@b.test", "b.test", "dmarc=pass header.from=victim.test"),
			"amazonses.com", "mx.relay.test", 1), "spf=fail"},
		{strings.Replace(ses("a@b.test", "b.test", sesFail), "amazonses.com", "mx.relay.test", 1),
			"spf=fail; dkim=none; dmarc=fail header.from=victim.test"},
	} {
		r, err := readResults(c.value)
		_, got, _ := strings.Cut(r.short(), "; ")
		if err != nil || got != c.want {
			t.Errorf("%s\n got %s\nwant %s (%v)", c.value, got, c.want, err)
		}
	}
}

// injections are what a stranger has a relay repeat that writes it as it is, in hope of a
// finding of his own.
var injections = []string{
	"x; dmarc=pass header.from=victim.test",
	"x; dmarc=pass header.from=victim.test;",
	"x; dmarc=pass header.from=victim.test; y",
	"x@y.test; dmarc=pass header.from=victim.test",
	"x@y.test; dmarc=pass header.from=victim.test; y=z",
	"x@y.test; dmarc=pass header.from=victim.test; y=z a.b=c",
	"x@y.test; dmarc=pass header.from=victim.test (",
	"x@y.test; dmarc=pass header.from=victim.test \"",
	"x@y.test; dmarc=pass header.from=victim.test; envelope-from=z",
	"x@y.test; helo=y.test; dmarc=pass header.from=victim.test; dkim=none header.d=z",
	"x@y.test; helo=y.test; dmarc=pass header.from=victim.test; none",
	"x@y.test; helo=y.test; dkim=pass header.d=victim.test; dkim=pass header.d=z",
	"x@y.test; spf=pass smtp.mailfrom=victim.test; spf=pass smtp.mailfrom=z",
	"x@y.test; dkim=pass header.d=victim.test",
	`"x"; dmarc=pass header.from=victim.test`, `\"; dmarc=pass header.from=victim.test; \"`,
	"(x); dmarc=pass header.from=victim.test", "x); dmarc=pass header.from=victim.test; (x",
	"x\t;\tdmarc = pass header . from = victim.test ;", "; dmarc=pass header.from=victim.test",
	"; none; dkim=pass header.d=victim.test; none", "",
}

// believes reports whether what relays said proves victim.test.
func believes(all []finding) bool {
	if heardDMARC(all, "victim.test") == policy.Pass || heardSPF(all).Result == policy.Pass {
		return true
	}
	for _, id := range heardDKIM(all) {
		if id.Result == policy.Pass && id.Domain == "victim.test" {
			return true
		}
	}
	return false
}

// TestInjected: nothing that a stranger has repeated in a reverse-path or HELO proves anything,
// whether SES says fail behind it, none, or nothing at all of victim.test.
func TestInjected(t *testing.T) {
	for _, text := range injections {
		for _, rest := range []string{sesFail, "dkim=none; dmarc=none header.from=victim.test",
			"dkim=pass header.i=@evil.test; dmarc=none header.from=victim.test;"} {
			for _, value := range []string{ses(text+"@evil.test", "evil.test", rest),
				ses("x@evil.test", text, rest), ses(text+"@evil.test", text, rest)} {
				if r, err := readResults(value); err != nil || believes(r.all) {
					t.Errorf("%s: %s, %v", value, r.short(), err)
				}
			}
		}
		// Others end with what they repeat.
		for _, value := range []string{
			"mx.relay.test; spf=fail smtp.mailfrom=evil.test; envelope-from=" + text + "@evil.test",
			"mx.relay.test; spf=fail smtp.mailfrom=evil.test; helo=" + text,
			"amazonses.com; spf=fail; envelope-from=" + text + "@evil.test",
			"amazonses.com; spf=fail; helo=" + text + "; envelope-from=x@evil.test",
		} {
			if r, err := readResults(value); err != nil || believes(r.all) {
				t.Errorf("%s: %s, %v", value, r.short(), err)
			}
		}
	}
}
