package message

import (
	"slices"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	m := Parse([]byte("Received: by mx.acme.test\r\n\twith ESMTP\r\n" +
		"FROM: ann@acme.test\r\nSubject :  Lamp \r\nsubject: two\r\n\r\nFrom: the body\r\n"))
	var names []string
	for _, f := range m.Fields {
		names = append(names, f.Name())
	}
	if want := []string{"Received", "FROM", "Subject", "subject"}; !slices.Equal(names, want) {
		t.Errorf("fields %q, want %q", names, want)
	}
	if got := m.First("received"); got != "by mx.acme.test\twith ESMTP" {
		t.Errorf("unfolded to %q", got)
	}
	if got := m.Values("SUBJECT"); !slices.Equal(got, []string{"Lamp", "two"}) {
		t.Errorf("subjects %q", got)
	}
	if m.Count("From") != 1 || m.Count("Fro") != 0 || m.Count("Fromm") != 0 {
		t.Error("names are not told apart")
	}
	if got := m.Fields[2]; got.Line != 4 || string(got.Raw) != "Subject :  Lamp \r\n" {
		t.Errorf("field %q at line %d", got.Raw, got.Line)
	}
	if !m.Whole || m.Size != 95 || m.Unreadable() != "" {
		t.Errorf("%d octets, whole %t, unreadable %q", m.Size, m.Whole, m.Unreadable())
	}
	if want := []Defect{{SpaceBeforeColon, 4}}; !slices.Equal(m.Defects, want) {
		t.Errorf("defects %v, want %v", m.Defects, want)
	}
}

func TestDefects(t *testing.T) {
	const from = "From: ann@acme.test\r\n"
	for _, c := range []struct {
		head string
		want []Defect
	}{
		{from + "\r\n", nil},
		{from, nil},
		{from + "X-8: caf\xe9\r\n\r\n", nil},
		{"\xef\xbb\xbf" + from + "\r\n", []Defect{{ByteOrderMark, 1}}},
		{"From ann@acme.test Mon Jan  1 00:00:00 2024\r\n" + from + "\r\n", []Defect{{MboxLine, 1}}},
		{from + "From ann@acme.test Mon Jan  1 00:00:00 2024\r\n\r\n", []Defect{{BadName, 2}}},
		{">From ann@acme.test\r\n" + from + "\r\n", []Defect{{NoColon, 1}}},
		{" From: ann@acme.test\r\n" + from + "\r\n", []Defect{{LeadingSpace, 1}}},
		{"\tx\r\n" + from + "\r\n", []Defect{{LeadingSpace, 1}}},
		{from + "rubbish\r\n and more: of it\r\n\r\n", []Defect{{NoColon, 2}}},
		{from + "Fr\r\n om: x\r\n\r\n", []Defect{{NoColon, 2}}},
		{from + "A B: x\r\n\r\n", []Defect{{BadName, 2}}},
		{from + ": x\r\n\r\n", []Defect{{BadName, 2}}},
		{from + "N\xe9: x\r\n\r\n", []Defect{{BadName, 2}}},
		{from + " \t\r\nTo: x\r\n\r\n", []Defect{{BlankSpace, 2}}},
		{from + "X: a\rb\r\n\r\n", []Defect{{BareCR, 2}}},
		{"X: a\r\r\n" + from + "\r\n", []Defect{{BareCR, 1}}},
		{from + "X: a\n\r\n", []Defect{{BareLF, 2}}},
		{from + "\n", []Defect{{BareLF, 2}}},
		{from + "X: a\x00b\r\n\r\n", []Defect{{NUL, 2}}},
		{from + "X: a\x1bb\x7f\r\n\r\n", []Defect{{Control, 2}, {Control, 2}}},
	} {
		m := Parse([]byte(c.head))
		if !slices.Equal(m.Defects, c.want) {
			t.Errorf("%q: defects %v, want %v", c.head, m.Defects, c.want)
		}
		if got := m.Sender(); (got.Problem != 0) != (c.want != nil) {
			t.Errorf("%q: the sender has problem %q", c.head, got.Problem)
		}
		if got := m.Sender().Text; got != "ann@acme.test" {
			t.Errorf("%q: the From that is there was read as %q", c.head, got)
		}
	}
}

// TestLineEndsOfUnix: where no line of a header section ends in CRLF, LF is the line end to
// every reader.
func TestLineEndsOfUnix(t *testing.T) {
	for _, c := range []struct {
		head string
		want SenderProblem
	}{
		{"From: ann@shop.test\nSubject: x\n\n", 0},
		{"Subject: x\nFrom: Ann\n <ann@shop.test>\n\nFrom: eve@evil.test\n", 0},
		{"Subject: x\nFrom: ann@shop.test\n\nHello\r\nFrom: eve@evil.test\r\n\r\n", 0},
		{"Subject: x\nFrom: ann@shop.test\r\n\r\n", SenderProblem(BareLF)},
		{"From: eve@evil.test\r\nSubject: x\n\r\nFrom: ann@shop.test\r\n\r\n", SenderProblem(BareLF)},
		{"From: ann@shop.test\nFrom: eve@evil.test\n\n", TwoFroms},
	} {
		if s := Parse([]byte(c.head)).Sender(); s.Problem != c.want {
			t.Errorf("%q: %q, %s", c.head, s.Text, s.Problem)
		}
	}
}

