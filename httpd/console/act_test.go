package console

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"gatepost/httpd/httpdtest"
	"gatepost/message"
	"gatepost/policy"
	"gatepost/store"
)

// quickCases are what is offered to an admin beside a held message: each was tried, and what
// would change nothing is not offered.
var quickCases = []struct {
	why          string
	allow, block string
	raw          string // in place of plain mail of pat@acme.example
	let, keep    []string
	remark       string
}{
	{why: "a stranger under *", block: "*",
		let:  []string{"allow pat@acme.example", "allow acme.example"},
		keep: []string{"block pat@acme.example", "block acme.example"}},
	{why: "an allow does nothing under a keyword", block: "suspend:acme.example",
		let:    []string{"unblock suspend:acme.example"},
		remark: "to allow pat@acme.example would not let it in: acme.example is on the blocklist"},
	{why: "a plain block does nothing under an allow", allow: "acme.example",
		raw: "Reply-To: <eve@bad.test>\r\n", block: "bad.test",
		let:    []string{"allow eve@bad.test", "allow bad.test"},
		keep:   []string{"block suspend:pat@acme.example", "block suspend:acme.example"},
		remark: "to block pat@acme.example would not keep it out: acme.example is on the allowlist"},
	{why: "an allow lets a plain block be", block: "acme.example",
		let: []string{"allow pat@acme.example", "allow acme.example", "unblock acme.example"}[:2]},
	{why: "an allow does not lift a vacation", raw: "Auto-Submitted: auto-replied\r\n" +
		"X-Autoreply: yes\r\nPrecedence: bulk\r\n", block: "acme.example *",
		let: []string{}, remark: "would not let it in"},
	{why: "two senders are nobody", raw: "From: <eve@example.com>\r\n"},
}

func TestQuickRulesAreTriedFirst(t *testing.T) {
	for _, c := range quickCases {
		t.Run(c.why, func(t *testing.T) {
			st, h := testConsole(t)
			st.Rules(policy.Allow, c.allow)
			st.Rules(policy.Block, c.block)
			id := st.Receive(c.raw + httpdtest.Message("Pat <pat@acme.example>", "Out of office", "I am away."))
			held, err := st.DB.Suspended(t.Context(), id)
			st.Must(err)
			l, err := st.Server.Open(t.Context(), id)
			st.Must(err)
			defer l.Close()
			w, err := h.whatIf(t.Context(), l, held.Cause)
			st.Must(err)
			if got := keysOf(w.LetIn); !slices.Equal(got, c.let) && len(got)+len(c.let) > 0 {
				t.Errorf("lets in by %q, want %q", got, c.let)
			}
			if got := keysOf(w.KeepOut); !slices.Equal(got, c.keep) && len(got)+len(c.keep) > 0 {
				t.Errorf("keeps out by %q, want %q", got, c.keep)
			}
			if !strings.Contains(strings.Join(w.Remarks, "\n"), c.remark) {
				t.Errorf("remarks %q do not hold %q", w.Remarks, c.remark)
			}
		})
	}
}

func keysOf(rules []quickRule) (keys []string) {
	for _, r := range rules {
		keys = append(keys, r.Key)
	}
	return keys
}

func TestRecoverAndAllow(t *testing.T) {
	st := testServer(t)
	id := st.Stranger("Let me in")
	b := st.Browser("admin@acme.test")
	path := fmt.Sprintf("/suspended/%d", id)
	b.Says(b.Get(path, http.StatusOK), "Recover and </span>allow example.net")
	page := b.Follow(path, "do", "recover", "rule", "allow example.net")
	b.Says(page, "Recovered 1 message.", "Its sender has a profile now.",
		"You changed the allowlist: added example.net.", "Undo</button>")
	if got := st.List(policy.Allow); got != "example.net" {
		t.Errorf("the allowlist is %q", got)
	}
	// One undo takes back both, and the profile with them.
	b.Says(b.Follow(httpdtest.UndoOf(t, page), "back", "/suspended"),
		"The change was undone: 1 message is held again.", "Let me in")
	if got := st.List(policy.Allow); got != "" {
		t.Errorf("after the undo the allowlist is %q", got)
	}
	if _, err := st.DB.User(t.Context(), st.Address("sam@example.net")); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the profile stays: %v", err)
	}
	b.Follow(path, "do", "recover")
	// The message is a ticket now, and its old address leads there.
	_, to := b.Post(path, http.StatusSeeOther, "do", "recover")
	if !strings.HasPrefix(to, "/tickets/") {
		t.Errorf("a message that was recovered leads to %q", to)
	}
}

