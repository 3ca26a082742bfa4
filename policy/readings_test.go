package policy_test

import (
	stdmail "net/mail"
	"regexp"
	"slices"
	"strings"
	"testing"

	emersion "github.com/emersion/go-message/mail"

	"gatepost/message"
	"gatepost/policy"
)

// FuzzReadings: a From field in which two of five readers see different addresses is no
// privilege's, though all that any of them sees are on the allowlist and have a profile. The
// readers are ours, the first and the last angle brackets outside quotation marks, net/mail
// and go-message.
func FuzzReadings(f *testing.F) {
	for _, s := range []string{
		"ann@shop.test <ann@shop.test>", "Acme, Inc. <ann@shop.test>", "Ann (x) <ann@shop.test>",
		"eve@evil.test <ann@shop.test>", "<eve@evil.test> <ann@shop.test>", "(<e@evil.test>) a@b.test",
		`"a b"@acme.test, <ann@shop.test>`, `"<e@evil.test>" (x) <ann@shop.test>`, "a..x@docomo.test;",
		"G: a@b.test, c@d.test;", "Sales: Ann <ann@shop.test>", "<@a.test,@b.test:c@d.test>",
		"=?utf-8?q?eve=40evil.test?=, <ann@shop.test>", "Ann <3 <ann@shop.test>", `a\, <a@b.test>`,
		"e%evil.test@shop.test", "evil.test!eve@shop.test,", "eve＠evil.test, <ann@shop.test>",
		"ann@[192.0.2.1], a", "ann@[IPv6:::1] <ann@[IPv6:::1]>", `"x" <"y"@b.test>, "`, "a@b.test (c",
		"Ann @ Acme <ann@shop.test>", "\u202ea@b.test <a@b.test>", "a@b.test\x00 <c@d.test>",
		"a@b.test,c@ d", "<@> <ann@shop.test>", "<eve@evil> <ann@shop.test>",
		"<ann@shop.test\n ,eve@evil.test>", "ann(<x@y.test>)@shop.test", "'a@b.test' <a@b.test>",
		`"x<boss@b.test>"@evil.test`, `""<">"@t>`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, from string) {
		if strings.ContainsAny(strings.ReplaceAll(from, "\n ", ""), "\r\n") {
			return // it would be more than one field
		}
		raw := "From: " + strings.ReplaceAll(from, "\n", "\r\n") + "\r\n\r\n"
		m := message.Parse([]byte(raw))
		seen := readings(m)
		var allow []string
		for _, a := range seen {
			if e, err := policy.ParseEntry(policy.Allow, a); err == nil {
				allow = append(allow, e.String())
			}
		}
		p := policy.Policy{Allow: list(t, policy.Allow, strings.Join(allow, "\n")),
			Block: list(t, policy.Block, "*")}
		facts, err := policy.Read(mail(m), &p.Settings, func(message.Address) (policy.Profile, error) {
			return policy.Profile{Known: true}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if d := p.Decide(&facts); d.Action == policy.Ticket && len(seen) > 1 {
			t.Errorf("%q: readers see %q, and %s", from, seen, d.Why())
		}
	})
}

// readings are the addresses that the readers see in From, each once.
func readings(m *message.Message) (seen []string) {
	see := func(text string) {
		text = strings.Trim(text, " \t")
		if a, err := message.ParseAddress(text); err == nil {
			text = a.String()
		}
		local, domain, _ := strings.Cut(text, "@")
		if local != "" && domain != "" && !slices.Contains(seen, text) {
			seen = append(seen, text)
		}
	}
	see(m.Sender().Address.String())
	value := m.First("From")
	angles := regexp.MustCompile(`<[^<>]*>`).FindAllStringIndex(masked(value), -1)
	if len(angles) > 0 {
		first, last := angles[0], angles[len(angles)-1]
		see(value[first[0]+1 : first[1]-1])
		see(value[last[0]+1 : last[1]-1])
	}
	if list, err := stdmail.ParseAddressList(value); err == nil {
		for _, a := range list {
			see(strings.Trim((&stdmail.Address{Address: a.Address}).String(), "<>"))
		}
	}
	h := emersion.HeaderFromMap(map[string][]string{"From": {value}})
	if list, err := h.AddressList("From"); err == nil {
		for _, a := range list {
			see(strings.Trim((&stdmail.Address{Address: a.Address}).String(), "<>"))
		}
	}
	return seen
}

// masked is the value with x for each octet of a quoted string.
func masked(value string) string {
	return regexp.MustCompile(`"(?:[^"\\]|\\.)*"`).ReplaceAllStringFunc(value, func(s string) string {
		return strings.Repeat("x", len(s))
	})
}
