package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"

	"gatepost/message"
)

// A street is the world outside: a server that no page of ours asks anything of.
type street struct {
	*httptest.Server
	asked atomic.Int64 // connections
}

func newStreet() *street {
	s := &street{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(
		func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, `<title>ran</title><script>alert("ran")</script>`)
		}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.asked.Add(1)
		}
	}
	s.Start()
	return s
}

// A hostileCase is a message that wants something of whoever reads it.
type hostileCase struct{ name, raw string }

// hostile are all of them. What would run says so to the street, by a dialog or by a title;
// what would load asks the street.
func hostile() []hostileCase {
	const one, two = "http://img.street.test/", "https://tls.street.test/"
	inHTML := [][2]string{
		{"script", `<script>alert(1);parent.document.title="ran"</script><script src="` + one + `a.js"></script>` +
			`<scr<script>ipt>alert(2)</scr</script>ipt><a href="javascript:alert(3)">press</a>` +
			`<a href="java&#10;script:alert(4)">press</a><base href="` + one + `">`},
		{"event handlers", `<body onload=alert(1)><img src=x onerror=alert(2)><b onmouseover=alert(3)>b</b>` +
			`<input autofocus onfocus=alert(4)><details open ontoggle=alert(5)><summary>s</summary></details>` +
			`<video><source onerror=alert(6)></video><marquee onstart=alert(7)>m</marquee>`},
		{"SVG", `<svg onload=alert(1)><script>alert(2)</script><image href="` + one + `i"/><use href="` + one +
			`u#x"/><foreignObject><iframe src="` + one + `f"></iframe></foreignObject><animate onbegin=alert(3) ` +
			`attributeName=x dur=1s /></svg><svg><style><img src=x onerror=alert(4)></style></svg>` +
			`<img src="data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='alert(5)'/>">`},
		{"CSS", `<style>@import "` + one + `a.css";body{background:url(` + two + `b)}` +
			`@font-face{font-family:f;src:url(` + one + `f)}*{font-family:f}</style>` +
			`<link rel=stylesheet href="` + one + `c.css"><link rel=dns-prefetch href="` + one + `">` +
			`<link rel=preload as=image href="` + one + `d"><div style="background:url(` + one + `e)">x</div>` +
			`<div style="position:fixed;inset:0;z-index:99999;background:red">everything is mine</div>`},
		{"images", `<img src="` + one + `a.png"><img src="` + two + `b.png"><img src="//img.street.test/c">` +
			`<img srcset="` + one + `d 2x"><picture><source srcset="` + one + `e"><img src=x></picture>` +
			`<table background="` + one + `f"><tr><td background="` + one + `g">t</td></tr></table>` +
			`<video poster="` + one + `h"></video><audio src="` + one + `i" autoplay></audio>` +
			`<input type=image src="` + one + `j"><img src="cid:part1@x"><img src="CID:nothing">`},
		{"frames and forms", `<iframe src="` + one + `a"></iframe><iframe srcdoc="<script>alert(1)</script>"></iframe>` +
			`<object data="` + one + `b"></object><embed src="` + one + `c">` +
			`<frameset><frame src="` + one + `d"></frameset><meta http-equiv=refresh content="0;url=` + one + `e"><form action="` + one +
			`f"><input name=q><button autofocus>send</button></form><a href="` + one + `g" target=_top ping="` + one + `h">go</a>`},
		{"what two readers read differently", `<math><mtext><table><mglyph><style><!--</style>` +
			`<img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;"></table></mtext></math>` +
			`<noscript><p title="</noscript><img src=x onerror=alert(2)>"></noscript>` +
			`<textarea><img title="</textarea><img src=x onerror=alert(3)>"></textarea>` +
			`<title><img title="</title><img src=x onerror=alert(4)>"></title><plaintext><script>alert(5)</script>`},
		{"a frame's own end", `</iframe></body></html><script>alert(1)</script>`},
	}
	var all []hostileCase
	for _, c := range inHTML {
		all = append(all, hostileCase{c[0], inMIME(c[0], "<p>the start of it</p>"+c[1])})
	}
	return append(all, hostileFields()...)
}

