package policy_test

import (
	"errors"
	"strings"
	"testing"

	"gatepost/policy"
)

// TestRefused holds every way of writing an entry that is refused: with its position, the
// reason, and how to write it instead.
func TestRefused(t *testing.T) {
	const both = "both"
	for _, c := range []struct{ list, text, want string }{
		{both, "b.test @acme.test", `entry 2 "@acme.test" (character 8): ` +
			"an @ with nothing before it matches nobody; write acme.test"},
		{"block", "reject:@acme.test", `entry 1 "reject:@acme.test" (character 1): ` +
			"an @ with nothing before it matches nobody; write reject:acme.test"},
		{"block", "ü.test reject: acme.test", `entry 2 "reject:" (character 8): ` +
			"nothing follows the colon; write reject:acme.test"},
		{"block", "reject:", `entry 1 "reject:" (character 1): nothing follows the colon; ` +
			"write the address or the domain right after the colon, without a space"},
		{"block", "Suspend acme.test", `entry 1 "Suspend" (character 1): ` +
			"a keyword needs its colon; write suspend:acme.test"},
		{"block", "suspend.", `entry 1 "suspend." (character 1): a keyword needs its colon; ` +
			"write a colon and the address or the domain, without a space"},
		{"allow", "reject:acme.test", `entry 1 "reject:acme.test" (character 1): ` +
			"reject: has no meaning on the allowlist; put reject:acme.test on the blocklist"},
		{"allow", "suspend:", `entry 1 "suspend:" (character 1): ` +
			"suspend: has no meaning on the allowlist; put the entry on the blocklist"},
		{"allow", "*", `entry 1 "*" (character 1): * has no meaning on the allowlist; ` +
			"leave the allowlist empty to let everyone in, or write * on the blocklist to " +
			"hold everyone who is not allowed"},
		{"block", "rejct:acme.test", `entry 1 "rejct:acme.test" (character 1): "rejct:" is not a ` +
			"keyword; write suspend: or reject: on the blocklist, or the address or domain alone"},
		{"block", "reject:reject:acme.test", `entry 1 "reject:reject:acme.test" (character 1): ` +
			"an entry has one keyword; write reject:acme.test"},
		{"block", "reject:suspend:acme.test", `entry 1 "reject:suspend:acme.test" ` +
			"(character 1): an entry has one keyword; keep one of the two keywords"},
		{both, "*.acme.test", `entry 1 "*.acme.test" (character 1): * stands alone, never for ` +
			"a part of a name; write acme.test, it covers subdomains"},
		{both, "*@acme.test", `entry 1 "*@acme.test" (character 1): * stands alone, never for ` +
			"a part of a name; write acme.test, it covers subdomains"},
		{"block", "reject:*@*.acme.test", `entry 1 "reject:*@*.acme.test" (character 1): * stands ` +
			"alone, never for a part of a name; write reject:acme.test, it covers subdomains"},
		{both, "ann@acme.*", `entry 1 "ann@acme.*" (character 1): * stands alone, never for ` +
			"a part of a name; write a domain, which covers its subdomains"},
		{both, ".acme.test", `entry 1 ".acme.test" (character 1): a dot with nothing before it ` +
			"matches nobody; write acme.test, it covers subdomains"},
		{"block", "reject:*", `entry 1 "reject:*" (character 1): it would drop the mail of every ` +
			"stranger without a trace; write * to hold it"},
		{both, "ru", `entry 1 "ru" (character 1): ru is a public suffix: it would cover every ` +
			"domain under it; write the domains that are meant, such as example.ru"},
		{both, "CO.UK.", `entry 1 "CO.UK." (character 1): co.uk is a public suffix: it would ` +
			"cover every domain under it; write the domains that are meant, such as example.co.uk"},
		{both, "рф", `entry 1 "рф" (character 1): xn--p1ai is a public suffix: it would ` +
			"cover every domain under it; write the domains that are meant, such as example.xn--p1ai"},
		{both, "a.test,b.test", `entry 1 "a.test,b.test" (character 1): entries are separated by ` +
			"white space, not by a comma or a semicolon; write a.test b.test"},
		{both, "a.test; b.test", `entry 1 "a.test;" (character 1): entries are separated by ` +
			"white space, not by a comma or a semicolon; write a.test"},
		{both, ";", `entry 1 ";" (character 1): entries are separated by white space, not by ` +
			"a comma or a semicolon; put a space between two entries and nothing else"},
		{both, "Ann <ann@acme.test> b.test", `entry 2 "<ann@acme.test>" (character 5): ` +
			"angle brackets do not belong in a list; write ann@acme.test"},
		{"block", "reject:<ann@acme.test>", `entry 1 "reject:<ann@acme.test>" (character 1): ` +
			"angle brackets do not belong in a list; write reject:ann@acme.test"},
		{both, "Ann<ann@acme.test", `entry 1 "Ann<ann@acme.test" (character 1): ` +
			"angle brackets do not belong in a list; write ann@acme.test"},
		{both, "MailTo:ann@acme.test?subject=hi", `entry 1 "MailTo:ann@acme.test?subject=hi" ` +
			"(character 1): mailto: belongs in a link, not in a list; write ann@acme.test"},
		{"block", "reject:mailto:ann@acme.test", `entry 1 "reject:mailto:ann@acme.test" (character 1)` +
			": mailto: belongs in a link, not in a list; write reject:ann@acme.test"},
		{both, "acme\x01.test", `entry 1 "acme\x01.test" (character 1): it holds the invisible ` +
			"character U+0001; write acme.test without it"},
		{both, "\ufeffacme.test", `entry 1 "\ufeffacme.test" (character 1): it holds the ` +
			"invisible character U+FEFF; write acme.test without it"},
		{both, "ann\ufe0f@acme.test", `entry 1 "ann\ufe0f@acme.test" (character 1): it holds the ` +
			"invisible character U+FE0F; write ann@acme.test without it"},
		{both, "an\u3164n@acme.test", `entry 1 "an\u3164n@acme.test" (character 1): it holds the ` +
			"invisible character U+3164; write ann@acme.test without it"},
		{both, "a\u034f.test", `entry 1 "a\u034f.test" (character 1): it holds the ` +
			"invisible character U+034F; write a.test without it"},
		{both, "\"a\U000e0100,\u2800\"@b.test", `entry 1 "\"a\U000e0100,\u2800\"@b.test" ` +
			"(character 1): it holds the invisible character U+E0100; " +
			`write "a,"@b.test without it`},
		{both, "#foo@acme.test", `entry 1 "#foo@acme.test" (character 1): # at the start of a ` +
			`word begins a comment in a file; write "#foo"@acme.test if it is an address`},
		{both, "# foo", `entry 1 "#" (character 1): # at the start of a word begins a comment ` +
			"in a file; leave the comment out, or import the list from a file"},
		{both, "a%b@c.test", `entry 1 "a%b@c.test" (character 1): no entry matches it: % or ! ` +
			"before the @ names another host to some readers, and mail from such an address " +
			"is always held; leave it out"},
		{"block", `reject:"a!b"@c.test`, `entry 1 "reject:\"a!b\"@c.test" (character 1): no entry ` +
			"matches it: % or ! before the @ names another host to some readers, and mail " +
			"from such an address is always held; leave it out"},
		{both, "=?a@c.test", `entry 1 "=?a@c.test" (character 1): no entry matches it: =? begins ` +
			"an encoded word to some readers, and mail from such an address is always held; " +
			"leave it out"},
		{both, "xn--0.test", `entry 1 "xn--0.test" (character 1): the label "xn--0" is no ` +
			"international label; write it like acme.test"},
		{both, "ann@mail.xn--a.test", `entry 1 "ann@mail.xn--a.test" (character 1): the label ` +
			`"xn--a" is no international label; write it like ann@acme.test`},
		{both, "\x00", `entry 1 "\x00" (character 1): it holds the invisible ` +
			"character U+0000; remove that character"},
		{both, "\xff.test", `entry 1 "\xff.test" (character 1): it is not UTF-8; ` +
			"save the text as UTF-8"},
	} {
		for _, list := range []policy.ListName{policy.Allow, policy.Block} {
			if c.list != both && c.list != string(list) {
				continue
			}
			want := string(list) + " " + c.want
			if got := firstProblem(t, list, c.text); got != want {
				t.Errorf("%q\n got %s\nwant %s", c.text, got, want)
			}
		}
	}
}

