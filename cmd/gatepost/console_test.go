package main

import (
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"gatepost/store/storetest"
)

// Who signs in to the console of the tests.
const (
	reviewer = "rosa@help.test"
	secret   = "a lamp in every window"
)

// consoles are how many databases of a server were made for one.
var consoles atomic.Int64

// newConsole is a gateway with a console, an admin, and a gate that is closed to strangers.
func newConsole(t *testing.T) *gateway {
	t.Helper()
	env := []string{anyRate, "GATEPOST_HTTP_LISTEN=127.0.0.1:0"}
	if storetest.OnServer() {
		env = append(env, "GATEPOST_DB="+storetest.Make(t, fmt.Sprint("console", consoles.Add(1)),
			"template template0 "+storetest.As))
	}
	g := &gateway{T: t, dir: t.TempDir(), env: env, seen: true}
	g.serve()
	if g.http == "" {
		t.Fatal("the server does not say where it listens for HTTP")
	}
	g.addReviewer()
	g.must("rules", "set", "allow", "example.org partner.example", "--yes")
	g.must("rules", "set", "block", "* suspend:gossip.test reject:lottery.test", "--yes")
	return g
}

// addReviewer makes an admin who can sign in.
func (g *gateway) addReviewer() {
	g.Helper()
	add := g.command("user", "add", reviewer, "--name", "Rosa", "--role", "admin",
		"--password-stdin")
	add.Stdin = strings.NewReader(secret + "\n")
	if out, err := add.CombinedOutput(); err != nil {
		g.Fatalf("%v: %s", err, out)
	}
}

func (g *gateway) web() string { return "http://" + g.http }

// hold sends a message that is to be held.
func (g *gateway) hold(raw string) {
	g.Helper()
	if reply, err := g.send(raw); err != nil {
		g.Fatalf("%q: %v", reply, err)
	}
}

func textMail(from, subject, text string) string {
	return "From: " + from + "\r\nTo: support@help.test\r\nSubject: " + subject +
		"\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + text + "\r\n"
}

// morning is what waits for the reviewer in the morning.
func morning() []string {
	return []string{
		textMail("Nils Berg <nils@berg-optik.example>", "Invoice 20418 shows the wrong address",
			"Hello,\r\n\r\nyour invoice still goes to our old office. Could you send it again?"),
		textMail("Weekly Gossip <news@gossip.test>", "This week: what everybody is talking about",
			"You will not believe what happened on Tuesday."),
		textMail("noreply@parcels.example", "Your parcel could not be delivered",
			"Please do not answer this message."),
		"Auto-Submitted: auto-replied\r\n" + textMail("Jonas Ek <jonas@example.org>",
			"Out of office: Question about my order", "I am away until Monday."),
		textMail("Mail Delivery System <MAILER-DAEMON@mx.example.org>",
			"Undelivered Mail Returned to Sender", "I'm sorry to have to inform you that …"),
		textMail(`"billing@help.test" <payments@strange.example>`,
			"Your account will be closed today", "Click the link to keep your account."),
		textMail("Aiko Mori <aiko@lantern.example>", "Re: Lamp 3 of order 77120 flickers",
			"Thank you, I tried another bulb. It still flickers, most of all in the evening."),
	}
}

// TestConsole is a shift at the console in a real browser, on a wide screen and on a narrow
// one; each page is looked at in light and in dark. On PostgreSQL the wide one is enough, but for
// GATEPOST_LONG, and so it is with -short.
func TestConsole(t *testing.T) {
	t.Parallel()
	g := newConsole(t)
	for _, raw := range morning() {
		g.hold(raw)
	}
	screens := map[string]screen{"north": {1280, 860}, "south": {380, 800}}
	if testing.Short() || storetest.OnServer() && os.Getenv("GATEPOST_LONG") == "" {
		delete(screens, "south")
	}
	for name, s := range screens {
		t.Run(fmt.Sprint(s.width), func(t *testing.T) {
			w := &shift{gateway: g.as(t), tab: newTab(t, g.web(), s), name: name}
			w.signIn()
			w.recoverOne()
			w.allowDomain()
			w.blockAnother()
			w.undo()
			w.lookAround()
			w.signOut()
		})
	}
}

// as is the same gateway in another test.
func (g *gateway) as(t *testing.T) *gateway {
	return &gateway{T: t, dir: g.dir, smtp: g.smtp, http: g.http, env: g.env, cmd: g.cmd,
		done: g.done}
}

// A shift is what one reviewer does. Its name is part of the senders that it meets.
type shift struct {
	*gateway
	*tab
	name string
}

// fatal ends the shift.
func (w *shift) fatal(format string, args ...any) {
	w.tab.Helper()
	w.tab.Fatalf(format, args...)
}

func (w *shift) domain(name string) string { return name + "-" + w.name + ".example" }

func (w *shift) signIn() {
	w.open("/")
	w.wait(`location.pathname === "/sign-in"`)
	w.inspect("sign-in", "")
	w.fill("Address", reviewer)
	w.fill("Password", "not "+secret)
	w.pressNamed("Sign in")
	w.wait(`document.querySelector("[role=alert]")`)
	w.clean("sign-in refused", "422")
	w.inspect("sign-in refused", "")
	w.fill("Address", reviewer)
	w.fill("Password", secret)
	w.pressNamed("Sign in")
	w.wait(`seen("Held mail") && row("Invoice 20418")`)
}