// inMIME is a message with text, HTML and a picture that the HTML may name.
func inMIME(name, html string) string {
	return "From: Mallory <mallory@evil.example>\r\nTo: support@help.test\r\nSubject: hostile: " + name +
		"\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n" +
		"--b\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n" +
		"--a\r\nContent-Type: text/plain\r\n\r\nthe text of it\r\n" +
		"--a\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
		inLines(base64.StdEncoding.EncodeToString([]byte(html))) + "--a--\r\n" +
		"--b\r\nContent-Type: image/svg+xml\r\nContent-ID: <part1@x>\r\n\r\n" +
		`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(9)"/>` + "\r\n--b--\r\n"
}

func inLines(s string) string {
	var b strings.Builder
	for ; len(s) > 76; s = s[76:] {
		b.WriteString(s[:76] + "\r\n")
	}
	return b.String() + s + "\r\n"
}

// hostileFields are hostile in what stands beside the content, or by its size.
func hostileFields() []hostileCase {
	markup := `<script>alert(1)</script><img src=x onerror=alert(2)>"'>{{.}}`
	word := func(s string) string {
		return "=?utf-8?b?" + base64.StdEncoding.EncodeToString([]byte(s)) + "?="
	}
	return []hostileCase{
		{"markup in every field", "From: " + word(markup) + " <mallory@evil.example>\r\nReply-To: \"" +
			`<img src=x onerror=alert(3)>` + "\" <x@evil.example>\r\nTo: <support@help.test>\r\n" +
			"Message-ID: <" + `"><img/src=x/onerror=alert(4)>` + "@x>\r\nSubject: hostile: markup in every field " +
			word(markup) + "\r\nX-Any: <b onclick=alert(5)>\r\n\r\n" + markup + "\r\nthe text of it\r\n"},
		{"names from right to left", "From: " + word("\u202egnp.knab\u202c \u2066ann@bank.example\u2069\u200b") +
			" <mallory@evil.example>\r\nTo: support@help.test\r\nSubject: hostile: names from right to left " +
			word("\u202e\u202e\u202ereversed") + "\r\n\r\n\u202ethe text\u202c the text of it\r\n"},
		{"names of files", hostileFiles()},
		{"5 MB of HTML", inMIME("5 MB of HTML", "<p>the start of it</p>"+strings.Repeat(
			`<table><tr><td style="x:y"><font color=red>cell &amp; <b>bold</b></font></td></tr></table>`, 60_000))},
		{"50,000 open elements", inMIME("50,000 open elements", "<p>the start of it</p>"+
			strings.Repeat("<div><b>", 25_000))},
		{"5 MB in one line", textMail("mallory@evil.example", "hostile: 5 MB in one line",
			"the text of it\r\n"+strings.Repeat("x", 5<<20))},
	}
}

// hostileNames are names of attachments that lead elsewhere, or look like something else.
func hostileNames() []string {
	return []string{"a\tb\"c;d.html", `../../../etc/cron.d/x`, `..\..\boot.ini`, "/etc/passwd", "C:\\x.exe", "invoice\u202efdp.exe",
		`<img src=x onerror=alert(1)>.html`, "CON.txt", strings.Repeat("n", 400) + ".pdf", ".bashrc", ".."}
}

func hostileFiles() string {
	var b strings.Builder
	b.WriteString("From: Mallory <mallory@evil.example>\r\nTo: support@help.test\r\n" +
		"Subject: hostile: names of files\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nthe text of it\r\n")
	for _, name := range hostileNames() {
		b.WriteString("--b\r\nContent-Type: text/html\r\nContent-Disposition: attachment; filename*=utf-8''")
		for i := range len(name) {
			fmt.Fprintf(&b, "%%%02X", name[i])
		}
		b.WriteString("\r\n\r\n<script>alert(1)</script>\r\n")
	}
	return b.String() + "--b--\r\n"
}