// TestRefusedByMessage holds what is refused because it is no address or no domain. Why is
// for the package that reads those to say.
func TestRefusedByMessage(t *testing.T) {
	for _, text := range []string{
		"ann@bob@acme.test", "ann@", "ann@acme..test", "acme..test",
		"ann@[192.0.2]", "acme.test/24", "http://acme.test", "acme_test@", "-acme.test",
		strings.Repeat("a", 64) + ".test", "ann@acme.test:25", "acme.test:25", "аcme\u200b.test",
	} {
		got := firstProblem(t, policy.Block, "ok.test "+text)
		if !strings.HasPrefix(got, "block entry 2 ") || strings.Count(got, "; ") < 1 {
			t.Errorf("%q: %s", text, got)
		}
	}
}

// TestOddAddresses: addresses that only quotation marks make right, and literals, are entries
// in either spelling, each the same rule; what is shown can be read again.
func TestOddAddresses(t *testing.T) {
	for _, c := range []struct{ text, target string }{
		{"ann..x@docomo.test", `"ann..x"@docomo.test`},
		{`"Ann..x"@docomo.test`, `"ann..x"@docomo.test`},
		{"ann.@docomo.test", `"ann."@docomo.test`},
		{".ann@docomo.test", `".ann"@docomo.test`},
		{`"a b"@acme.test`, `"a b"@acme.test`},
		{`"a \" b"@acme.test`, `"a \" b"@acme.test`},
		{"ann@[192.0.2.1]", "ann@[192.0.2.1]"},
		{"ann@[IPv6:2001:DB8::1]", "ann@[ipv6:2001:db8::1]"},
		{"jörg@bücher.test", "jörg@xn--bcher-kva.test"},
	} {
		for _, keyword := range []string{"", "suspend:", "REJECT:"} {
			text := "ok.test " + keyword + c.text + "\n" + `b.test`
			entries, err := policy.ParseList(policy.Block, text)
			if err != nil || len(entries) != 3 || entries[1].Target != c.target {
				t.Errorf("%q: %v, %v", text, entries, err)
				continue
			}
			again, err := policy.ParseEntry(policy.Block, entries[1].String())
			if err != nil || again != entries[1] {
				t.Errorf("%q is shown as %q, %v", text, entries[1], err)
			}
		}
	}
	for _, text := range []string{`"a b@acme.test`, `"a b"acme.test`, `x:"a b"@acme.test`} {
		if entries, err := policy.ParseList(policy.Block, text); err == nil {
			t.Errorf("%q was taken: %v", text, entries)
		}
	}
}