// arrive sends a message and waits until it is in the list, on the page as it stands.
func (w *shift) arrive(from, subject, text string) {
	w.tab.Helper()
	if w.narrow() { // where a message that is open stands before the list
		w.open("/suspended")
	}
	w.wait(`document.getElementById("live").dataset.state === "on"`)
	before := await[string](w.tab,
		`(window.stands = true, document.querySelector(".rail .n").textContent)`)
	w.hold(textMail(from, subject, text))
	w.wait(fmt.Sprintf("row(%q) && window.stands", subject))
	w.wait(fmt.Sprintf("document.querySelector('.rail .n').textContent !== %q", before))
}

func (w *shift) recoverOne() {
	subject := "The lamp arrived broken"
	w.arrive("Una Lind <una@"+w.domain("lumen")+">", subject,
		"Hello,\r\n\r\nthe lamp of order 77412 arrived today, and its glass is broken.\r\n"+
			"Could you send another one?\r\n\r\nUna Lind")
	w.inspect("queue", "queue")
	w.press(fmt.Sprintf("row(%q)", subject))
	w.wait(`message("Could you send another one?")`)
	w.wait(fmt.Sprintf("message(%q) && message(%q) && message(%q)", "una@"+w.domain("lumen"),
		"not on the allowlist", "It would be let in if you put"))
	w.inspect("message", "message")
	w.causePage()
	w.pressNamed("Every rule that was asked")
	w.wait(`find(".trail .decided", (e) => words(e).includes("decided"))`)
	w.pressNamed("What was known, and authentication")
	w.pressNamed("Header section")
	w.inspect("message unfolded", "")
	w.act("Recover")
	w.wait(`seen("Recovered 1 message.") && seen("Its sender has a profile now.")`)
	w.wait(fmt.Sprintf("!row(%q)", subject))
	w.inspect("recovered", "")
	w.press(`find("[role=status] a", (e) => words(e).startsWith("ticket"))`)
	w.wait(fmt.Sprintf("location.pathname.startsWith('/tickets/') && seen(%q)", subject))
	w.inspect("ticket", "")
	if !strings.Contains(w.must("ticket", "list"), subject) {
		w.fatal("there is no ticket %q", subject)
	}
	w.pressNamed("Queue")
	w.wait(`location.pathname === "/suspended"`)
}

func (w *shift) allowDomain() {
	domain, subject := w.domain("oak"), "A question about delivery, "+w.name
	w.arrive("Ben Oak <ben@"+domain+">", subject, "Do you deliver to islands?")
	w.press(fmt.Sprintf("row(%q)", subject))
	w.wait(`message("Do you deliver to islands?")`)
	w.act("Recover and allow " + domain)
	w.wait(`seen("Recovered 1 message.") && named("Undo")`)
	w.list("allow", domain, true)
	w.inspect("allowed", "")
}

func (w *shift) blockAnother() {
	domain, subject := w.domain("pushy"), "Last chance to buy, "+w.name
	w.arrive("Sales <sales@"+domain+">", subject, "Only today.")
	w.press(fmt.Sprintf("row(%q)", subject))
	w.wait(`message("Only today.")`)
	w.act("Delete and block " + domain)
	w.wait(fmt.Sprintf(`seen("Deleted 1 message.") && named("Undo") && seen(%q)`, domain))
	w.list("block", domain, true)
}

// act presses one of the buttons of the message that is open.
func (w *shift) act(name string) {
	w.tab.Helper()
	w.press(fmt.Sprintf(`find(".actions button", (e) => words(e) === %q)`, name))
}

func (w *shift) undo() {
	w.pressNamed("Undo")
	w.wait(`seen("The change was undone")`)
	w.list("block", w.domain("pushy"), false)
	w.inspect("undone", "")
}

// tabulate gives an entry a note in the table of the lists, undoes that, and looks at what they were.
func (w *shift) tabulate() {
	w.open("/rules/entries?list=allow&q=oak")
	w.inspect("entries", "")
	w.press(`document.querySelector("td details summary")`)
	w.fill("Note", "asked for by phone")
	w.press(`document.querySelector("td button[value=change]")`)
	w.wait(`seen("Changed.") && seen("asked for by phone")`)
	w.inspect("entry changed", "")
	w.pressNamed("Undo")
	w.wait(`seen("The lists are as they were then.") && !seen("asked for by phone")`)
	w.pressNamed("What they were")
	w.wait(`seen("Generation")`)
	w.inspect("history", "")
	w.press(`document.querySelector("td a[href^='/rules/history/']:not([href='#'])")`)
	w.wait(`seen("since generation")`)
	w.open("/rules/history/1")
	w.wait(`seen("Make both lists as they were then")`)
	w.inspect("generation", "")
}

