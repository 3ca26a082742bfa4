package lint_test

import (
	"fmt"
	"iter"
	"os"
	"slices"
	"strings"
	"testing"

	"gatepost/lint"
	"gatepost/message"
	"gatepost/policy"
)

// known are the domains whose senders write to us in these tests.
var known = []message.Domain{"acme.test", "example.com", "big-shop.example", "xn--bcher-kva.example"}

// Each kind has entries that it is found of, and one that is nearly such and is not. A list and
// an entry are written as in `gatepost rules add`, an organisation and what it has as in `org add`.
var table = []struct {
	kind                lint.Kind
	allow, block, entry string
	other               string // that makes it so, or what else does
	near                string // the same with one thing other: allowlist | blocklist | entry
}{
	{lint.Covered, "acme.test ann@acme.test", "", "allow ann@acme.test", "acme.test",
		"notacme.test ann@acme.test | | allow ann@acme.test"},
	{lint.Covered, "acme.test mail.acme.test", "", "allow mail.acme.test", "acme.test",
		"mail.acme.test | acme.test | allow mail.acme.test"},
	{lint.Covered, "", "acme.test ann@acme.test", "block ann@acme.test", "acme.test",
		"| reject:acme.test ann@acme.test | block ann@acme.test"},
	{lint.Covered, "", "suspend:acme.test suspend:ann@acme.test", "block suspend:ann@acme.test",
		"suspend:acme.test", "| acme.test suspend:ann@acme.test | block suspend:ann@acme.test"},
	{lint.Covered, "", "suspend:acme.test acme.test", "block acme.test", "suspend:acme.test",
		"| suspend:mail.acme.test acme.test | block acme.test"},
	{lint.Covered, "", "suspend:acme.test reject:ann@acme.test *", "block reject:ann@acme.test",
		"suspend:acme.test", "| reject:acme.test suspend:ann@acme.test | block suspend:ann@acme.test"},
	{lint.Covered, "", "reject:acme.test reject:ann@acme.test", "block reject:ann@acme.test",
		"reject:acme.test", "| reject:acme.test reject:ann@acme.test * | block reject:ann@acme.test"},
	{lint.Covered, "", "suspend:ann@acme.test ann@acme.test", "block ann@acme.test",
		"suspend:ann@acme.test", "| suspend:ann@acme.test ann@acme.test * | block ann@acme.test"},
	{lint.Beaten, "ann@acme.test", "reject:acme.test", "allow ann@acme.test", "reject:acme.test",
		"ann@acme.test | acme.test | allow ann@acme.test"},
	{lint.Beaten, "acme.test", "* suspend:acme.test", "allow acme.test", "suspend:acme.test",
		"acme.test | * suspend:mail.acme.test | allow acme.test"},
	{lint.Beaten, "ann@acme.test", "suspend:ann@acme.test", "allow ann@acme.test",
		"suspend:ann@acme.test", "ann@acme.test | * suspend:ann@acme.test | allow ann@acme.test"},
	{lint.Contradicting, "acme.test", "acme.test", "allow acme.test", "acme.test",
		"acme.test | mail.acme.test | allow acme.test"},
	{lint.Contradicting, "ann@acme.test", "ann@acme.test", "block ann@acme.test", "ann@acme.test",
		"bob@acme.test | ann@acme.test | block ann@acme.test"},
	{lint.Divided, "ann@acme.test", "* suspend:ann@acme.test", "allow ann@acme.test",
		"suspend:ann@acme.test", "ann@acme.test | suspend:ann@acme.test | allow ann@acme.test"},
	{lint.Divided, "ann@acme.test", "* reject:ann@acme.test", "block reject:ann@acme.test",
		"ann@acme.test", "acme.test | * reject:ann@acme.test | block reject:ann@acme.test"},
	{lint.Overruled, "acme.test", "ann@acme.test", "block ann@acme.test", "acme.test",
		"acme.test | suspend:ann@acme.test | block suspend:ann@acme.test"},
	{lint.Muted, "", "* reject:acme.test", "block reject:acme.test", "*",
		"| * suspend:acme.test | block suspend:acme.test"},
	{lint.Muted, "", "acme.test reject:ann@acme.test", "block reject:ann@acme.test", "acme.test",
		"| * reject:ann@acme.test | block reject:ann@acme.test"},
	{lint.Muted, "", "acme.test reject:acme.test", "block reject:acme.test", "acme.test",
		"| ann@acme.test reject:acme.test | block reject:acme.test"},
	{lint.Provider, "gmail.com", "", "allow gmail.com", "", "ann@gmail.com | | allow ann@gmail.com"},
	{lint.Provider, "", "reject:gmail.com", "block reject:gmail.com", "",
		"| gmail.com | block gmail.com"},
	{lint.Registry, "github.io", "", "allow github.io", "", "ann.github.io | | allow ann.github.io"},
	{lint.Registry, "", "reject:github.io", "block reject:github.io", "",
		"| suspend:github.io | block suspend:github.io"},
	{lint.LookAlike, "acrne.test", "", "allow acrne.test", "acme.test",
		"ache.test | | allow ache.test"},
	{lint.LookAlike, "ann@exmaple.com", "", "allow ann@exmaple.com", "example.com",
		"ann@mail.example.com | | allow ann@mail.example.com"},
	{lint.LookAlike, "exampl.com", "", "allow exampl.com", "example.com",
		"| exampl.com | block exampl.com"},
	{lint.LookAlike, "bigshop.example", "", "allow bigshop.example", "big-shop.example",
		"big-shop.example | | allow big-shop.example"},
	{lint.LookAlike, "\u0430cme.test", "", "allow \u0430cme.test", "acme.test",
		"b\u00fccher.example | | allow b\u00fccher.example"},
	{lint.Ours, "support@help.test", "", "allow support@help.test", "support@help.test",
		"ann@help.test | | allow ann@help.test"},
	{lint.Ours, "", "reject:help.test", "block reject:help.test", "support@help.test",
		"help.test | | allow help.test"},
}