// firstProblem is the one line that is said of the field.
func firstProblem(t *testing.T, list policy.ListName, text string) string {
	t.Helper()
	entries, err := policy.ParseList(list, text)
	var problems policy.Problems
	if !errors.As(err, &problems) || len(entries) != 0 {
		t.Errorf("%s %q was taken: %v", list, text, entries)
		return ""
	}
	return problems[0].Error()
}

func TestEveryProblemIsNamed(t *testing.T) {
	_, err := policy.ParseList(policy.Block, "@a.test ok.test\n*.b.test reject: ru")
	var lines []string
	for line := range strings.Lines(err.Error()) {
		where, _, _ := strings.Cut(line, ": ")
		lines = append(lines, where)
	}
	want := `block entry 1 "@a.test" (character 1)
block entry 3 "*.b.test" (character 17)
block entry 4 "reject:" (character 26)
block entry 5 "ru" (character 34)`
	if got := strings.Join(lines, "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestTaken(t *testing.T) {
	for _, c := range []struct {
		list policy.ListName
		text string
		want policy.Entry
	}{
		{policy.Allow, "acme.test", policy.Entry{Target: "acme.test", Text: "acme.test"}},
		{policy.Allow, " Acme.TEST. ", policy.Entry{Target: "acme.test", Text: "Acme.TEST"}},
		{policy.Allow, "Ann@Acme.test", policy.Entry{Target: "ann@acme.test", Text: "Ann@Acme.test"}},
		{policy.Block, "SUSPEND:acme.test", policy.Entry{Keyword: policy.SuspendKeyword,
			Target: "acme.test", Text: "suspend:acme.test"}},
		{policy.Block, "Reject:münchen.test", policy.Entry{Keyword: policy.RejectKeyword,
			Target: "xn--mnchen-3ya.test", Text: "reject:münchen.test"}},
		{policy.Block, "*", policy.Entry{Target: "*", Text: "*"}},
		{policy.Block, "Suspend:*", policy.Entry{Target: "*", Text: "*"}},
		{policy.Block, `reject:"a,b:<c>;*"@acme.test`, policy.Entry{Keyword: policy.RejectKeyword,
			Target: `"a,b:<c>;*"@acme.test`, Text: `reject:"a,b:<c>;*"@acme.test`}},
		{policy.Block, "reject:github.io", policy.Entry{Keyword: policy.RejectKeyword,
			Target: "github.io", Text: "reject:github.io"}},
		{policy.Allow, `"#foo"@acme.test`, policy.Entry{Target: "#foo@acme.test",
			Text: `"#foo"@acme.test`}},
		{policy.Block, "#foo@acme.test", policy.Entry{Target: "#foo@acme.test",
			Text: `"#foo"@acme.test`}},
		{policy.Block, "reject:#foo@acme.test", policy.Entry{Keyword: policy.RejectKeyword,
			Target: "#foo@acme.test", Text: "reject:#foo@acme.test"}},
		{policy.Block, "localhost", policy.Entry{Target: "localhost", Text: "localhost"}},
	} {
		got, err := policy.ParseEntry(c.list, c.text)
		if err != nil || got != c.want {
			t.Errorf("%q: %#v, %v", c.text, got, err)
		}
		again, err := policy.ParseEntry(c.list, got.String())
		if err != nil || again != got {
			t.Errorf("%q is shown as %q, which is read as %#v, %v", c.text, got, again, err)
		}
	}
}

func TestEntryAlone(t *testing.T) {
	for text, want := range map[string]string{
		"reject: acme.test": `block entry "reject: acme.test": there is a space after the colon; ` +
			"write reject:acme.test",
		"a.test b.test": `block entry "a.test b.test": it holds white space; give each entry by itself`,
		"a.test\r\x00": `block entry "a.test\r\x00": it holds the invisible character U+0000; ` +
			"write a.test without it",
		"": "blocklist: the entry is empty; write an address or a domain",
	} {
		_, err := policy.ParseEntry(policy.Block, text)
		var p *policy.Problem
		if !errors.As(err, &p) || err.Error() != want {
			t.Errorf("%q\n got %v\nwant %s", text, err, want)
		}
	}
}

func TestFieldLimit(t *testing.T) {
	full := strings.Repeat("é.test ", policy.MaxField/7)
	full += strings.Repeat(" ", policy.MaxField-len([]rune(full)))
	for _, text := range []string{full, full + "\n", full + "\r\n"} {
		if _, err := policy.ParseList(policy.Allow, text); err != nil {
			t.Errorf("%d code points: %v", len([]rune(text)), err)
		}
	}
	_, err := policy.ParseList(policy.Allow, full+"x")
	want := "allowlist (character 10001): the field holds 10001 characters, and takes 10000; " +
		"add the entries one by one or import them from a file, which has no limit"
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
	if _, err := policy.ParseEntries(policy.Allow, full+"x"); err != nil {
		t.Errorf("imported: %v", err)
	}
}

func TestRepeatsAreKeptOnce(t *testing.T) {
	entries, err := policy.ParseList(policy.Block,
		"Acme.test acme.test reject:acme.test REJECT:ACME.test suspend:* *")
	if err != nil {
		t.Fatal(err)
	}
	var shown []string
	for _, e := range entries {
		shown = append(shown, e.String())
	}
	if got := strings.Join(shown, " "); got != "Acme.test reject:acme.test *" {
		t.Errorf("got %q", got)
	}
}

// FuzzParse: whatever is taken reads the same again, and whatever is refused says why in
// one printable line.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"acme.test", "reject: a@b.test", "*", "suspend:*", "é.test,ru", "@"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, list := range []policy.ListName{policy.Allow, policy.Block} {
			e, err := policy.ParseEntry(list, s)
			if err != nil {
				if strings.ContainsAny(err.Error(), "\n\r\x00\x1b") {
					t.Errorf("%q: %q", s, err)
				}
				continue
			}
			again, err := policy.ParseEntry(list, e.String())
			if err != nil || again != e {
				t.Errorf("%q: %#v is read again as %#v, %v", s, e, again, err)
			}
		}
	})
}
