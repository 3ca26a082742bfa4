package console

import (
	"net/http"
	"regexp"
	"testing"
	"time"

	"gatepost/httpd/httpdtest"
	"gatepost/store"
)

var lastField = regexp.MustCompile(`name="last" value="(\d+)"`)

// An agent acts on all that match, beyond the page: what came since the page was made stays, it
// is one entry, and one undo takes it back.
func TestSelectAllThatMatch(t *testing.T) {
	for _, do := range []string{"recover", "delete"} {
		st := testServer(t)
		st.DB.KeepDeleted(24 * time.Hour)
		st.HoldMany(140)
		b := st.Browser("agent@acme.test")
		page := b.Get("/suspended?q=from:robo.example.net", http.StatusOK)
		b.Says(page, "Select all 140 that match", `name="matching" value="140"`)
		last := lastField.FindStringSubmatch(page)[1]
		st.Receive(httpdtest.Message("r1@robo.example.net", "Late", "x"))
		page = b.Follow("/suspended", "do", do, "q", "from:robo.example.net", "matching", "140",
			"last", last)
		b.Says(page, map[string]string{"recover": "Recovered", "delete": "Deleted"}[do]+" 140 messages.",
			"Late", "Undo</button>")
		if st.HeldNow() != 2 {
			t.Errorf("%s: %d are held", do, st.HeldNow())
		}
		undo := regexp.MustCompile(`/suspended/undo/\d+`).FindString(page)
		b.Says(b.Follow(undo, "back", "/suspended"), "140 messages are held again.")
		if st.HeldNow() != 142 {
			t.Errorf("undone: %d are held", st.HeldNow())
		}
		b.Says(b.Follow(undo, "back", "/suspended"), "Nothing was undone")
		var entries int
		for e, err := range st.DB.AuditLog(t.Context(), store.AuditQuery{Subject: "r3@robo.example.net"}) {
			st.Must(err)
			entries++
			if e.Messages != 140 {
				t.Errorf("%+v", e)
			}
		}
		if entries != 2 {
			t.Errorf("%d entries name a sender", entries)
		}
	}
}

// Where the page has all there is nothing more to select, and more than was seen is not touched.
func TestSelectAllIsWhatWasSeen(t *testing.T) {
	st := testServer(t)
	st.HoldMany(60)
	b := st.Browser("agent@acme.test")
	b.Silent(b.Get("/suspended?q=question", http.StatusOK), "Select all 1")
	b.Says(b.Get("/suspended", http.StatusOK), "Select all 61</label>")
	b.Says(b.Follow("/suspended", "do", "delete", "matching", "50", "last", "900"), "Nothing was done: more")
	b.Post("/suspended", http.StatusUnprocessableEntity, "do", "delete", "matching", "x", "last", "900")
	b.Post("/suspended", http.StatusUnprocessableEntity, "do", "burn", "matching", "61", "last", "900")
	if st.HeldNow() != 61 {
		t.Errorf("%d are held", st.HeldNow())
	}
}
