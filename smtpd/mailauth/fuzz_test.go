package mailauth

import (
	"strings"
	"testing"

	"gatepost/policy"
)

// Whatever a field holds, it is read in bounds, and its comments are not.
func FuzzResults(f *testing.F) {
	for _, seed := range []string{
		"example.org 1; none",
		"mx.test; dkim=pass header.d=good.test (x; dmarc=pass header.from=victim.test)",
		`mx.test; spf=pass reason="a; b" smtp.mailfrom="a b"@c.test; dkim / 1 = fail header . i = @a`,
		"spf=pass smtp.mailfrom=a.test", "mx.test; spf=pass (open\\", `"a\"b"; x=y z.w=`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		r, err := readResults(value)
		if err != nil {
			if len(r.all) != 0 || r.id != "" {
				t.Errorf("%q: an unreadable field counts: %+v", value, r)
			}
			return
		}
		size := len(r.id)
		for _, found := range r.all {
			if found.method == "" || found.result == "" {
				t.Errorf("%q: %+v", value, found)
			}
			size += len(found.method) + len(found.result)
			for _, p := range found.properties {
				size += len(p.name) + len(p.value)
				if p.name == "smtp.mailfrom" { // may be smtp.mail
					size -= len("from")
				}
			}
		}
		if size > len(value) {
			t.Errorf("%q: more is found than is there: %+v", value, r)
		}
		again, err := readResults("(" + strings.Repeat("(;spf=pass)", 3) + ")" + value)
		if err != nil || again.short() != r.short() {
			t.Errorf("%q: a comment in front changes it: %v", value, err)
		}
	})
}

// Whatever a stranger has SES repeat, it proves nothing of a domain that SES says fails, or
// publishes nothing.
func FuzzRepeated(f *testing.F) {
	for i, text := range injections {
		f.Add(text, injections[len(injections)-1-i])
	}
	f.Fuzz(func(t *testing.T, local, helo string) {
		for _, rest := range []string{sesFail, "dkim=none; dmarc=none header.from=victim.test"} {
			value := ses(local+"@evil.test", helo, rest)
			r, err := readResults(value)
			if err != nil || believes(r.all) {
				t.Errorf("%q: %q, %v", value, r.short(), err)
			}
			said := heardDMARC(r.all, "victim.test")
			if rest == sesFail && said != policy.Fail {
				t.Errorf("%q: %v", value, said)
			}
		}
	})
}

// Whatever a domain publishes, it is a record or not, and asks for one of three things.
func FuzzRecord(f *testing.F) {
	for _, seed := range []string{
		"v=DMARC1; p=reject; sp=none; np=quarantine; adkim=s; aspf=s; t=y; psd=n",
		"v=DMARC1", "v = DMARC1 ;; P=Reject ;x", "v=spf1 -all", "v=DMARC1; p=reject; p=none",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, ok := readRecord(text)
		if !ok {
			if r != (published{}) {
				t.Errorf("%q: %+v", text, r)
			}
			return
		}
		if !strings.HasPrefix(text, "v") || !strings.Contains(text, "DMARC1") {
			t.Errorf("%q is taken for a record", text)
		}
		if strings.IndexByte("yun", r.suffix) < 0 || r.demand.String() == "none" && r.demand != 0 {
			t.Errorf("%q: %+v", text, r)
		}
		if again, _ := readRecord(text + "; x=y; p=reject"); r.demand > 0 && again != r {
			t.Errorf("%q: what follows changes it: %+v, %+v", text, r, again)
		}
	})
}
