package message

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestReplyTo goes through the spellings of Reply-To: the addresses, each as name|address,
// and the problem.
func TestReplyTo(t *testing.T) {
	for _, c := range []struct{ in, want, problem string }{
		// Plain mailboxes, of which the name is only a name.
		{"", "", ""},
		{"Reply-To:", "", ""},
		{"Reply-To: Ann <ann@acme.test>", "Ann|ann@acme.test", ""},
		{"Reply-To: a@acme.test, \"B, C\" <b@acme.test>\r\nreply-to: d@acme.test",
			"|a@acme.test B, C|b@acme.test |d@acme.test", ""},
		{"Reply-To : a@acme.test, A@acme.test, A <a@ACME.test.>", "|a@acme.test", ""},
		{"Reply-To: Team: a@acme.test, b@acme.test;", "|a@acme.test |b@acme.test", ""},
		{`Reply-To: "eve@evil.test" <ann@acme.test>`, "eve@evil.test|ann@acme.test", ""},
		{"Reply-To: =?utf-8?q?eve=40evil.test?= <ann@acme.test>", "eve@evil.test|ann@acme.test", ""},
		{"Reply-To: ann@acme.test (eve@evil.test)", "eve@evil.test|ann@acme.test", ""},
		{"Reply-To: jörg@bücher.test", "|jörg@xn--bcher-kva.test", ""},

		// Between typographic quotation marks.
		{"Reply-To: “ann@acme.test”", "|ann@acme.test", ""},
		{"Reply-To: „Ann“ <«ann@acme.test»>", "„Ann“|ann@acme.test", ""},
		{"Reply-To: “mal@evil.test” <ann@acme.test>", "“mal@evil.test”|ann@acme.test |mal@evil.test", ""},
		{"Reply-To: ‘ann@acme.test’ <ann@acme.test>", "‘ann@acme.test’|ann@acme.test", ""},
		{"Reply-To: =?utf-8?q?=E2=80=9Cann=40acme.test=E2=80=9D?=", "|ann@acme.test", ""},
		{"Reply-To: “ann@acme.test", "|“ann@acme.test", ""}, // a local part may begin with one

		// Nobody is named.
		{"Reply-To: nobody, <>, Ann <>, =?utf-8?q?Ann?=, undisclosed:;", "", ""},

		// Spellings that two readers read differently.
		{"Reply-To: (x) mal@evil.test", "x|mal@evil.test", ""},
		{"Reply-To: <mal@evil.test (x)>", "|mal@evil.test", ""},
		{"Reply-To: mal(x)@evil.test", "|mal@evil.test", ""},
		{"Reply-To: mal@(x(y))evil.(z)test", "|mal@evil.test", ""},
		{"Reply-To: (mal@evil.test)", "|mal@evil.test", ""},
		{"Reply-To: <@x.test:mal@evil.test>", "|mal@evil.test", ""},
		{"Reply-To: <@x.test,@y.test:mal@evil.test>", "|mal@evil.test", ""},
		{`Reply-To: "m al"@evil.test`, `|"m al"@evil.test`, ""},
		{`Reply-To: "ok@ok.test" (x) <mal@evil.test>`, `ok@ok.test (x)|mal@evil.test`, ""},
		{`Reply-To: "ok@ok.test" <mal@evil.test> <x@y.test>`,
			`ok@ok.test|mal@evil.test |x@y.test`, ""},
		{`Reply-To: "ok"@ok.test "z@z.test" <mal@evil.test>`,
			`ok@ok.test z@z.test|mal@evil.test |ok@ok.test`, ""},
		{"Reply-To: <ok@ok.test> <mal@evil.test>", "|ok@ok.test |mal@evil.test", ""},
		{"Reply-To: <ok@ok.test><mal@evil.test>", "|ok@ok.test |mal@evil.test", ""},
		{"Reply-To: eve@evil.test <ann@acme.test>", "eve@evil.test|ann@acme.test |eve@evil.test", ""},
		{"Reply-To: <<mal@evil.test>>", "|mal@evil.test", ""},
		{"Reply-To: <ok@ok.test,mal@evil.test>", "|ok@ok.test |mal@evil.test", ""},
		{"Reply-To: ok@ok.test mal@evil.test", "|ok@ok.test |mal@evil.test", ""},
		{"Reply-To: mal @evil.test", "|mal@evil.test", ""},
		{"Reply-To: mal@ evil.test", "|mal@evil.test", ""},
		{"Reply-To: <mal@\r\n evil.test>", "|mal@evil.test", ""},
		{"Reply-To: <mal@evil . test>", "|mal@evil |mal@evil.test", ""},
		{"Reply-To: =?utf-8?q?mal=40evil.test?=", "|mal@evil.test", ""},
		{"Reply-To: =?utf-8?q?mal?=@evil.test", "|=?utf-8?q?mal?=@evil.test |mal@evil.test", ""},
		{"Reply-To: =?utf-8?q?x=3Cmal?= =?utf-8?b?QGV2aWwudGVzdA==?=", "|mal@evil.test", ""},
		{"Reply-To: =?utf-8?q?mal=40evil.test?= =?utf-8?q?x?=", "|mal@evil.testx |mal@evil.test", ""},
		{"Reply-To: <mailto:mal@evil.test?subject=x>", "|mal@evil.test", ""},
		{"Reply-To: <mailto:mal%40evil.test>", "|mal@evil.test", ""},
		{"Reply-To: mailto:mal@evil.test", "|mal@evil.test", ""},
		{`Reply-To: "x mal@evil.test`, "|mal@evil.test", ""},
		{`Reply-To: "mal@evil.test"`, "|mal@evil.test", ""},
		{`Reply-To: (x) "mal@x"@evil.test`, `x|"mal@x"@evil.test`, ""},
		{`Reply-To: <"mal\@evil.test">`, "|mal@evil.test", ""},
		{`Reply-To: <"mal"(x)@evil.test>`, "|mal@evil.test", ""},
		{"Reply-To: mal.@evil.test", `|"mal."@evil.test`, ""},
		{"Reply-To: 'mal@evil.test'", "|'mal@evil.test |mal@evil.test", ""},
		{"Reply-To: mal@evil.test*", "|mal@evil.test", ""},
		{"Reply-To: mal＠evil.test", "|mal@evil.test", ""},
		{"Reply-To: mal%evil.test@ok.test",
			"|mal%evil.test@ok.test |evil.test@ok.test |mal@evil.test", ""},
		{"Reply-To: evil.test!mal@ok.test", "|evil.test!mal@ok.test |mal@ok.test |mal@evil.test", ""},
		{`Reply-To: "x" (x) <ann@acme.test>, (y) b@acme.test`, "x (x)|ann@acme.test y|b@acme.test", ""},

		// Nothing can be made of it.
		{"Reply-To: @", "", `a Reply-To that cannot be read: "@"`},
		{"Reply-To: ann@[192.0.2.1].test", "",
			`a Reply-To that cannot be read: "ann@[192.0.2.1].test"`},
		{"Reply-To: mal@[192.0.2.1] <ok@ok.test>",
			"mal@[192.0.2.1]|ok@ok.test |mal@[192.0.2.1]", ""},
		{"Reply-To: (x) <mal@[192.0.2.1]> <mal@[::]>", "(x)|mal@[192.0.2.1]",
			`a Reply-To that cannot be read: "mal@["`},
		{`Reply-To: mal\@evil.test`, "|mal@evil.test", ""},
		{"Reply-To: mal@evil\u3002test", "|mal@evil",
			`a Reply-To that cannot be read: "mal@evil。test"`},
		{"Reply-To: <ok@ok.test> <mal@ev\u00adil.test>", "|ok@ok.test |mal@ev",
			`a Reply-To that cannot be read: "mal@ev\u00adil.test"`},
		{"Reply-To: mal@evil.test\u00a0", "|mal@evil.test",
			`a Reply-To that cannot be read: "mal@evil.test\u00a0"`},
		{"Reply-To: <x@ok.test> é\u00a0mal@evil.test", "|x@ok.test |mal@evil.test",
			`a Reply-To that cannot be read: "é\u00a0mal@evil.test"`},
		{"Reply-To: =?no-such?q?mal=40evil.test?=", "",
			`a Reply-To that cannot be read: "=?no-such?q?mal=40evil.test?="`},
		{"Reply-To: =?utf-8?b?!!!?=, ok@ok.test", "|ok@ok.test",
			`a Reply-To that cannot be read: "=?utf-8?b?!!!?="`},
		{"Reply-To: " + strings.Repeat("é", 300) + "@[::1]", "",
			`a Reply-To that cannot be read: "` + strings.Repeat("é", 80) + `"`},
	} {
		got, problem := replyTo(c.in)
		if got != c.want || problem != c.problem {
			t.Errorf("%.100q\n got %q, %q\nwant %q, %q", c.in, got, problem, c.want, c.problem)
		}
	}
}