// The same beside organisations: all that is there is written one after the other.
var orgTable = []struct {
	kind         lint.Kind
	there, entry string
	words        string // a part of what is said
	near         string // what is there in a near miss
}{
	{lint.Covered, "Acme acme.test, allow ann@acme.test", "allow ann@acme.test",
		"acme.test in the organisation Acme does", "Acme acme.test.example, allow ann@acme.test"},
	{lint.Covered, "Acme acme.test, allow acme.test", "allow acme.test",
		"acme.test in the organisation Acme does", "Acme mail.acme.test, allow acme.test"},
	{lint.Covered, "Acme acme.test, Acme ann@acme.test", "Acme ann@acme.test",
		"acme.test in the organisation Acme does", "Widget acme.test, Acme ann@acme.test"},
	{lint.Beaten, "Acme acme.test, block suspend:acme.test", "Acme acme.test",
		"suspend:acme.test on the blocklist beats it",
		"Acme acme.test, block suspend:bob@acme.test"},
	{lint.Beaten, "Acme ann@free.test, block reject:free.test", "Acme ann@free.test",
		"reject:free.test on the blocklist beats it", "Acme ann@free.test, block free.test"},
	{lint.Contradicting, "Acme acme.test, block acme.test", "block acme.test",
		"contradicts acme.test in the organisation Acme", "Acme ann@acme.test, block acme.test"},
	{lint.Contradicting, "Acme acme.test, block acme.test", "Acme acme.test",
		"contradicts acme.test on the blocklist", "Acme acme.test, block *"},
	{lint.Divided, "Acme ann@acme.test, block *, block suspend:ann@acme.test",
		"block suspend:ann@acme.test", "contradicts ann@acme.test in the organisation Acme",
		"Acme acme.test, block *, block suspend:ann@acme.test"},
	{lint.Divided, "Acme ann@acme.test, block *, block reject:ann@acme.test",
		"Acme ann@acme.test", "contradicts reject:ann@acme.test on the blocklist",
		"Acme ann@acme.test, block reject:ann@acme.test"},
	{lint.Overruled, "Acme acme.test, block bob@mail.acme.test", "block bob@mail.acme.test",
		"acme.test in the organisation Acme lets in the rest",
		"Acme notacme.test, block bob@mail.acme.test"},
	{lint.Provider, "Acme gmail.com", "Acme gmail.com", "mail provider", "Acme ann@gmail.com"},
	{lint.Registry, "Acme github.io", "Acme github.io", "public suffix", "Acme ann.github.io"},
	{lint.LookAlike, "Acme acrne.test", "Acme acrne.test", "looks like acme.test",
		"Acme ache.test"},
	{lint.Ours, "Acme support@help.test", "Acme support@help.test", "covers support@help.test",
		"Acme help.test"},
}