func TestDeleteAndBlock(t *testing.T) {
	st := testServer(t)
	first, second := st.Stranger("One"), st.Stranger("Two")
	b := st.Browser("admin@acme.test")
	page := b.Follow(fmt.Sprintf("/suspended/%d", second), "do", "delete", "rule",
		"block sam@example.net", "next", fmt.Sprint(first))
	b.Says(page, "Deleted 1 message.", "added sam@example.net", "is-open", "One")
	if got := st.List(policy.Block); got != "* sam@example.net" {
		t.Errorf("the blocklist is %q", got)
	}
	// What was offered a moment ago does nothing any more.
	wrong, _ := b.Post(fmt.Sprintf("/suspended/%d", first), http.StatusConflict, "do", "delete",
		"rule", "block sam@example.net")
	b.Says(wrong, "the lists have changed since")
	b.Get(fmt.Sprintf("/suspended/%d", second), http.StatusGone)
}

// To delete what is deleted is nothing wrong: a button may be struck twice.
func TestDeleteTwice(t *testing.T) {
	st := testServer(t)
	first, second, third := st.Stranger("One"), st.Stranger("Two"), st.Stranger("Three")
	b := st.Browser("agent@acme.test")
	path := fmt.Sprintf("/suspended/%d", second)
	b.Says(b.Follow(path, "do", "delete", "next", fmt.Sprint(first)), "Deleted 1 message.")
	b.Says(b.Follow(path, "do", "delete", "q", "Three"), "Nothing was deleted: it was not held",
		`value="Three"`)
	b.Says(b.Follow(path, "do", "delete", "next", fmt.Sprint(first)), "Nothing was deleted",
		"is-open", "One")
	// The next one may be gone as well.
	page := b.Follow(fmt.Sprintf("/suspended/%d", third), "do", "delete", "next",
		fmt.Sprint(second))
	b.Says(page, "Deleted 1 message.", "One")
	b.Silent(page, "is-open")
	b.Follow(fmt.Sprintf("/suspended/%d", first), "do", "recover")
	b.Says(b.Follow(fmt.Sprintf("/suspended/%d", first), "do", "delete"), "Nothing was deleted",
		`It is <a href="/tickets/`)
	b.Post(path, http.StatusGone, "do", "recover")
	b.Post("/suspended/x", http.StatusNotFound, "do", "delete")
}

