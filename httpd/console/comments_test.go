package console

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"gatepost/httpd/httpdtest"
)

// A ticket is shown with the replies that joined it: all of them to staff, with their files, and
// to its requester those that they wrote or got. What was recovered leads there.
func TestTicketComments(t *testing.T) {
	st := testServer(t)
	ticket := st.Receive("Cc: bob@example.org\r\n" +
		httpdtest.Message("Ann <ann@example.com>", "order", "Where is it?"))
	const refs = "In-Reply-To: <1@example.com>\r\n"
	st.Receive(refs + httpdtest.Message("ann@example.com", "Re: order", "<b>It came</b>"))
	internal := st.Receive(refs + strings.Replace(httpdtest.WithFiles(), "ann@example.com",
		"bob@example.org", 1))
	held := st.Receive(refs + httpdtest.Message("eve@example.net", "Re: order", "Let me in"))
	path := fmt.Sprintf("/tickets/%d", ticket)
	b := st.Browser("agent@acme.test")
	page := b.Get(path, http.StatusOK)
	b.Says(page, "Replies</h2>", "&lt;b&gt;It came&lt;/b&gt;", "see below", "not sent to the requester",
		fmt.Sprintf("/tickets/%d/attachments/1", internal))
	b.Silent(page, "Let me in")
	if w := b.Get(fmt.Sprintf("/tickets/%d/attachments/1", internal), http.StatusOK); !strings.Contains(w, "two") {
		t.Errorf("its attachment is %q", w)
	}
	b.Says(b.Get(fmt.Sprintf("/tickets/%d/raw", internal), http.StatusOK), "Subject: files")
	b.Says(b.Follow(fmt.Sprintf("/suspended/%d", held), "do", "recover"), "Recovered")
	b.Says(b.Get(path, http.StatusOK), "Let me in", "recovered</span>")
	if _, to := b.Fetch(fmt.Sprintf("/suspended/%d", held)); !strings.HasPrefix(to, path+"#comment-") {
		t.Errorf("what was recovered leads to %s", to)
	}
	own := st.Browser("ann@example.com")
	page = own.Get(fmt.Sprintf("/requests/%d", ticket), http.StatusOK)
	own.Says(page, "Replies</h2>", "It came")
	own.Silent(page, "see below", "Let me in", "/raw", "unproven")
	b.Says(b.Get("/status", http.StatusOK), "<b>3</b> comments")
}