func TestFindingsOfOrganizations(t *testing.T) {
	for _, c := range orgTable {
		t.Run(c.kind.String()+" "+c.entry, func(t *testing.T) {
			f, ok := findAmong(t, c.kind, c.there, c.entry)
			if !ok || !strings.Contains(f.Words(), c.words) || len(f.Fix()) == 0 {
				t.Errorf("found %v: %s; fix %v", ok, f.Words(), f.Fix())
			}
			entry := c.entry
			if all := strings.Split(c.near, ", "); !slices.Contains(all, entry) {
				entry = all[0]
			}
			if f, ok := findAmong(t, c.kind, c.near, entry); ok {
				t.Errorf("the near miss is found: %s", f)
			}
		})
	}
	f, _ := findAmong(t, lint.Beaten, "Acme acme.test, block suspend:acme.test", "Acme acme.test")
	if args := f.Fix()[0].Args(); !slices.Equal(args, []string{"org", "remove", "Acme", "acme.test"}) {
		t.Errorf("the command is %q", args)
	}
}

func findAmong(t *testing.T, kind lint.Kind, there, entry string) (lint.Finding, bool) {
	t.Helper()
	var entries []lint.Entry
	for _, text := range strings.Split(there, ", ") {
		entries = append(entries, parse(t, text))
	}
	p := newPolicy(t, "", "")
	compileInto(p, entries)
	return first(lint.New(p, slices.Values(known)).Entry(parse(t, entry)), kind)
}

func first(all iter.Seq[lint.Finding], kind lint.Kind) (lint.Finding, bool) {
	for f := range all {
		if f.Kind == kind {
			return f, true
		}
	}
	return lint.Finding{}, false
}

func TestFindings(t *testing.T) {
	found := map[lint.Kind]bool{}
	for _, c := range table {
		t.Run(c.kind.String()+" "+c.entry, func(t *testing.T) {
			f, ok := find(t, c.kind, c.allow, c.block, c.entry)
			if !ok {
				t.Fatal("is not found")
			}
			if about := f.Other.String() + f.About; c.other != "" && about != c.other {
				t.Errorf("about %q", about)
			}
			if len(f.Fix()) == 0 || strings.Contains(f.Words(), "%!") {
				t.Errorf("%s: fix %v", f.Words(), f.Fix())
			}
			near := strings.Split(c.near, "|")
			if f, ok := find(t, c.kind, near[0], near[1], strings.TrimSpace(near[2])); ok {
				t.Errorf("the near miss is found: %s %s", f.Entry.Entry, f.Words())
			}
		})
		found[c.kind] = true
	}
	// Who knows the lives of entries finds these, see trial.Lint.
	found[lint.Expired], found[lint.Unmet] = true, true
	for kind := range lint.Kinds() {
		if !found[kind] {
			t.Errorf("%v has no entry in the table", kind)
		}
	}
}

// What mends a finding does: it is not found any more, and nothing else is in its place.
func TestFixes(t *testing.T) {
	for _, c := range table {
		f, ok := find(t, c.kind, c.allow, c.block, c.entry)
		if !ok {
			continue // TestFindings says so
		}
		p := newPolicy(t, c.allow, c.block)
		var last lint.Change
		for _, change := range f.Fix() {
			if last = change; change.List == policy.Allow {
				p.Allow = p.Allow.With([]policy.Change{change.Change})
			} else {
				p.Block = p.Block.With([]policy.Change{change.Change})
			}
			if _, err := policy.ParseEntry(change.List, change.Args()[3]); err != nil {
				t.Errorf("%v %s: %v", c.kind, c.entry, err)
			}
		}
		if last.Removed {
			continue
		}
		for g := range lint.New(p, none).Entry(lint.Entry{List: last.List, Entry: last.Entry}) {
			if g.Kind == c.kind {
				t.Errorf("%v %s: found again, of %s", c.kind, c.entry, g.Entry.Entry)
			}
		}
	}
}

