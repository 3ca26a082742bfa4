package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/chromedp/chromedp/kb"
	"github.com/emersion/go-smtp"
)

// TestConsoleHandsOn is what an admin sees and does about tickets that do not arrive: one target
// refuses them, another is paused since its settings are wrong.
func TestConsoleHandsOn(t *testing.T) {
	if testing.Short() {
		t.Skip("walks of a browser take long, and TestConsole is one")
	}
	t.Parallel()
	s, desk, address, err := startSink()
	if err != nil {
		t.Fatal(err)
	}
	defer desk.Close()
	s.refusal = &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1},
		Message: "Recipient address rejected: User unknown in virtual mailbox table"}
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "this key was revoked", http.StatusUnauthorized)
	}))
	defer hook.Close()
	g := newConsole(t)
	targets := fmt.Sprintf("[handoff.desk]\nkind = \"smtp\"\naddress = %q\nto = \"help@desk.test\"\n"+
		"[handoff.tracker]\nkind = \"http\"\nurl = \"%s/api/tickets.email\"\nauth = \"header X-API-Key\"\n"+
		"secret = \"old\"\n", address, hook.URL)
	if err := os.WriteFile(filepath.Join(g.dir, "gatepost.toml"), []byte(targets), 0o600); err != nil {
		t.Fatal(err)
	}
	g.end(syscall.SIGTERM)
	g.start()
	for _, subject := range []string{"The door of the cabinet sticks", "Lamp 3 of order 77120 flickers",
		"A question about delivery"} {
		g.hold(textMail("Ben Oak <ben@example.org>", subject, "It has done so since Monday."))
	}
	for name, s := range map[string]screen{"wide": {1280, 860}, "narrow": {380, 800}} {
		t.Run(name, func(t *testing.T) {
			w := &shift{gateway: g.as(t), tab: newTab(t, g.web(), s), name: name}
			w.open("/hand-off")
			w.wait(`field("Address") === document.activeElement`)
			w.keys(reviewer + kb.Tab + secret + kb.Enter)
			w.wait(`location.pathname === "/hand-off"`)
			w.seeToHandoffs()
			w.clean("handed on")
		})
	}
}

// shows waits for a text on a page that does not follow what happens.
func (w *shift) shows(path, text string) {
	w.tab.Helper()
	w.open(path)
	w.wait(fmt.Sprintf("seen(%q) || (location.reload(), false)", text))
}

func (w *shift) seeToHandoffs() {
	w.shows("/hand-off", "3 failed")
	w.shows("/hand-off", "401 Unauthorized: this key was revoked")
	w.wait(`seen("User unknown in virtual mailbox table") && seen("3 waiting")`)
	w.inspect("hand-off", "hand-off")

	w.pressNamed("Resume tracker")
	w.wait(`seen("What waits is carried again, at once.")`)
	w.inspect("resumed", "")
	w.shows("/hand-off", "401 Unauthorized: this key was revoked")

	w.pressNamed("Failed")
	w.wait(`location.search === "?state=failed" && !!named("Failed").ariaCurrent`)
	w.press(`find("button", (e) => words(e).startsWith("Retry hand-off"))`)
	w.wait(`seen("It is tried again at once.")`)
	w.shows("/hand-off?state=failed", "3 failed")
	w.press(`find("button", (e) => words(e) === "Retry all 3 shown")`)
	w.wait(`find("dialog", (e) => e.open && words(e).includes("the 3 shown here"))`)
	w.inspect("retry all", "")
	w.pressNamed("Do it")
	w.wait(`seen("It is tried again at once.")`)

	w.shows("/hand-off", "3 failed")
	w.pressNamed("Pause desk")
	w.fill("Why", "moving house")
	w.press(`find("button", (e) => words(e) === "Pause desk")`)
	w.wait(`seen("its messages are kept") && seen("moving house")`)
	w.inspect("paused", "")
	w.pressNamed("Resume desk")
	w.wait(`seen("What waits is carried again, at once.")`)

	w.open("/tickets/1")
	w.wait(`message("Where it went") && message("User unknown in virtual mailbox table")`)
	w.inspect("where a ticket went", "")
	w.open("/hand-off?state=all")
	w.wait(`seen("The door of the cabinet sticks")`)
	w.inspect("all hand-offs", "")
}
