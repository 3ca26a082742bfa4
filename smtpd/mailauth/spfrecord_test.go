package mailauth

import (
	"errors"
	"net"
	"regexp"
	"strings"
	"testing"

	"blitiri.com.ar/go/spf"

	"gatepost/message"
	"gatepost/policy"
)

func TestSPFGrammar(t *testing.T) {
	for _, terms := range []string{
		"", "-all", "~ALL ", " ?all  +a", "mx -all", "a mx ptr ip4:192.0.2.1 ~all",
		"ip4:192.0.2.0/24 ip4:192.0.2.1/0 ip4:192.0.2.1/32 ip6:2001:db8::/32 ip6:::1/128 ip6:::/0",
		"ip6:::ffff:192.0.2.1 ip6:1:2:3:4:5:6:7:8 IP6:2001:DB8::1",
		"include:_spf.acme.test include:acme.test. include:acme.xn--fiqs8s -all",
		"include:%{ir}.%{v}.%{d}.spf.acme.test exists:%{i}._spf.%{d2} -exists:%{L1r+-}.x.%{o}",
		"a/24 a//64 a/24//64 a:acme.test/24//64 mx:acme.test//128 a:%{d}/16 mx:%{h}/8",
		"a:foo:bar/baz.acme.test a:acme/24.test a:%{l/}", "ptr:acme.test ptr:%{d}",
		"exists:a%%b%_c%-d.test exists:%% exists:.test exists:a..b.test exists:%{s}.1-2",
		"redirect=_spf.acme.test", "exp=why.acme.test -all redirect=%{d}.acme.test", "Exp=%{o}",
		"v=spf1 -all", "ra=x rp=100 rr=all", "default=+", "moo.cow-far_out=man:dog/cat", "x=",
		"include:" + strings.Repeat("a", 300) + ".test",
	} {
		if err := checkSPF("V=spf1 " + terms); err != nil {
			t.Errorf("%q: %v", terms, err)
		}
	}
	for _, term := range []string{
		"moo", "-", "+-all", "all:acme.test", "all/8", "all.", "-all,", "\"", "-all\"", "\t-all",
		"a\t-all", "-all\r\n", "a:acme.test\x00", "a:acmé.test", "\xa0", "-aLL\xff",
		"include", "include:", "include:acme", "include:acme.test/24", "exists:acme.", "exists",
		"a:", "a:acme", "a:acme.", "a:acme.test:25", "a:acme.-test", "a:acme.test-", "a:acme.1",
		"a:192.0.2.1", "a:192.0.2.1/24", "a:acme.test_1", "a:%{d}.", "a:%{d}acme", "a:acme.te%{d}st",
		"a:acme..", "a/", "a/33", "a/024", "a/24/64", "a//129", "a//", "a///64", "a24", "a/+1",
		"a:acme.test/x", "mx:", "mx/33", "mx/24/", "ptr:", "ptr/0", "ptr:acme",
		"a:%", "a:%a.test", "a:%{", "a:%{d", "a:%{}", "a:%{x}", "a:%{d0}", "a:%{d00r}", "a:%{dr2}",
		"a:%{dd}", "a:%{d*}", "a:%(d)", "exists:%{c}", "exists:%{r}", "exists:%{t}", "x=%{c}",
		"ip4", "ip4:", "ip4:192.0.2", "ip4:192.0.2.256", "ip4:192.0.02.1", "ip4:192.0.2.1:25",
		"ip4:192.0.2.1/33", "ip4:192.0.2.1/032", "ip4:192.0.2.1//32", "ip4:192.0.2.1/", "ip4:::1",
		"ip4=192.0.2.1 -all=", "ip4/24", "ip6", "ip6:", "ip6:192.0.2.1", "ip6:::1/129", "ip6:::1//64",
		"ip6::acme::", "ip6:fe80::1%eth0", "ip6:1:2:3:4:5:6:7:8:9",
		"redirect:acme.test", "redirect=", "redirect=acme", "+redirect=acme.test", "exp=", "exp=-all",
		"exp=a.test EXP=b.test", "redirect=a.test redirect=a.test", "1up=x", "=x", "x=%y", "x=é",
		"a/b=c", "a:b=c", "ip4:192.0.2.1 foo", strings.Repeat("x", 70000),
	} {
		// Whatever the term, the library would have settled it at the one in front.
		err := checkSPF("v=spf1 +all " + term)
		if term == "ip4=192.0.2.1 -all=" {
			if err == nil || !strings.Contains(err.Error(), `"-all="`) {
				t.Errorf("%q: %v", term, err)
			}
			continue
		}
		if err == nil || len(err.Error()) > 400 {
			t.Errorf("%.50q: %v", term, err)
		}
	}
	for _, text := range []string{"", "v=spf10 moo", "v=spf1\t-moo", "v=spf1moo", "spf1 moo", "moo"} {
		if err := checkSPF(text); err != nil {
			t.Errorf("%q is no SPF record: %v", text, err)
		}
	}
}