// replyTo spells out what the Reply-To fields of a header section give.
func replyTo(head string) (list, problem string) {
	var boxes []string
	found, problem := Parse([]byte(head + "\r\n\r\n")).ReplyTo()
	for _, box := range found {
		boxes = append(boxes, fmt.Sprintf("%s|%s", box.Name, box.Address))
	}
	return strings.Join(boxes, " "), problem
}

// TestReplyToLimits: what lies beyond a limit is told, not passed over.
func TestReplyToLimits(t *testing.T) {
	numbered := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "a%d@acme.test,\r\n ", i)
		}
		return "Reply-To: " + b.String() + "a0@acme.test"
	}
	long := "Reply-To holds over 8 KiB that are not plain mailboxes"
	for _, c := range []struct {
		in      string
		count   int
		problem string
	}{
		{numbered(100), 100, ""},
		{numbered(101), 100, "Reply-To names more than 100 addresses"},
		{numbered(300), 100, "Reply-To names more than 100 addresses"},
		{"Reply-To: " + strings.Repeat("ann@acme.test,", 300), 1, ""},
		{"Reply-To: ok@ok.test, (" + strings.Repeat("x", 8200) + ") mal@evil.test", 1,
			long},
		{"Reply-To: " + strings.Repeat("(x) ok@ok.test,", 500) + "(x) mal@evil.test", 2, ""},
		{"Reply-To: " + strings.Repeat("(x) ok@ok.test,", 600) + "(x) mal@evil.test", 1,
			long},
		{"Reply-To: (x) " + strings.Repeat("a%", 200) + "b@c.test", 3,
			"a Reply-To that cannot be read: \"" + strings.Repeat("a%", 40) + "\""},
	} {
		list, problem := Parse([]byte(c.in + "\r\n\r\n")).ReplyTo()
		if len(list) != c.count || problem != c.problem {
			t.Errorf("%.60q: %d addresses, %q; want %d, %q", c.in, len(list), problem,
				c.count, c.problem)
		}
	}
}

// TestReplyToIsBounded: no header section takes longer than a moment, under the race
// detector on a slow machine too.
func TestReplyToIsBounded(t *testing.T) {
	for _, piece := range []string{
		"@", "a@", "a@b,", "(x)a@b.test,", "a%", "a!", `"\`, "(", "((", "<", "=?x?b?!", "=?utf-8?q?@?=",
		"a%.@", ".@.", "%40", "例@例", "a@" + strings.Repeat("例", 100) + ",", "\\(", " @ .",
	} {
		for _, size := range []int{8 << 10, 250 << 10} {
			m := Parse([]byte("Reply-To: " + strings.Repeat(piece, size/len(piece)) + "\r\n\r\n"))
			start := computed(t)
			m.ReplyTo()
			if took := computed(t) - start; took > 3*time.Second {
				t.Errorf("%q in %d octets takes %v", piece, size, took)
			} else if took > 100*time.Millisecond {
				t.Logf("%q in %d octets takes %v", piece, size, took)
			}
		}
	}
}

// computed is the time for which this process has had a processor. What else the machine does
// is no part of it.
func computed(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
