package main

import (
	"strings"
	"testing"
)

// TestConsoleSessionEnds is a session that ends under somebody: pages say so, what was sent is
// told not to be saved, and what was written is there again after the sign-in.
func TestConsoleSessionEnds(t *testing.T) {
	if testing.Short() {
		t.Skip("walks of a browser take long, and TestConsole is one")
	}
	t.Parallel()
	g := newConsole(t)
	w := g.shiftIn(t, "ended")
	w.begin()
	w.endSession()
	w.wait(`seen("Your session has ended: sign in again.") && seen("not live")`)
	w.clean("the queue", "401")
	w.inspect("ended", "")
	w.pressNamed("sign in again")
	w.wait(`!seen("was not saved")`)
	w.comeIn(`location.pathname === "/suspended"`)

	w.open("/rules")
	w.write("allow", "mine.test")
	w.endSession()
	w.value(`field("Allowlist").dispatchEvent(new Event("input"))`)
	w.wait(`seen("Your session has ended: sign in again.")`)
	w.clean("rules", "401")
	g.must("rules", "add", "allow", "theirs.test", "--yes")
	w.pressNamed("Save both lists")
	w.wait(`location.pathname === "/sign-in" && seen("what you sent was not saved")`)
	w.inspect("lost", "")
	w.comeIn(`location.pathname === "/rules" && field("Allowlist").value === "mine.test" &&
		seen("What you wrote before your session ended is below: it is not saved.")`)
	w.inspect("written", "")
	w.pressNamed("Save both lists")
	w.wait(`seen("removes: example.org, partner.example, theirs.test; adds: mine.test.")`)
	w.clean("conflict", "422")
	w.list("allow", "theirs.test", true)
	w.pressNamed("Replace both lists with these")
	w.wait(`seen("Saved.") && field("Allowlist").value === "mine.test"`)
	w.open("/rules")
	w.wait(`!seen("What you wrote") && !sessionStorage.length`)

	w.write("allow", "other.test")
	w.endSession()
	w.pressNamed("Save both lists")
	w.comeIn(`seen("What you wrote before your session ended")`)
	w.pressNamed("Sign out")
	w.wait(`location.pathname === "/sign-in" && !sessionStorage.length`)
	w.shutOut()
	w.clean("ended")
}

// endSession ends the sessions of the reviewer, as a new password does.
func (w *shift) endSession() {
	w.tab.Helper()
	set := w.command("user", "password", reviewer, "--password-stdin")
	set.Stdin = strings.NewReader(secret + "\n")
	if out, err := set.CombinedOutput(); err != nil {
		w.fatal("%v: %s", err, out)
	}
}

// comeIn signs in on the page that one was led to, and waits for what is behind it.
func (w *shift) comeIn(expression string) {
	w.tab.Helper()
	w.wait(`location.pathname === "/sign-in"`)
	w.fill("Address", reviewer)
	w.fill("Password", secret)
	w.pressNamed("Sign in")
	w.wait(expression)
}

// write replaces what is in a list's field.
func (w *shift) write(list, text string) {
	w.tab.Helper()
	w.wait(`(document.getElementById("` + list + `").value = "` + text + `") !== ""`)
}

// shutOut: who may not come from there any more is told so, on the page that is open.
func (w *shift) shutOut() {
	w.tab.Helper()
	w.comeIn(`seen("Held mail")`)
	w.wait(`document.getElementById("live")?.dataset.state === "on"`)
	w.must("access", "set", "--ranges", "203.0.113.0/24", "--enable", "--yes")
	w.wait(`seen("You may not come from here any more.")`)
	w.clean("shut out", "403")
	w.open("/suspended")
	w.wait(`seen("gatepost access set --ranges '… 127.0.0.1'")`)
	w.clean("403", "403")
	w.inspect("restricted", "")
}
