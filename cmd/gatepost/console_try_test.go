package main

import "testing"

// TestConsoleTriesLists is somebody who pastes a list, sees what it would change as it is typed
// and by a button, saves it, has what is odd about it mended by one click, and undoes that;
// who then tries a change on the mail that comes, promotes it, and undoes that.
func TestConsoleTriesLists(t *testing.T) {
	if testing.Short() {
		t.Skip("walks of a browser take long, and TestConsole is one")
	}
	t.Parallel()
	g := newConsole(t)
	g.hold(textMail("sam@stranger.example", "Hello", "Are you there?"))
	for name, s := range map[string]screen{"wide": {1280, 860}, "narrow": {380, 800}} {
		t.Run(name, func(t *testing.T) {
			w := &shift{gateway: g.as(t), tab: newTab(t, g.web(), s), name: name}
			w.begin()
			w.open("/rules")
			w.wait(`seen("Save both lists") && !seen("messages would change")`)
			w.write("block", "suspend:gossip.test reject:lottery.test")
			w.value(`field("Blocklist").dispatchEvent(new Event("input", {bubbles: true}))`)
			w.wait(`seen("would change:") && seen("held → ticket")`)
			w.inspect("rules tried", "")
			w.value("window.typed = true")
			w.pressNamed("Try")
			w.wait(`!window.typed && seen("would change:") &&
				field("Blocklist").value === "suspend:gossip.test reject:lottery.test"`)
			w.list("block", "*", true)

			w.write("allow", "example.org partner.example ann@example.org")
			w.pressNamed("Save both lists")
			w.wait(`seen("Saved.") && seen("never decides: example.org on the allowlist does already")`)
			w.list("block", "*", false)
			w.inspect("rules odd", "")
			w.press(`document.querySelector("#odd button")`)
			w.wait(`seen("Saved.") && !seen("never decides")`)
			w.list("allow", "ann@example.org", false)
			w.pressNamed("Undo")
			w.wait(`seen("The change was undone") || seen("never decides")`)
			w.list("allow", "ann@example.org", true)
			w.must("rules", "set", "allow", "example.org partner.example", "--yes")
			w.must("rules", "set", "block", "* suspend:gossip.test reject:lottery.test", "--yes")

			w.open("/rules")
			w.write("block", "suspend:gossip.test")
			w.pressNamed("Set as shadow")
			w.wait(`seen("it decides nothing") && seen("No message came since it was set")`)
			w.list("block", "reject:lottery.test", true)
			w.hold(textMail("win@lottery.test", "You won "+name, "Much."))
			w.open("/rules")
			w.wait(`seen("1 of the last 1 message since it was set would have changed: 1 held → ticket")`)
			w.inspect("rules shadow", "")
			w.pressNamed("Promote")
			w.wait(`seen("The shadow was promoted")`)
			w.list("block", "reject:lottery.test", false)
			w.pressNamed("Undo")
			w.wait(`seen("The change was undone")`)
			w.list("block", "reject:lottery.test", true)
			w.clean("tried")
		})
	}
}