// The smallest change says whom else it lets in, and how it is made where no page makes it:
// never with what a stranger wrote in a command.
func TestRemedyWords(t *testing.T) {
	odd := message.MustParseAddress("`reboot`@acme.example")
	for want, r := range map[string]policy.Remedy{
		"put `reboot`@acme.example on the allowlist": {Kind: policy.AllowSender, Address: odd},
		"forget how much `reboot`@acme.example sent (gatepost loop reset)": {
			Kind: policy.Forget, Address: odd},
		"take * off the blocklist, letting in every stranger's mail": {
			Kind: policy.Unblock, Entry: policy.Entry{Target: policy.Everyone}},
		"hold nothing for this cause, for everybody (causes.spam = false)": {
			Kind: policy.TurnOff, Cause: policy.Spam},
	} {
		if got := remedyWords(r); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestSuspendUser(t *testing.T) {
	st := testServer(t)
	st.User("sam@example.net", policy.EndUser)
	st.Rules(policy.Block, "example.net")
	id := st.Receive(httpdtest.Message("Sam <sam@example.net>", "Again", "Hello"))
	b := st.Browser("admin@acme.test")
	page := b.Follow(fmt.Sprintf("/suspended/%d", id), "do", "keep", "rule", "suspend sam@example.net")
	b.Says(page, "You suspended sam@example.net.", "Again")
	u, err := st.DB.User(t.Context(), st.Address("sam@example.net"))
	st.Must(err)
	if !u.Suspended {
		t.Error("the profile is not suspended")
	}
}

// An agent works through the queue and changes no list.
func TestAgentsChangeNoRules(t *testing.T) {
	st := testServer(t)
	id := st.Stranger("Let me in")
	b := st.Browser("agent@acme.test")
	path := fmt.Sprintf("/suspended/%d", id)
	b.Post(path, http.StatusForbidden, "do", "recover", "rule", "allow example.net")
	if got := st.List(policy.Allow); got != "" {
		t.Errorf("the allowlist is %q", got)
	}
	b.Says(b.Follow(path, "do", "recover"), "Recovered 1 message.")
}

func TestActOnMany(t *testing.T) {
	st := testServer(t)
	var ids []int64
	for i := range 5 {
		ids = append(ids, st.Stranger(fmt.Sprintf("Number %d", i)))
	}
	b := st.Browser("agent@acme.test")
	chosen := func(do string, ids ...int64) []string {
		fields := []string{"do", do, "q", "Number"}
		for _, id := range ids {
			fields = append(fields, "id", fmt.Sprint(id))
		}
		return fields
	}
	b.Says(b.Follow("/suspended", chosen("recover", ids[0], ids[1], ids[1])...),
		"Recovered 2 messages.")
	// One of those was deleted by somebody else meanwhile.
	_, err := st.Editor().DeleteSuspended(t.Context(), ids[2:3])
	st.Must(err)
	page := b.Follow("/suspended", chosen("delete", ids[2], ids[3])...)
	b.Says(page, "Deleted 1 message.", "Number 4", `value="Number"`)
	b.Silent(page, "Number 3")
	b.Says(b.Follow("/suspended", chosen("delete")...), "Nothing was selected.")
	b.Post("/suspended", http.StatusUnprocessableEntity, chosen("burn", ids[4])...)
	b.Post("/suspended", http.StatusUnprocessableEntity, "do", "delete", "id", "x")
	n, err := st.DB.CountSuspended(t.Context(), store.Query{})
	st.Must(err)
	if n != 1 {
		t.Errorf("%d messages are held, want 1", n)
	}
}

// A link from elsewhere has the console say nothing but words of its own.
func TestNoticeCannotBeWritten(t *testing.T) {
	st := testServer(t)
	b := st.Browser("admin@acme.test")
	for _, query := range []string{"did=<script>", "did=recovered&n=<b>&ticket=<i>",
		"did=changed&changed=1"} {
		page := b.Get("/suspended?"+query, http.StatusOK)
		b.Silent(page, "<script>", "&lt;script&gt;", "<b>", "&lt;b&gt;", "<i>", "&lt;i&gt;",
			"Undo</button>")
	}
}

// TestRecoverManyTellsWhatIsLost: a ticket is made of what can be had, and the page says of
// which message the content is gone.
func TestRecoverManyTellsWhatIsLost(t *testing.T) {
	st := testServer(t)
	st.Rules(policy.Block, "*")
	large := st.Receive(httpdtest.Message("sam@example.net", "large", strings.Repeat("0123456789\r\n", 10000)))
	small := st.Hold("one")
	st.LoseContents()
	b := st.Browser("agent@acme.test")
	page, _ := b.Post("/suspended", http.StatusUnprocessableEntity, "do", "recover",
		"id", fmt.Sprint(large), "id", fmt.Sprint(small))
	b.Says(page, fmt.Sprintf("1 recovered; the contents of [%d] are lost", large))
}