// TestHostileMail shows hostile mail to a real browser: nothing runs, nothing loads, nothing
// breaks the page.
func TestHostileMail(t *testing.T) {
	if testing.Short() {
		t.Skip("walks of a browser take long, and TestConsole is one")
	}
	t.Parallel()
	g := newConsole(t)
	for _, c := range hostile() {
		g.hold(c.raw)
	}
	for _, s := range []screen{{1280, 860}, {380, 800}} {
		w := &shift{gateway: g, tab: newTab(t, g.web(), s), name: "hostile"}
		w.open("/")
		w.fill("Address", reviewer)
		w.fill("Password", secret)
		w.pressNamed("Sign in")
		w.wait(fmt.Sprintf("document.querySelectorAll('#rows > li').length === %d", len(hostile())))
		w.inspect("list", "")
		paths := await[[]string](w.tab, `[...document.querySelectorAll("#rows > li > a")]
			.map((e) => new URL(e.href).pathname).reverse()`)
		for i, c := range hostile() {
			w.readHostile(paths[i], c)
		}
		if !w.narrow() {
			w.save()
		}
	}
	browser, err := theBrowser()
	if err != nil {
		t.Fatal(err)
	}
	if n := browser.outside.asked.Load(); n > 0 {
		t.Errorf("%d connections were made to the street", n)
	}
	probeHostile(t, browser.outside, g.web())
}

// unfold opens all that is folded, and waits until the frame of the HTML is loaded.
const unfold = `(async () => {
	const frame = document.querySelector("#message iframe");
	const loaded = frame && new Promise((done) => frame.addEventListener("load", done));
	for (const e of document.querySelectorAll("details")) e.open = true;
	frame?.scrollIntoView();
	await loaded;
	return frame?.src || "none";
})()`

// readHostile opens a message, unfolds all of it, and looks at its HTML alone too.
func (w *shift) readHostile(path string, c hostileCase) {
	w.tab.Helper()
	w.open(path)
	w.wait(`message("the text of it") && document.title.includes(") hostile: ")`)
	frame := await[string](w.tab, unfold)
	w.fits(c.name)
	w.wait(`document.title.includes(") hostile: ") && !("ran" in window)`)
	w.wait(`spot(find(".actions button", (e) => words(e) === "Recover"))`)
	if frame == "none" || w.narrow() {
		w.inspect(c.name, "")
		return
	}
	w.do(chromedp.Navigate(frame))
	// A page without scripts has no timers to wait with, and it is loaded.
	text, err := value[string](w.tab, "document.title + document.body.textContent.slice(0, 1000)")
	if err != nil || !strings.Contains(text, "the start of it") || strings.HasPrefix(text, "ran") {
		w.tab.Errorf("%s, alone, shows %.300q, %v", c.name, text, err)
	}
	w.clean(c.name + ", alone")
}

// save downloads every file with a hostile name, and looks at the name that it is offered by.
func (w *shift) save() {
	offered := make(chan string, len(hostileNames()))
	listen := func(event any) {
		if e, ok := event.(*browser.EventDownloadWillBegin); ok {
			offered <- e.SuggestedFilename
		}
	}
	if err := chromedp.ListenBrowser(w.ctx, listen); err != nil {
		w.fatal("%v", err)
	}
	notify := true
	w.do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.CallBrowser(ctx, browser.SetDownloadBehavior,
			browser.SetDownloadBehaviorParams{EventsEnabled: &notify,
				Behavior:         browser.SetDownloadBehaviorBehaviorDeny,
				BrowserContextID: chromedp.FromContext(ctx).BrowserContextID})
		return err
	}))
	w.open("/suspended?q=hostile")
	w.press(`row("hostile: names of files")`)
	w.wait(`message("the text of it")`)
	page := await[string](w.tab, "location.pathname")
	for i, name := range hostileNames() {
		w.open(page) // a browser takes ten files from one page at most
		w.press(fmt.Sprintf(`document.querySelectorAll(".files a")[%d]`, i))
		select {
		case as := <-offered:
			if strings.ContainsAny(as, `/\:<>"`) || strings.ContainsFunc(as, message.Invisible) {
				w.tab.Errorf("%q is offered as %q", name, as)
			}
		case <-time.After(patience):
			w.fatal("%q is not offered as a file", name)
		}
	}
	w.clean("saving")
}

// probeHostile shows that what the test would see can be seen: a page that does run and load.
func probeHostile(t *testing.T, s *street, base string) {
	p := newTab(t, base, screen{800, 600})
	p.do(chromedp.Navigate("http://www.street.test/"))
	p.lock.Lock()
	defer p.lock.Unlock()
	told := strings.Join(p.faults, "\n")
	if !strings.Contains(told, "dialog: ran") || !strings.Contains(told, "another host") ||
		s.asked.Load() == 0 {
		t.Errorf("what a page does that runs and loads is not seen: %q", told)
	}
	p.faults = nil
}
