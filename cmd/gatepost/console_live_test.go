package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestConsoleLive is what happens when things come in an order of their own: a colleague is
// faster, keys are faster than pages, a button is struck twice, and somebody goes back.
func TestConsoleLive(t *testing.T) {
	if testing.Short() {
		t.Skip("walks of a browser take long, and TestConsole is one")
	}
	t.Parallel()
	g := newConsole(t)
	w, colleague := g.shiftIn(t, "live"), g.shiftIn(t, "colleague")
	r := w.road()
	w.begin()
	colleague.begin()
	w.besideColleague(colleague)
	w.fasterThanPages(r)
	w.markedIsGone(r, colleague)
	w.askWhileFetching(r)
	w.sendOnce(r)
	w.clickInTime(r)
	w.goBack(r)
	w.clean("live")
	colleague.clean("colleague")
}

// shiftIn is a shift in a window and a session of its own.
func (g *gateway) shiftIn(t *testing.T, name string) *shift {
	t.Helper()
	return &shift{gateway: g, name: name,
		tab: newTab(t, g.web(), screen{1280, 860})}
}

// begin signs in.
func (w *shift) begin() {
	w.tab.Helper()
	w.open("/")
	w.fill("Address", reviewer)
	w.keys(kb.Tab + secret + kb.Enter)
	w.wait(`document.getElementById("live")?.dataset.state === "on"`)
}

// post sends letters. Each has a sender of its own: who was recovered is known.
func (w *shift) post(letters ...string) {
	w.tab.Helper()
	for _, letter := range letters {
		from := strings.ReplaceAll(letter, " ", ".") + "@" + w.domain("lumen")
		w.hold(textMail(from, letter, "This is "+letter+"."))
	}
}

// holds has these letters be held and in the list, the last of them as its first.
func (w *shift) holds(letters ...string) {
	w.tab.Helper()
	w.post(letters...)
	w.open("/suspended")
}

// read opens a letter with the mouse.
func (w *shift) read(letter string) {
	w.tab.Helper()
	w.press(fmt.Sprintf("row(%q)", letter))
	w.wait(fmt.Sprintf("message(%q)", "This is "+letter+"."))
}

// lists holds the list to having some letters, and others not.
func (w *shift) lists(in []string, out ...string) {
	w.tab.Helper()
	for _, letter := range in {
		w.wait(fmt.Sprintf("row(%q)", letter))
	}
	for _, letter := range out {
		w.wait(fmt.Sprintf("!row(%q)", letter))
	}
}

// besideColleague: what somebody else deletes or recovers can be read to its end, and nothing
// can be done with it. The list lives on.
func (w *shift) besideColleague(colleague *shift) {
	for deed, stroke := range map[string]string{"Deleted": "#", "Recovered": "r"} {
		w.post("Kept "+deed, "Taken "+deed)
		w.read("Taken " + deed)
		colleague.open(await[string](w.tab, "location.pathname"))
		colleague.keys(stroke)
		colleague.wait(fmt.Sprintf("seen(%q)", deed+" 1 message."))
		w.wait(`find("[role=alert]", (e) => words(e).startsWith("Somebody has handled it"))`)
		w.wait(fmt.Sprintf(`message(%q) && !find("#message button", () => true)`,
			"This is Taken "+deed+"."))
		w.value("window.stands = true")
		w.keys("r#")
		w.post("Next " + deed)
		w.lists([]string{"Kept " + deed, "Next " + deed}, "Taken "+deed)
		w.wait(`window.stands && seen("Somebody has handled it")`)
		w.told(deed, map[string]int{"Deleted": 1}[deed])
		w.keys("j")
		w.wait(`window.stands && !seen("Somebody has handled it") && message("This is ")`)
	}
}

// value has an expression done in the page.
func (w *shift) value(expression string) {
	w.tab.Helper()
	await[bool](w.tab, "("+expression+", true)")
}

// told holds the window to so many errors, which are of the message that is not found.
func (w *shift) told(where string, n int) {
	w.tab.Helper()
	w.lock.Lock()
	if len(w.faults) != n {
		w.tab.Errorf("%s: %q, want %d that tell of a message that is gone", where, w.faults, n)
	}
	w.lock.Unlock()
	w.clean(where, "404", "410")
}

// fasterThanPages: r and # are for what is marked, though another message is still open, and
// no stroke that follows takes back what was sent.
func (w *shift) fasterThanPages(r *road) {
	for deed, stroke := range map[string]string{"Deleted": "#", "Recovered": "r"} {
		third, second, first := "Third "+deed, "Second "+deed, "First "+deed
		w.holds(third, second, first)
		w.read(first)
		r.close("/suspended")
		w.keys("j")
		w.isAt(second)
		r.awaits("GET")
		w.keys(stroke)
		r.awaits("POST")
		w.keys(stroke + "j" + kb.Enter + kb.Escape)
		r.open()
		w.wait(fmt.Sprintf("seen(%q) && message(%q)", deed+" 1 message.", "This is "+third+"."))
		w.lists([]string{first, third}, second)
	}
}

// path is the address of a letter.
func (w *shift) path(letter string) string {
	w.tab.Helper()
	return await[string](w.tab, fmt.Sprintf("row(%q).pathname", letter))
}

// markedIsGone: if somebody takes away what is marked, a key is not for what is open.
func (w *shift) markedIsGone(r *road, colleague *shift) {
	w.holds("Marked", "Open")
	w.read("Open")
	path := w.path("Marked")
	r.close(path)
	w.keys("j")
	r.awaits("GET")
	colleague.open(path)
	colleague.keys("#")
	colleague.wait(`seen("Deleted 1 message.")`)
	w.lists([]string{"Open"}, "Marked")
	w.countSent()
	w.keys("r#")
	w.sent(0)
	r.open()
	w.wait(`seen("was deleted by")`)
	w.clean("marked is gone", "404", "410")
}