// A broken record names nobody, wherever it is met.
func TestBrokenSPF(t *testing.T) {
	zone := zoneOf(t, `
		broken.test  TXT "v=spf1 ip4:192.0.2.1 -all moo"
		part.test    TXT "v=spf1 include:broken.test ip4:192.0.2.1 -all"
		on.test      TXT "v=spf1 redirect=broken.test"
		beside.test  TXT "v=spf1 ip4:192.0.2.1 -all"
		beside.test  TXT "v=spf2 moo"
	`)
	for domain, want := range map[string]policy.Result{"broken.test": policy.PermError,
		"part.test": policy.PermError, "on.test": policy.PermError, "beside.test": policy.Pass} {
		q := queryOf(plainMail)
		q.Envelope.MailFrom = "ann@" + domain
		id := checker(t, zone).Check(t.Context(), q).SPF
		if id.Result != want || id.Domain != message.Domain(domain) {
			t.Errorf("%s: %+v", domain, id)
		}
		says := `the SPF record of broken.test: "moo" is no term`
		if want == policy.PermError && !strings.Contains(id.Why, says) {
			t.Errorf("%s: %q", domain, id.Why)
		}
	}
}

// The grammar of RFC 7208, section 12, in lower case, once more and in other words.
const (
	aMacro  = `%(?:[%_-]|\{[slodiphv](?:0*[1-9][0-9]*)?r?[-.+,/_=]*\})`
	aString = `(?:` + aMacro + `|[!-$&-~])*`
	aTop    = `(?:[0-9a-z]*[a-z][0-9a-z]*|[0-9a-z]+-[0-9a-z-]*[0-9a-z])`
	aSpec   = `(?:` + aString + `(?:\.` + aTop + `\.?|` + aMacro + `))`
	aFour   = `(?:/(?:3[0-2]|[12][0-9]|[0-9]))?`
	aSix    = `/(?:12[0-8]|1[01][0-9]|[1-9][0-9]|[0-9])`
	aNumber = `(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])`
	aTerm   = `(?:[-+?~]?(?:all|include:` + aSpec + `|exists:` + aSpec + `|ptr(?::` + aSpec + `)?` +
		`|(?:a|mx)(?::` + aSpec + `)?` + aFour + `(?:/` + aSix + `)?` +
		`|ip4:` + aNumber + `(?:\.` + aNumber + `){3}` + aFour + `|ip6:[0-9a-f:.]+(?:` + aSix + `)?)` +
		`|[a-z][-_.0-9a-z]*=` + aString + `)`
)

var (
	aRecord   = regexp.MustCompile(`^v=spf1(?: +` + aTerm + `)* *$`)
	anAddress = regexp.MustCompile(` [-+?~]?ip6:([^ /]*)`)
	aModifier = regexp.MustCompile(` (redirect|exp)=([^ ]*)`)
	aDomain   = regexp.MustCompile(`^` + aSpec + `$`)
)

// inOtherWords says whether a text is an SPF record.
func inOtherWords(text string) bool {
	text = fold(text)
	ok := aRecord.MatchString(text)
	for _, ip := range anAddress.FindAllStringSubmatch(text, -1) {
		ok = ok && net.ParseIP(ip[1]) != nil && strings.Contains(ip[1], ":")
	}
	times := map[string]int{}
	for _, m := range aModifier.FindAllStringSubmatch(text, -1) {
		times[m[1]]++
		ok = ok && times[m[1]] == 1 && aDomain.MatchString(m[2])
	}
	return ok
}

// What is refused is refused for a reason of the grammar, and what is not the library takes
// as well: it finds no fault with a term that it comes to.
func FuzzSPFRecord(f *testing.F) {
	for _, seed := range []string{
		"ip4:192.0.2.1 -all moo", "a:foo.test/24//64 mx//0 ptr:x.test exists:%{ir}.x", " a/0/0",
		"include:_spf.%{d2r.-} redirect=%{o} exp=%%.test", "ip6:::1/0 x=%_ ?all", "a//32/128",
		"ip4:1.2.3.4/032", "redirect= exp=a.b",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, terms string) {
		text := "v=spf1 " + terms
		err := checkSPF(text)
		if want := inOtherWords(text); want != (err == nil) {
			t.Fatalf("%q: %v, and the grammar says %t", text, err, want)
		}
		zone := zone{"acme.test": {answer: answer{texts: []string{text}}}}
		result, fault := spf.CheckHostWithSender(net.IPv4(192, 0, 2, 1), "mx.acme.test",
			"ann@acme.test", spf.WithResolver(zone))
		if err != nil || result != spf.PermError || unsupported.MatchString(text) {
			return
		}
		for _, e := range []error{spf.ErrUnknownField, spf.ErrInvalidIP, spf.ErrInvalidMask,
			spf.ErrInvalidMacro, spf.ErrInvalidDomain} {
			if errors.Is(fault, e) {
				t.Errorf("%q is a record, but not for the library: %v", text, fault)
			}
		}
	})
}

// unsupported is what the library does not take: a / in a domain, and huge numbers.
var unsupported = regexp.MustCompile(`[:={,._+-][^ ]*/|[0-9]{18}`)