// What is odd because of an entry is said with it, of whichever entry it is; what is odd anyway, or
// by another, is not.
func TestAround(t *testing.T) {
	var there []lint.Entry
	for _, text := range []string{"allow ann@acme.test", "allow bob@widget.test", "allow gmail.com",
		"Acme eu.acme.test", "Acme fine.test", "block suspend:widget.test", "block reject:junk.test",
		"block x@acme.test"} {
		there = append(there, parse(t, text))
	}
	for text, want := range map[string][]string{
		"block suspend:acme.test": {"ann@acme.test on the allowlist lets nobody in",
			"eu.acme.test in the organisation Acme lets nobody in",
			"x@acme.test on the blocklist never decides"},
		"allow acme.test": {"ann@acme.test on the allowlist never decides",
			"x@acme.test on the blocklist holds only mail that may not"},
		"Acme acme.test": {"ann@acme.test on the allowlist never decides",
			"eu.acme.test in the organisation Acme never decides",
			"x@acme.test on the blocklist holds only mail that may not"},
		"block fine.test": {"fine.test on the blocklist contradicts fine.test in the organisation Acme"},
		"block *":         {"reject:junk.test on the blocklist rejects nothing"},
		"block suspend:ann@acme.test": {
			"ann@acme.test on the allowlist lets nobody in: suspend:ann@acme.test"},
		"allow else.test": nil,
	} {
		p, entry := newPolicy(t, "", ""), parse(t, text)
		compileInto(p, append(slices.Clone(there), entry))
		var got []string
		for f := range lint.New(p, slices.Values(known)).Around([]lint.Entry{entry}) {
			got = append(got, f.String())
		}
		if !slices.EqualFunc(got, want, strings.HasPrefix) {
			t.Errorf("%s:\n got %q\nwant %q", text, got, want)
		}
	}
}

func find(t *testing.T, kind lint.Kind, allow, block, entry string) (lint.Finding, bool) {
	t.Helper()
	lists := lint.New(newPolicy(t, allow, block), slices.Values(known))
	return first(lists.Entry(parse(t, entry)), kind)
}

func newPolicy(t testing.TB, allow, block string) *policy.Policy {
	t.Helper()
	support := message.MustParseAddress("support@help.test")
	p := &policy.Policy{Settings: policy.Settings{Support: map[message.Address]bool{support: true}}}
	for name, list := range map[policy.ListName]**policy.List{policy.Allow: &p.Allow,
		policy.Block: &p.Block} {
		text := map[policy.ListName]string{policy.Allow: allow, policy.Block: block}[name]
		entries, err := policy.ParseList(name, text)
		if err != nil {
			t.Fatal(err)
		}
		*list = policy.Compile(slices.Values(entries))
	}
	return p
}

func parse(t testing.TB, text string) lint.Entry {
	t.Helper()
	e, err := parseEntry(text)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// parseEntry reads one after its list, or after the name of the organisation that has it.
func parseEntry(text string) (lint.Entry, error) {
	name, entry, _ := strings.Cut(text, " ")
	list, org := policy.ListName(name), ""
	if list != policy.Allow && list != policy.Block {
		list, org = policy.Org, name
	}
	e, err := policy.ParseEntry(list, entry)
	return lint.Entry{List: list, Entry: e, Organization: org}, err
}

func kindsOf(findings iter.Seq[lint.Finding]) (kinds []lint.Kind) {
	for f := range findings {
		kinds = append(kinds, f.Kind)
	}
	return kinds
}

func none(func(message.Domain) bool) {}

// The table of the documents has each kind, in the same order and with the same severity.
func TestKindsOfDocs(t *testing.T) {
	text, err := os.ReadFile("../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	rest := string(text)
	for kind := range lint.Kinds() {
		row := fmt.Sprintf("| `%v` | %v | ", kind, kind.Severity())
		_, after, found := strings.Cut(rest, row)
		if !found {
			t.Fatalf("docs/rules.md has no row %q behind that of the kind before", row)
		}
		rest = after
	}
}
