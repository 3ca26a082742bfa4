package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"gatepost/store/storetest"
)

// open goes to a page, as one who types its address does.
func (p *tab) open(path string) {
	p.Helper()
	p.do(chromedp.Navigate(p.base + path))
}

// kit is what the expressions of these tests may use. Elements are found by what people
// know them by: the words on them.
const kit = `
const words = (e) => (e.ariaLabel || e.textContent).replace(/\s+/g, " ").trim();
const find = (selector, fits) => [...document.querySelectorAll(selector)]
	.find((e) => e.checkVisibility({ visibilityProperty: true }) && fits(e));
const named = (name) => find("a, button, summary", (e) => words(e) === name);
const field = (name) => find("input, textarea, select", (e) => [...(e.labels || [])].some((l) =>
	words(l) === name) || e.ariaLabel === name);
const many = [...document.querySelectorAll("#many button")];
const row = (subject) => find("#rows > li > a", (e) => e.textContent.includes(subject));
const seen = (text) => document.body.innerText.replace(/\s+/g, " ").includes(text);
const message = (text) => document.querySelector("#message, article").innerText
	.replace(/\s+/g, " ").includes(text);
const spot = (e) => {
	if (!e) return null;
	e.scrollIntoView({ block: "center", inline: "center" });
	const box = [...e.getClientRects()].find((r) => r.width * r.height > 0);
	if (!box) return null;
	const x = box.x + box.width / 2, y = box.y + box.height / 2;
	const there = document.elementFromPoint(x, y);
	return there && (e.contains(there) || there.contains(e)) ? [x, y] : null;
};
`

// value is what an expression comes to in the page. An error can be that of a page that
// gives way to the next.
func value[T any](p *tab, expression string) (T, error) {
	ctx, stop := context.WithTimeout(p.ctx, patience)
	defer stop()
	return chromedp.Run(ctx, chromedp.Evaluate[T](
		"(async () => {"+kit+"return ("+expression+")})()", chromedp.EvalAwaitPromise))
}

// await waits until an expression holds, on whichever page is there by then, and gives what
// it came to. What comes to null or to nothing does not hold yet.
func await[T any](p *tab, expression string) (v T) {
	p.Helper()
	const inPage = `new Promise((done) => {
	const until = Date.now() + 500;
	const look = () => {
		let v = null;
		try { v = document.readyState === "complete" && (%s) } catch { }
		if (v || Date.now() > until) done(Promise.all(v ? [v] : []));
		else setTimeout(look, 10);
	};
	look();
})`
	var err error
	for began := time.Now(); time.Since(began) < patience; {
		var found []T // a null alone would be no error for every T
		found, err = value[[]T](p, fmt.Sprintf(inPage, expression))
		if err == nil && len(found) == 1 {
			return found[0]
		}
	}
	text, _ := value[string](p, "location.href + '\\n' + document.body.innerText.slice(0, 3000)")
	p.keepFailure()
	p.Fatalf("waited in vain for %s: %v\n%s", expression, err, text)
	return v
}

func (p *tab) wait(expression string) {
	p.Helper()
	await[bool](p, "!!("+expression+")")
}

// keepFailure keeps a picture of the page that a test failed at in the folder that
// GATEPOST_FAILURES names.
func (p *tab) keepFailure() {
	p.Helper()
	dir := os.Getenv("GATEPOST_FAILURES")
	if dir == "" {
		return
	}
	b, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	name := strings.ReplaceAll(p.Name(), "/", "-") + ".png"
	if err = errors.Join(err, os.WriteFile(filepath.Join(dir, name), b, 0o600)); err != nil {
		p.Error(err)
	}
}

// press clicks in the middle of an element as soon as it can be seen there, with nothing
// before it.
func (p *tab) press(expression string) {
	p.Helper()
	at := await[[]float64](p, "spot("+expression+")")
	p.do(chromedp.MouseClickXY(at[0], at[1]))
}

// pressNamed clicks the button or the link with these words.
func (p *tab) pressNamed(name string) {
	p.Helper()
	p.press(fmt.Sprintf("named(%q)", name))
}

// fill writes into the field with this label, in place of what is there.
func (p *tab) fill(label, text string) {
	p.Helper()
	p.press(fmt.Sprintf("field(%q)", label))
	p.wait(fmt.Sprintf("(field(%[1]q).select(), field(%[1]q) === document.activeElement)", label))
	p.keys(text)
}

