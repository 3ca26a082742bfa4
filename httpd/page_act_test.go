package httpd

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

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
			st := testServer(t)
			st.rules(policy.Allow, c.allow)
			st.rules(policy.Block, c.block)
			id := st.receive(c.raw + letterOf("Pat <pat@acme.example>", "Out of office", "I am away."))
			held, err := st.db.Suspended(t.Context(), id)
			st.must(err)
			l, err := st.server.Open(t.Context(), id)
			st.must(err)
			defer l.Close()
			w, err := st.server.whatIf(t.Context(), l, held.Cause)
			st.must(err)
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
	id := st.stranger("Let me in")
	b := st.browser("admin@acme.test")
	path := fmt.Sprintf("/suspended/%d", id)
	b.says(b.get(path, http.StatusOK), "Recover and </span>allow example.net")
	page := b.follow(path, "do", "recover", "rule", "allow example.net")
	b.says(page, "Recovered 1 message.", "Its sender has a profile now.",
		"You changed the allowlist: added example.net.", "Undo</button>")
	if got := st.list(policy.Allow); got != "example.net" {
		t.Errorf("the allowlist is %q", got)
	}
	// One undo takes back both, and the profile with them.
	b.says(b.follow(undoOf(t, page), "back", "/suspended"),
		"The change was undone: 1 message is held again.", "Let me in")
	if got := st.list(policy.Allow); got != "" {
		t.Errorf("after the undo the allowlist is %q", got)
	}
	if _, err := st.db.User(t.Context(), st.address("sam@example.net")); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the profile stays: %v", err)
	}
	b.follow(path, "do", "recover")
	// The message is a ticket now, and its old address leads there.
	_, to := b.post(path, http.StatusSeeOther, "do", "recover")
	if !strings.HasPrefix(to, "/tickets/") {
		t.Errorf("a message that was recovered leads to %q", to)
	}
}

// list is a list as one line.
func (st *site) list(name policy.ListName) string {
	st.Helper()
	var entries []string
	for r, err := range st.db.Rules(st.Context(), name) {
		st.must(err)
		entries = append(entries, r.Entry)
	}
	return strings.Join(entries, " ")
}

// undoOf is where the form of a notice goes.
func undoOf(t *testing.T, page string) string {
	t.Helper()
	_, rest, found := strings.Cut(page, `action="/audit/`)
	id, _, _ := strings.Cut(rest, "/undo")
	if !found {
		t.Fatal("there is nothing to undo")
	}
	return "/audit/" + id + "/undo"
}

func TestDeleteAndBlock(t *testing.T) {
	st := testServer(t)
	first, second := st.stranger("One"), st.stranger("Two")
	b := st.browser("admin@acme.test")
	page := b.follow(fmt.Sprintf("/suspended/%d", second), "do", "delete", "rule",
		"block sam@example.net", "next", fmt.Sprint(first))
	b.says(page, "Deleted 1 message.", "added sam@example.net", "is-open", "One")
	if got := st.list(policy.Block); got != "* sam@example.net" {
		t.Errorf("the blocklist is %q", got)
	}
	// What was offered a moment ago does nothing any more.
	wrong, _ := b.post(fmt.Sprintf("/suspended/%d", first), http.StatusConflict, "do", "delete",
		"rule", "block sam@example.net")
	b.says(wrong, "the lists have changed since")
	b.get(fmt.Sprintf("/suspended/%d", second), http.StatusGone)
}

// To delete what is deleted is nothing wrong: a button may be struck twice.
func TestDeleteTwice(t *testing.T) {
	st := testServer(t)
	first, second, third := st.stranger("One"), st.stranger("Two"), st.stranger("Three")
	b := st.browser("agent@acme.test")
	path := fmt.Sprintf("/suspended/%d", second)
	b.says(b.follow(path, "do", "delete", "next", fmt.Sprint(first)), "Deleted 1 message.")
	b.says(b.follow(path, "do", "delete", "q", "Three"), "Nothing was deleted: it was not held",
		`value="Three"`)
	b.says(b.follow(path, "do", "delete", "next", fmt.Sprint(first)), "Nothing was deleted",
		"is-open", "One")
	// The next one may be gone as well.
	page := b.follow(fmt.Sprintf("/suspended/%d", third), "do", "delete", "next",
		fmt.Sprint(second))
	b.says(page, "Deleted 1 message.", "One")
	b.silent(page, "is-open")
	b.follow(fmt.Sprintf("/suspended/%d", first), "do", "recover")
	b.says(b.follow(fmt.Sprintf("/suspended/%d", first), "do", "delete"), "Nothing was deleted",
		`It is <a href="/tickets/`)
	b.post(path, http.StatusGone, "do", "recover")
	b.post("/suspended/x", http.StatusNotFound, "do", "delete")
}

