package message

import (
	"io"
	"maps"
	"strings"
	"testing"
)

func TestBlank(t *testing.T) {
	const page = "Content-Type: text/html\n\n"
	image := "Content-Type: image/png\n\nx"
	for _, c := range []struct {
		name, in string
		want     bool
	}{
		{"nothing", "X: y\n\n", true},
		{"no body", "X: y\n", true},
		{"white space", "Subject: \t\n\n \t\n\n\n", true},
		{"no-break space", "Subject: =?utf-8?q?=C2=A0?=\n\n\u00a0\u200b\ufeff\n", true},
		{"quoted-printable", "Content-Transfer-Encoding: quoted-printable\n\n=20=\n=0A\n", true},
		{"empty page", page + "<title>x</title><p>&nbsp;<br>&#8203;", true},
		{"empty parts", mixed("alternative", "\n\n", page+"<p> </p>"), true},
		{"subject", "Subject: x\n\n", false},
		{"second subject", "Subject:\nSubject: x\n\n", false},
		{"encoded subject", "Subject: =?utf-8?q?_x?=\n\n", false},
		{"long subject", "Subject: " + strings.Repeat("\u00a0", 5000) + "x\n\n", false},
		{"unknown subject", "Subject: =?utf-8?b?!?=\n\n", false},
		{"text", "X: y\n\n .\n", false},
		{"text behind a glance", "X: y\n\n" + strings.Repeat(" ", 300) + "x", false},
		{"blank for long", "X: y\n\n" + strings.Repeat(" \n", 300), true},
		{"no room for long", "X: y\n\n" + strings.Repeat("\u200b", 200), true},
		{"no room in a page", page + "<p>" + strings.Repeat("&#847;&shy; ", 80), true},
		{"bracket", "X: y\n\n[", false},
		{"text far below", "X: y\n\n" + strings.Repeat("\n", 1<<16) + "x", false},
		{"not decoded", "Content-Transfer-Encoding: no-such\n\n", false},
		{"page", page + "<p>x", false},
		{"picture", page + "<p><img src=\"cid:1\"></p>", false},
		{"picture beside", mixed("alternative", "\n\n", page+"<IMG>"), false},
		{"picture above", mixed("mixed", page+"<img>", page), false},
		{"attachment", mixed("mixed", "\n\n", image), false},
		{"only an attachment", image, false},
		{"another boundary", "Content-Type: multipart/mixed; boundary=a\n\n--b\n\nx\n--b--\n", false},
		{"empty attachment", "Content-Disposition: attachment\n\n", false},
	} {
		raw := strings.ReplaceAll(c.in, "\n", "\r\n")
		m := Parse([]byte(raw))
		body := func() io.Reader { return strings.NewReader(raw[m.Size:]) }
		if got := m.Blank(body); got != c.want {
			t.Errorf("%s: blank is %t, want %t", c.name, got, c.want)
		}
	}
}

func TestBlankLeavesTheBody(t *testing.T) {
	body := func() io.Reader {
		t.Error("the body was asked for although there is a subject")
		return strings.NewReader("x")
	}
	if Parse([]byte("Subject: x\r\n\r\n")).Blank(body) {
		t.Error("a message with a subject is blank")
	}
}

func TestContentType(t *testing.T) {
	type params = map[string]string
	for _, c := range []struct {
		in, kind string
		params   params
	}{
		{"X: y", "text/plain", nil},
		{"Content-Type: Multipart/REPORT; Report-Type=Delivery-Status;\r\n boundary=\"a b\"",
			"multipart/report", params{"report-type": "Delivery-Status", "boundary": "a b"}},
		{"content-type: text/html; charset*=utf-8''caf%C3%A9\r\nContent-Type: image/png",
			"text/html", params{"charset": "café"}},
		{"Content-Type: text/html; charset=a; charset=b", "text/html", nil},
		{"Content-Type: TEXT ; x", "text", nil},
		{"Content-Type: ;", "", nil},
		{"Content-Type: text/html; x=" + strings.Repeat("y", maxMIMEField), "text/plain", nil},
	} {
		kind, got := Parse([]byte(c.in + "\r\n\r\n")).ContentType()
		if kind != c.kind || !maps.Equal(got, c.params) {
			t.Errorf("%.80q is %q with %v, want %q with %v", c.in, kind, got, c.kind, c.params)
		}
		if x := got["x"]; x != "" {
			t.Errorf("%.80q has the parameter %q", c.in, x)
		}
	}
}