// keys sends strokes to whatever has the focus, as a keyboard does: what a page prevents is
// not written.
func (p *tab) keys(strokes string) {
	p.Helper()
	p.do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		for _, r := range strokes {
			events := kb.Encode(r)
			down, up := events[0], events[len(events)-1]
			if len(events) == 3 { // a character, for which there is an event between the two
				down.Text, down.UnmodifiedText = events[1].Text, events[1].UnmodifiedText
			}
			for _, event := range []*input.DispatchKeyEventParams{down, up} {
				if _, err := chromedp.Call(ctx, input.DispatchKeyEvent, *event); err != nil {
					return err
				}
			}
		}
		return nil
	}))
}

// inspect holds a page to what every page keeps, in light and in dark. Pictures of it are
// kept if a name is given and pictures are wanted.
func (p *tab) inspect(where, picture string) {
	p.Helper()
	p.fits(where)
	again, same := p.inspected(where)
	if !same {
		p.accessible(where, "light", "{}")
	}
	p.picture(picture, "light")
	p.do(inScheme("dark"))
	if !again {
		p.accessible(where, "dark", `{ runOnly: ["color-contrast"] }`)
	}
	p.picture(picture, "dark")
	p.do(inScheme("light"))
	p.clean(where)
}

// inspections are the pages that a walk has been through, by its name and theirs.
var inspections sync.Map

// inspected reports whether this walk has been there before, and whether as wide or as narrow. The
// colours of a page are the same on each screen, and on PostgreSQL all is as on SQLite. With
// GATEPOST_LONG all is looked at each time.
func (p *tab) inspected(where string) (again, same bool) {
	switch {
	case os.Getenv("GATEPOST_LONG") != "":
		return false, false
	case storetest.OnServer():
		return true, true
	}
	walk, _, _ := strings.Cut(p.Name(), "/")
	_, again = inspections.LoadOrStore(walk+": "+where, true)
	_, same = inspections.LoadOrStore(fmt.Sprint(walk, ": ", where, p.narrow()), true)
	return again, same
}

// fits holds a page to being no wider than the screen, and without an error.
func (p *tab) fits(where string) {
	p.Helper()
	wide := await[[]int](p, `[document.documentElement.scrollWidth,
		document.documentElement.clientWidth]`)
	if wide[0] > wide[1] {
		p.Errorf("%s: the page is %d pixels wide, the screen %d", where, wide[0], wide[1])
	}
	p.clean(where)
}

// accessible asks axe-core what would keep people from using the page.
func (p *tab) accessible(where, scheme, options string) {
	p.Helper()
	if there, _ := value[bool](p, "!!window.axe"); !there {
		p.do(chromedp.Evaluate[chromedp.Void](axe(p.T) + ";0"))
	}
	violations := await[[]string](p, `axe.run(document, { resultTypes: ["violations"],
		iframes: false, ...`+options+` }).then((r) => ["axe"].concat(r.violations.map((v) => v.id + ": " + v.help + "\n" +
			v.nodes.map((n) => n.html + "\n" + n.failureSummary).join("\n"))))`)
	for _, v := range violations[1:] {
		p.Errorf("%s, %s: %s", where, scheme, v)
	}
}

// axe is the source of axe-core, which finds what keeps people from using a page.
func axe(t *testing.T) string {
	t.Helper()
	source, err := os.ReadFile(filepath.Join(browserFolder, "node_modules/axe-core/axe.min.js"))
	if err != nil {
		t.Fatalf("%v: scripts/test fetches it", err)
	}
	return string(source)
}

// picture keeps a picture of the page for the README, if GATEPOST_SCREENSHOTS is set: a wide
// one in each scheme, a narrow one in light.
func (p *tab) picture(name, scheme string) {
	p.Helper()
	if name == "" || os.Getenv("GATEPOST_SCREENSHOTS") == "" || p.narrow() && scheme == "dark" {
		return
	}
	if p.narrow() {
		scheme = "380"
	}
	b, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	dir := "../../testdata/console"
	err = errors.Join(err, os.MkdirAll(dir, 0o755),
		os.WriteFile(filepath.Join(dir, name+"-"+scheme+".png"), b, 0o644))
	if err != nil {
		p.Fatal(err)
	}
}
