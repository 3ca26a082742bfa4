package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// A hands is how a reviewer does something: by the mouse or by keys.
type hands struct {
	*shift
	keyboard bool
}

// TestConsoleTakesBack is a shift in which everything is thought better of: delete, recover and
// allow, all that match, and what is done about a ticket's sender; each is undone. GATEPOST_LONG has
// it done by the mouse on a wide screen too.
func TestConsoleTakesBack(t *testing.T) {
	if testing.Short() {
		t.Skip("walks of a browser take long, and TestConsole is one")
	}
	t.Parallel()
	g := newConsole(t)
	ways := map[string]screen{"narrow": {380, 800}, "keys": {1920, 1080}}
	if os.Getenv("GATEPOST_LONG") != "" {
		ways["mouse"] = screen{1280, 860}
	}
	for name, s := range ways {
		t.Run(name, func(t *testing.T) {
			w := &shift{gateway: g.as(t), tab: newTab(t, g.web(), s), name: name}
			h := &hands{w, name == "keys"}
			w.open("/")
			w.wait(`field("Address") === document.activeElement`)
			w.keys(reviewer + kb.Tab + secret + kb.Enter)
			w.wait(`location.pathname === "/suspended"`)
			h.deleteAndRestore()
			h.recoverAndAllow()
			h.allThatMatch()
			h.actOnTicket()
			w.clean("taken back")
		})
	}
}

// push presses a button, by its key if it has one and else by Tab and Enter.
func (h *hands) push(name, key string) {
	h.tab.Helper()
	switch {
	case !h.keyboard:
		h.press(fmt.Sprintf(`find("button", (e) => !e.disabled && words(e) === %q)`, name))
	case key != "":
		h.tab.keys(key)
	default:
		h.tabTo(name)
		h.tab.keys(kb.Enter)
	}
}

// read opens the message of a subject from the list.
func (h *hands) read(subject, text string) {
	h.tab.Helper()
	if h.keyboard {
		h.tab.keys("j")
		h.isAt(subject)
		h.tab.keys(kb.Enter)
	} else {
		h.press(fmt.Sprintf("row(%q)", subject))
	}
	h.wait(fmt.Sprintf("message(%q)", text))
}

// listed opens the list and waits for a message in it.
func (h *hands) listed(subject string) {
	h.tab.Helper()
	h.open("/suspended")
	h.wait(fmt.Sprintf("row(%q)", subject))
}

func (h *hands) deleteAndRestore() {
	subject := "Not so bad, " + h.name
	h.hold(textMail("Una Lind <una@"+h.domain("lumen")+">", subject, "It is in order after all."))
	h.listed(subject)
	h.read(subject, "It is in order after all.")
	h.push("Delete", "#")
	h.wait(fmt.Sprintf(`seen("Deleted 1 message.") && !row(%q)`, subject))
	h.inspect("deleted", "")
	h.push("Restore", "u")
	h.wait(`seen("Restored 1 message.")`)
	h.listed(subject)
}

func (h *hands) recoverAndAllow() {
	domain, subject := h.domain("oak"), "Islands, "+h.name
	h.hold(textMail("Ben Oak <ben@"+domain+">", subject, "Do you deliver to islands?"))
	h.listed(subject)
	h.read(subject, "Do you deliver to islands?")
	h.push("Recover and allow "+domain, "")
	h.wait(fmt.Sprintf(`seen("Recovered 1 message.") && seen("added %s") && !row(%q)`, domain, subject))
	h.shift.list("allow", domain, true)
	h.inspect("recovered and allowed", "")
	h.push("Undo", "u")
	h.wait(`seen("The change was undone: 1 message is held again.")`)
	h.shift.list("allow", domain, false)
	h.inspect("both undone", "")
	h.listed(subject)
}

// allThatMatch are more than the list shows at once.
func (h *hands) allThatMatch() {
	const many = 60
	domain := h.domain("copies")
	for i := range many {
		h.hold(textMail(fmt.Sprintf("Robo <r%d@%s>", i, domain), fmt.Sprint("Copy ", i), "Again."))
	}
	h.open("/suspended?q=from:" + domain)
	h.wait(fmt.Sprintf(`seen("Select all %d that match") && many.every((b) => b.disabled)`, many))
	if h.keyboard {
		h.tab.keys("*")
	} else {
		h.press(`document.getElementById("matching")`)
	}
	h.wait(fmt.Sprintf(`seen("%d selected") && many.every((b) => !b.disabled)`, many))
	h.hold(textMail("Robo <late@"+domain+">", "Late copy", "Again."))
	h.wait(fmt.Sprintf(`row("Late copy") && seen("%d selected")`, many))
	h.inspect("all that match", "")
	h.push("Delete", "#")
	h.wait(fmt.Sprintf(`document.getElementById("confirm").open && seen("Delete %d messages?")`, many))
	h.inspect("question", "")
	if h.keyboard {
		h.tabTo("Delete")
		h.tab.keys(kb.Enter)
	} else {
		h.press(`document.querySelector("#confirm button[value=yes]")`)
	}
	h.wait(fmt.Sprintf(`seen("Deleted %d messages.") && row("Late copy") && !row("Copy 7")`, many))
	h.push("Undo", "u")
	h.wait(fmt.Sprintf(`seen("%d messages are held again.") && seen("Select all %d that match")`,
		many, many+1))
	if held := h.must("suspended", "list", "--from", domain, "--count"); strings.TrimSpace(held) !=
		fmt.Sprint(many+1) {
		h.fatal("%s are held", held)
	}
}

func (h *hands) actOnTicket() {
	domain, subject := h.domain("pushy"), "Last chance, "+h.name
	h.hold(textMail("Sales <sales@"+domain+">", subject, "Only today."))
	h.listed(subject)
	h.read(subject, "Only today.")
	h.push("Recover", "r")
	h.wait(`seen("Recovered 1 message.")`)
	link := await[string](h.tab, `words(document.querySelector("[role=status] a"))`)
	if h.keyboard {
		h.tabTo(link)
		h.tab.keys(kb.Enter)
	} else {
		h.pressNamed(link)
	}
	h.wait(fmt.Sprintf(`seen(%q) && seen("1 ticket in 30 days")`, subject))
	h.inspect("ticket with actions", "")
	h.push("Block "+domain, "")
	h.wait(fmt.Sprintf(`seen("You changed the blocklist: added %s.") && named("Undo")`, domain))
	h.shift.list("block", domain, true)
	h.push("Undo", "u")
	h.wait(`seen("The change was undone.")`)
	h.shift.list("block", domain, false)
	h.push("Suspend the profile of sales@"+domain, "")
	h.wait(fmt.Sprintf(`seen("You suspended sales@%s.") && named("Undo")`, domain))
	h.push("Undo", "u")
	h.wait(`seen("The change was undone.")`)
	if got := h.must("user", "show", "sales@"+domain); !strings.Contains(got, "active") {
		h.fatal("the profile is %s", got)
	}
	h.open("/audit?subject=" + domain)
	h.wait(`seen("undid")`)
	h.inspect("audit log", "")
}