func TestDefectsAreBounded(t *testing.T) {
	m := Parse([]byte(strings.Repeat("x\r\n", 50000) + "a\x00b\r\n\r\n"))
	last := m.Defects[len(m.Defects)-1]
	if len(m.Defects) != maxDefects+1 || last != (Defect{NUL, 50001}) {
		t.Errorf("%d defects, the last %v", len(m.Defects), last)
	}
}

func TestUnreadable(t *testing.T) {
	field := "X: y\r\n"
	y := func(n int) string { return "X: " + strings.Repeat("y", n) + "\r\n" }
	fill := strings.Repeat(y(994), 262) // 999 octets each
	for _, c := range []struct{ name, head, want string }{
		{"empty", "", "not one header field"},
		{"blank", "\r\nbody: x\r\n", "not one header field"},
		{"rubbish", "\x7fELF\x02\x01\x00\n\x00\x01", "not one header field"},
		{"1,000 fields", strings.Repeat(field, 1000) + "\r\n", ""},
		{"1,001 fields", strings.Repeat(field, 1001) + "\r\n", "more than 1,000 fields"},
		{"256 KiB", fill + y(399) + "\r\n", ""},
		{"one more", fill + y(400) + "\r\n", "256 KiB"},
		{"no end", fill + fill, "256 KiB"},
	} {
		got := Parse([]byte(c.head)).Unreadable()
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: unreadable %q, want %q", c.name, got, c.want)
		}
	}
}

func TestSubjectAndMessageID(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"Lamp broken", "Lamp broken"},
		{"=?utf-8?q?caf=C3=A9?= =?iso-8859-1?q?_caf=E9?=", "café café"},
		{"=?cp932?b?g0mDWoOP?=", "オセワ"},
		{"=?utf-8?q?a=0D=0AX-Injected:_y?=", "a X-Injected: y"},
		{"=?utf-8?q?a=00b?=", "a\ufffdb"},
		{"=?utf-7?q?+AGE-?=", "+AGE-"},
		{"=?no-such?q?caf=E9?=", "caf\ufffd"},
		{"=?utf-8?b?!?=", "=?utf-8?b?!?="},
		{"caf\xe9", "caf\ufffd"},
		{"folded\r\n over", "folded over"},
		{strings.Repeat("é", 2000), strings.Repeat("é", 998)},
	} {
		m := Parse([]byte("Subject: " + c.in + "\r\nMessage-ID: <1@acme.test>\r\n\r\n"))
		if got := m.Subject(); got != c.want {
			t.Errorf("subject %q is read as %q, want %q", c.in, got, c.want)
		}
		if got := m.MessageID(); got != "<1@acme.test>" {
			t.Errorf("message id %q", got)
		}
	}
}

func TestFilesFromDisk(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"A: b\n\nx\n", "A: b\r\n\r\nx\r\n"},
		{"A: b\r\n\r\nx\n", "A: b\r\n\r\nx\n"},
		{"A: b\nC: d\r\n\nx\n", "A: b\nC: d\r\n\nx\n"},
		{"A: b\n\nx\r\ny\n", "A: b\r\n\r\nx\r\ny\r\n"},
		{"\nx\r\n", "\r\nx\r\n"},
		{"A: b\n\nx", "A: b\r\n\r\nx"},
		{"A: b", "A: b"},
		{"", ""},
	} {
		if got := string(CRLF([]byte(c.in))); got != c.want {
			t.Errorf("CRLF(%q) = %q, want %q", c.in, got, c.want)
		}
	}
	for _, c := range []struct{ in, want string }{
		{"From ann@acme.test Mon Jan  1 00:00:00 2024\nFrom: x\n", "From: x\n"},
		{"From : ann@acme.test\n", "From : ann@acme.test\n"},
		{"From: ann@acme.test\n", "From: ann@acme.test\n"},
		{"From nobody", ""},
		{">From x\n", ">From x\n"},
	} {
		if got := string(TrimMbox([]byte(c.in))); got != c.want {
			t.Errorf("TrimMbox(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"café":  "café",
		"a\x00": "a\ufffd",
		"\xff":  "\ufffd",
		"\xe2a": "\ufffda",
	} {
		if got := Clean(in); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestRawSubject: octets above ASCII without encoded words are in the charset of the text.
func TestRawSubject(t *testing.T) {
	for _, c := range []struct{ charset, subject, want string }{
		{"iso-8859-1", "Caf\xe9 4711", "Café 4711"},
		{"windows-1251", "\xc7\xe0\xea\xe0\xe7", "Заказ"},
		{"iso-2022-jp", "\x1b$B%*\x1b(B 4711", "オ 4711"},
		{"cp-850", "Caf\x82", "Café"},
		{"iso-8859-1", "Café", "Café"},
		{"iso-8859-1", "=?utf-8?q?Caf=C3=A9?= \xe9", "Café \ufffd"},
		{"no-such", "Caf\xe9", "Caf\ufffd"},
		{"utf-8", "Caf\xe9", "Caf\ufffd"},
	} {
		m := Parse([]byte("Subject: " + c.subject + "\r\nContent-Type: text/plain; charset=" +
			c.charset + "\r\n\r\nx"))
		if got := m.Subject(); got != c.want {
			t.Errorf("%q in %s: got %q, want %q", c.subject, c.charset, got, c.want)
		}
	}
}