// askWhileFetching: a page that comes while a question is open does not take its form away.
func (w *shift) askWhileFetching(r *road) {
	w.holds("Gamma", "Beta", "Alpha")
	w.read("Alpha")
	path := w.path("Gamma")
	r.close(path)
	w.keys("jxjx#")
	r.awaits("GET")
	w.wait(`document.getElementById("confirm").open`)
	r.open()
	w.wait(fmt.Sprintf(`performance.getEntriesByType("resource").some((e) => e.name.endsWith(%q))`,
		path))
	w.keys(kb.Tab)
	w.wait(`words(document.activeElement) === "Delete"`)
	w.keys(kb.Enter)
	w.wait(`seen("Deleted 2 messages.")`)
	w.lists([]string{"Alpha"}, "Beta", "Gamma")
}

// countSent counts the forms that the page sends from now on.
func (w *shift) countSent() {
	w.tab.Helper()
	w.value(`(window.forms = 0,
		addEventListener("submit", (e) => { window.forms += !e.defaultPrevented }))`)
}

func (w *shift) sent(want int) {
	w.tab.Helper()
	if got := await[[]int](w.tab, "[window.forms ?? -1]"); got[0] != want {
		w.fatal("%d forms were sent, want %d", got[0], want)
	}
}

// sendOnce: a double click and a key that is held are one deed each, be the next page there
// before they end or not.
func (w *shift) sendOnce(r *road) {
	w.holds("Sigma", "Lambda", "Kappa")
	w.read("Kappa")
	at := w.recoverButton()
	r.close("/suspended")
	w.do(chromedp.MouseClickXY(at[0], at[1]),
		chromedp.MouseClickXY(at[0], at[1], chromedp.ClickCount(2)))
	w.keys("r")
	w.holdKey("r")
	r.awaits("POST")
	r.open()
	w.wait(`seen("Recovered 1 message.") && message("This is Lambda.")`)
	r.noMore("POST")
	w.countSent()
	at = w.recoverButton()
	w.do(chromedp.MouseClickXY(at[0], at[1], chromedp.ClickCount(2)))
	w.holdKey("r")
	w.sent(0)
	w.act("Recover")
	w.wait(`seen("Recovered 1 message.") && message("This is Sigma.")`)
}

// recoverButton is where one strikes it.
func (w *shift) recoverButton() []float64 {
	w.tab.Helper()
	return await[[]float64](w.tab,
		`spot(find(".actions button", (e) => words(e) === "Recover"))`)
}

// holdKey is a key that is still down.
func (w *shift) holdKey(key string) {
	w.tab.Helper()
	down := true
	w.do(call(input.DispatchKeyEvent, input.DispatchKeyEventParams{
		Type: input.DispatchKeyEventTypeKeyDown, Key: key, Text: key, AutoRepeat: &down}))
}

// clickInTime: a list that is renewed in the middle of a click does not take it away.
func (w *shift) clickInTime(r *road) {
	w.holds("Rho")
	r.close("/suspended")
	w.value(`performance.clearResourceTimings()`)
	w.post("Tau")
	r.awaits(refresh)
	at := await[[]float64](w.tab, `spot(row("Rho"))`)
	left := chromedp.ButtonLeft
	w.do(chromedp.MouseEvent(chromedp.MousePressed, at[0], at[1], left, chromedp.ClickCount(1)))
	r.open()
	w.wait(`performance.getEntriesByType("resource").filter((e) =>
		e.name.endsWith("/suspended")).length > 0`)
	w.do(chromedp.MouseEvent(chromedp.MouseReleased, at[0], at[1], left, chromedp.ClickCount(1)))
	w.wait(`message("This is Rho.") && row("Tau")`)
}

// goBack: a page that one comes back to can be used, and lives.
func (w *shift) goBack(r *road) {
	w.holds("Upsilon", "Epsilon", "Delta")
	w.read("Delta")
	w.act("Recover")
	w.wait(`seen("Recovered 1 message.") && message("This is Epsilon.")`)
	w.value("setTimeout(() => history.back())")
	w.wait(`location.pathname.startsWith("/tickets/") && seen("This is Delta.")`)
	w.value("setTimeout(() => history.back())")
	w.wait(`location.pathname === "/suspended" && row("Epsilon") && !row("Delta") &&
		!document.querySelector("form:not(#many) button:disabled")`)
	w.comeBack()
	w.read("Epsilon")
	w.value(`addEventListener("submit", () => setTimeout(() => {
		sessionStorage.were = document.querySelectorAll("form:not(#many) button:disabled").length;
		dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }));
		sessionStorage.are = document.querySelectorAll("form:not(#many) button:disabled").length;
	}))`)
	r.close("/suspended")
	w.act("Recover")
	r.awaits("POST")
	r.open()
	w.wait(`seen("Recovered 1 message.") && message("This is Upsilon.")`)
	if got := await[[]string](w.tab, "[sessionStorage.were, sessionStorage.are]"); got[0] == "0" ||
		got[1] != "0" {
		w.fatal("%s buttons were disabled, %s when one came back", got[0], got[1])
	}
}

// comeBack is what a browser does that keeps the pages that one leaves.
func (w *shift) comeBack() {
	w.value(`["pagehide", "pageshow"].map((name) =>
		dispatchEvent(new PageTransitionEvent(name, { persisted: true })))`)
	w.post("Omega")
	w.wait(`row("Omega") && document.getElementById("live").dataset.state === "on"`)
}