// The smallest change says whom else it lets in, and how it is made where no page makes it:
// never with what a stranger wrote in a command.
func TestRemedyWords(t *testing.T) {
	odd, err := message.ParseAddress("`reboot`@acme.example")
	if err != nil {
		t.Fatal(err)
	}
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
	st.user("sam@example.net", policy.EndUser)
	st.rules(policy.Block, "example.net")
	id := st.receive(letterOf("Sam <sam@example.net>", "Again", "Hello"))
	b := st.browser("admin@acme.test")
	page := b.follow(fmt.Sprintf("/suspended/%d", id), "do", "keep", "rule", "suspend sam@example.net")
	b.says(page, "You suspended sam@example.net.", "Again")
	u, err := st.db.User(t.Context(), st.address("sam@example.net"))
	st.must(err)
	if !u.Suspended {
		t.Error("the profile is not suspended")
	}
}

// An agent works through the queue and changes no list.
func TestAgentsChangeNoRules(t *testing.T) {
	st := testServer(t)
	id := st.stranger("Let me in")
	b := st.browser("agent@acme.test")
	path := fmt.Sprintf("/suspended/%d", id)
	b.post(path, http.StatusForbidden, "do", "recover", "rule", "allow example.net")
	if got := st.list(policy.Allow); got != "" {
		t.Errorf("the allowlist is %q", got)
	}
	b.says(b.follow(path, "do", "recover"), "Recovered 1 message.")
}

func TestActOnMany(t *testing.T) {
	st := testServer(t)
	var ids []int64
	for i := range 5 {
		ids = append(ids, st.stranger(fmt.Sprintf("Number %d", i)))
	}
	b := st.browser("agent@acme.test")
	chosen := func(do string, ids ...int64) []string {
		fields := []string{"do", do, "q", "Number"}
		for _, id := range ids {
			fields = append(fields, "id", fmt.Sprint(id))
		}
		return fields
	}
	b.says(b.follow("/suspended", chosen("recover", ids[0], ids[1], ids[1])...),
		"Recovered 2 messages.")
	// One of those was deleted by somebody else meanwhile.
	_, err := st.hand().DeleteSuspended(t.Context(), ids[2:3])
	st.must(err)
	page := b.follow("/suspended", chosen("delete", ids[2], ids[3])...)
	b.says(page, "Deleted 1 message.", "Number 4", `value="Number"`)
	b.silent(page, "Number 3")
	b.says(b.follow("/suspended", chosen("delete")...), "Nothing was selected.")
	b.post("/suspended", http.StatusUnprocessableEntity, chosen("burn", ids[4])...)
	b.post("/suspended", http.StatusUnprocessableEntity, "do", "delete", "id", "x")
	n, err := st.db.CountSuspended(t.Context(), store.Query{})
	st.must(err)
	if n != 1 {
		t.Errorf("%d messages are held, want 1", n)
	}
}

// A link from elsewhere has the console say nothing but words of its own.
func TestNoticeCannotBeWritten(t *testing.T) {
	st := testServer(t)
	b := st.browser("admin@acme.test")
	for _, query := range []string{"did=<script>", "did=recovered&n=<b>&ticket=<i>",
		"did=changed&changed=1"} {
		page := b.get("/suspended?"+query, http.StatusOK)
		b.silent(page, "<script>", "&lt;script&gt;", "<b>", "&lt;b&gt;", "<i>", "&lt;i&gt;",
			"Undo</button>")
	}
}

// TestRecoverManyTellsWhatIsLost: a ticket is made of what can be had, and the page says of
// which message the content is gone.
func TestRecoverManyTellsWhatIsLost(t *testing.T) {
	st := testServer(t)
	st.rules(policy.Block, "*")
	large := st.receive(letterOf("sam@example.net", "large", strings.Repeat("0123456789\r\n", 10000)))
	small := st.hold("one")
	files, err := filepath.Glob(filepath.Join(st.db.Dir(), "*.eml"))
	st.must(err)
	for _, file := range files {
		st.must(os.Remove(file))
	}
	b := st.browser("agent@acme.test")
	page, _ := b.post("/suspended", http.StatusUnprocessableEntity, "do", "recover",
		"id", itoa(large), "id", itoa(small))
	b.says(page, fmt.Sprintf("1 recovered; the contents of [%d] are lost", large))
}
