package main

import (
	"context"
	"fmt"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestConsoleByKeys is the same shift without a mouse: with the console's own keys, and with
// Tab for the rest.
func TestConsoleByKeys(t *testing.T) {
	if testing.Short() {
		t.Skip("walks of a browser take long, and TestConsole is one")
	}
	t.Parallel()
	g := newConsole(t)
	for _, raw := range morning() {
		g.hold(raw)
	}
	w := &shift{gateway: g, name: "keys",
		tab: newTab(t, g.web(), screen{1280, 860})}
	w.open("/")
	w.wait(`field("Address") === document.activeElement`)
	w.keys(reviewer + kb.Tab + secret + kb.Enter)
	w.wait(`row("Invoice 20418")`)
	w.keys("?")
	w.wait(`document.getElementById("help").open`)
	w.inspect("help", "")
	w.keys(kb.Escape)
	w.wait(`!document.getElementById("help").open`)
	w.recoverByKeys()
	w.selectByKeys()
	w.glance()
	w.ruleByKeys()
	w.searchByKeys()
	w.revokeByKeys()
	w.tabTo("Sign out")
	w.keys(kb.Enter)
	w.wait(`location.pathname === "/sign-in"`)
	w.clean("by keys")
}

// isAt is where the keys of the list are.
func (w *shift) isAt(subject string) {
	w.tab.Helper()
	w.wait(fmt.Sprintf(`document.querySelector("#rows .is-at")?.textContent.includes(%q)`, subject))
}

func (w *shift) recoverByKeys() {
	subject := "The shade is missing"
	w.arrive("Una Lind <una@"+w.domain("lumen")+">", subject, "The box holds no shade.")
	w.keys("j")
	w.isAt(subject)
	w.keys("jk")
	w.isAt(subject)
	w.keys(kb.Enter)
	w.wait(`message("The box holds no shade.") && document.activeElement.id === "message"`)
	w.keys("r")
	w.wait(fmt.Sprintf(`seen("Recovered 1 message.") && !row(%q)`, subject))
}

// selectByKeys deletes two messages at once; the first time the question is answered with no.
func (w *shift) selectByKeys() {
	for _, n := range []string{"one", "two"} {
		w.arrive("Robo <robo@"+w.domain("copies")+">", "Copy number "+n, "Again and again.")
	}
	w.open("/suspended")
	w.wait(`seen("none selected") && many.every((b) => b.disabled)`)
	w.keys("jxjx")
	w.wait(`seen("2 selected") && many.every((b) => !b.disabled)`)
	w.keys("#")
	w.wait(`document.getElementById("confirm").open && words(document.activeElement) === "Keep"`)
	w.inspect("question", "")
	w.keys(kb.Enter)
	w.wait(`!document.getElementById("confirm").open && seen("2 selected")`)
	w.keys("#")
	w.wait(`document.getElementById("confirm").open && words(document.activeElement) === "Keep"`)
	w.tabTo("Delete")
	w.keys(kb.Enter)
	w.wait(`seen("Deleted 2 messages.") && !row("Copy number") && named("Restore")`)
	w.inspect("deleted", "")
	w.keys("u")
	w.wait(`seen("Restored 2 messages.") && row("Copy number one") && row("Copy number two")`)
}

// glance is what one sees of the queue from another window, and of its times from another zone.
func (w *shift) glance() {
	w.open("/suspended")
	w.zone("Asia/Kolkata")
	await[bool](w.tab, `(document.hasFocus = () => false, true)`)
	w.arrive("Eva Berg <eva@"+w.domain("shade")+">", "The second shade", "And that one.")
	w.wait("document.title.startsWith(`• (${document.querySelector('.rail .n').textContent}) `)")
	await[bool](w.tab, `(delete document.hasFocus, dispatchEvent(new Event("focus")))`)
	w.wait(`document.title.startsWith("(")`)
	w.press(`row("The second shade")`)
	w.wait(`message("And that one.")`)
	w.wait(`(() => {
	const at = document.querySelector("#message time.at"), minute = /:(\d\d)/;
	const [, here] = minute.exec(at.textContent), [, utc] = minute.exec(at.title);
	return at.title.endsWith(" UTC") && (30 + +utc) % 60 === +here;
})()`)
	w.zone("")
	w.keys(kb.Escape)
}

// zone has the browser be in a time zone, "" for the machine's.
func (w *shift) zone(name string) {
	w.do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetTimezoneOverride,
			emulation.SetTimezoneOverrideParams{TimezoneID: name})
		return err
	}))
}

// ruleByKeys lets a domain in, blocks another, and thinks better of it.
func (w *shift) ruleByKeys() {
	w.arrive("Ben Oak <ben@"+w.domain("oak")+">", "Islands", "Do you deliver to islands?")
	w.keys("j" + kb.Enter)
	w.wait(`message("Do you deliver to islands?")`)
	w.tabTo("Recover and allow " + w.domain("oak"))
	w.keys(kb.Enter)
	w.wait(`seen("Recovered 1 message.") && named("Undo")`)
	w.list("allow", w.domain("oak"), true)
	w.arrive("Sales <sales@"+w.domain("pushy")+">", "Last chance", "Only today.")
	w.open("/suspended")
	w.keys("j" + kb.Enter)
	w.wait(`message("Only today.")`)
	w.tabTo("Delete and block " + w.domain("pushy"))
	w.keys(kb.Enter)
	w.wait(`seen("Deleted 1 message.") && named("Undo")`)
	w.list("block", w.domain("pushy"), true)
	w.tabTo("Undo")
	w.keys(kb.Enter)
	w.wait(`seen("The change was undone")`)
	w.list("block", w.domain("pushy"), false)
}

func (w *shift) searchByKeys() {
	w.keys("/")
	w.wait(`document.activeElement.id === "q"`)
	w.keys("from:berg-optik.example" + kb.Enter)
	w.wait(`row("Invoice 20418") && !row("Lamp 3")`)
	w.inspect("found", "")
}

// revokeByKeys thinks twice before a token is gone for good.
func (w *shift) revokeByKeys() {
	w.must("token", "add", reviewer, "--name", "script")
	w.open("/tokens")
	name := "Revoke script of " + reviewer
	w.tabTo(name)
	w.keys(kb.Enter)
	w.wait(`seen("a token cannot be brought back") && words(document.activeElement) === "Keep"`)
	w.keys(kb.Enter)
	w.wait(fmt.Sprintf(`!document.getElementById("confirm").open && named(%q)`, name))
	w.tabTo(name)
	w.keys(kb.Enter)
	w.tabTo("Revoke")
	w.keys(kb.Enter)
	w.wait(`seen("The token was revoked.")`)
}

// tabTo presses Tab until what has these words has the focus. All on the way there show
// that they have it.
func (w *shift) tabTo(name string) {
	w.tab.Helper()
	const most = 120 // elements on a page
	for range most {
		w.keys(kb.Tab)
		at := await[[]string](w.tab, `(() => {
	const e = document.activeElement, style = getComputedStyle(e);
	const shown = e === document.body ||
		style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
	return [words(e).slice(0, 80), shown ? "" : "hidden"];
})()`)
		if at[1] != "" {
			w.tab.Errorf("nobody sees that %q has the focus", at[0])
		}
		if at[0] == name {
			return
		}
	}
	w.fatal("Tab does not lead to %q", name)
}