// list holds a list of the gate to having an entry or not.
func (w *shift) list(list, entry string, want bool) {
	w.tab.Helper()
	if got := strings.Fields(w.must("rules", "show", list)); want != contains(got, entry) {
		w.fatal("%s on the %slist: %v, want %v; it has %q", entry, list, !want, want, got)
	}
}

func contains(lines []string, entry string) bool {
	return strings.Contains("\n"+strings.Join(lines, "\n")+"\n", "\n"+entry+"\n")
}

// lookAround visits every other page.
func (w *shift) lookAround() {
	pages := []struct{ name, shows, picture string }{
		{"Tickets", "The lamp arrived broken", ""},
		{"Rules", "entry by entry", "rules"},
		{"Organisations", "Add an organisation", ""},
		{"Users", "Add a profile", ""},
		{"Access", "You come from 127.0.0.1", "access"},
		{"Tokens", "There are no tokens.", ""},
		{"Hand-off", "Tickets are carried on to nobody.", ""},
		{"Audit", "allowlist: added oak", ""},
		{"Status", "Mail is accepted.", "status"},
	}
	for _, page := range pages {
		w.pressNamed(page.name)
		w.wait(fmt.Sprintf(`document.querySelector("nav [aria-current=page]").textContent === %q
			&& seen(%q)`, page.name, page.shows))
		w.wait(`(() => {
	const tab = document.querySelector("nav [aria-current=page]").getBoundingClientRect();
	return tab.left >= 0 && tab.right <= innerWidth;
})()`)
		if page.name == "Rules" {
			w.mistype()
		}
		w.inspect(page.name, page.picture)
	}
	w.find()
	w.tabulate()
	w.moveOver()
	w.open("/users?q=" + reviewer)
	w.pressNamed(reviewer)
	w.wait(`seen("End the suspension") || named("Suspend")`)
	w.inspect("profile", "")
	w.open("/nowhere")
	w.clean("nowhere", "404")
	w.inspect("nowhere", "")
}

// moveOver pastes a list from elsewhere, sees what that would change, confirms it, and takes it
// back. An organisation is made, and contradicts the blocklist.
func (w *shift) moveOver() {
	w.open("/organizations")
	w.press(`document.querySelector("input[name=name]")`)
	w.keys("Client " + w.name + kb.Tab + "gossip.test" + kb.Enter)
	w.wait(`seen("Added.") && seen("suspend:gossip.test on the blocklist beats it")`)
	w.inspect("organisations", "")
	w.pressNamed("Undo")
	w.wait(`seen("The change was undone.")`)
	w.open("/move")
	w.press(`document.getElementById("move-allow")`)
	moved := w.domain("moved")
	w.keys("@" + moved)
	w.pressNamed("Show what would change")
	w.wait(fmt.Sprintf("seen(%q) && named(%q)", "@"+moved+" → "+moved, "Move all of this over"))
	w.inspect("move over", "")
	w.pressNamed("Move all of this over")
	w.wait(`seen("Moved over.")`)
	w.list("allow", moved, true)
	w.pressNamed("Undo")
	w.wait(`seen("The change was undone.")`)
	w.list("allow", moved, false)
}

// causePage reads what the cause of the message means, and comes back to it.
func (w *shift) causePage() {
	w.press(`find(".cause a", (e) => words(e) === "Not on the allowlist")`)
	w.wait(`location.pathname === "/causes/not_on_whitelist" && seen("What to do")`)
	w.inspect("cause", "")
	w.do(chromedp.NavigateBack())
	w.wait(`message("Could you send another one?")`)
}

// find looks for mail wherever it is by now, and for what never came.
func (w *shift) find() {
	w.pressNamed("Find")
	w.wait(`location.pathname === "/find" && document.activeElement.id === "q"`)
	w.inspect("find", "")
	w.keys(w.name + kb.Enter)
	w.wait(fmt.Sprintf("seen(%q) && named(%q)", "Last chance to buy", "The lamp arrived broken"))
	w.wait(`seen("recovered, was held as")`)
	w.inspect("found", "")
	w.pressNamed("The lamp arrived broken")
	w.wait(`location.pathname.startsWith("/tickets/")`)
	nobody := "ann@" + w.domain("lottery")
	w.must("rules", "add", "block", "reject:"+nobody)
	w.open("/tickets?q=" + nobody)
	w.pressNamed("Find " + nobody + " in all mail")
	w.wait(fmt.Sprintf("seen(%q) && seen(%q)", "Nothing is known of "+nobody+": it never came",
		"Mail of "+nobody+" is rejected silently"))
	w.inspect("found nothing", "")
}

// mistype writes what the blocklist does not take: it is told while one types.
func (w *shift) mistype() {
	w.press(`document.getElementById("block")`)
	w.keys(kb.End + " @pushy.example")
	w.wait(`seen("write pushy.example") || seen("pushy.example:")`)
	w.inspect("rules mistyped", "")
	w.open("/rules")
}

func (w *shift) signOut() {
	w.open("/suspended")
	w.pressNamed("Sign out")
	w.wait(`location.pathname === "/sign-in"`)
	w.open("/suspended")
	w.wait(`location.pathname === "/sign-in"`)
	w.clean("signed out")
}
