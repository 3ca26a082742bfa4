package api

import (
	"errors"
	"fmt"
	"net/url"
	"testing"
	"time"

	"gatepost/httpd/httpdtest"
	"gatepost/policy"
)

// A message is handed out to who has a link to it, from where anybody may come, as long as it is
// a ticket or held.
func TestLinkedMessage(t *testing.T) {
	st := testServer(t)
	st.Rules(policy.Block, "suspend:example.net")
	held := st.Receive("From: Hal <hal@example.net>\r\nSubject: Hello\r\n\r\nHello.\r\n")
	found, err := st.DB.Explain(t.Context(), fmt.Sprint(held))
	st.Must(err)
	path := "/api/v2/messages/" + found.DecisionID
	get := func(path, client string) (int, string) {
		w := st.Do(call{Method: "GET", Path: path, Client: client})
		return w.Code, w.Body.String()
	}
	if code, _ := get(path+"?signature=good", httpdtest.Inside); code != 404 {
		t.Errorf("without links: %d", code)
	}
	st.Server.CheckLink = func(at string, query url.Values, now time.Time) error {
		if at != path || query.Get("signature") != "good" || !now.Equal(st.Clock.Now()) {
			return errors.New("the link is not one of ours")
		}
		return nil
	}
	for _, c := range []struct {
		path, client string
		code         int
	}{
		{path + "?signature=good", httpdtest.Outside, 200},
		{path + ".json?signature=good", httpdtest.Outside, 200},
		{path + "?signature=bad", httpdtest.Outside, 403},
		{path, httpdtest.Outside, 403},
		{"/api/v2/messages/other?signature=good", httpdtest.Outside, 403},
	} {
		if code, body := get(c.path, c.client); code != c.code ||
			code == 200 && body != "From: Hal <hal@example.net>\r\nSubject: Hello\r\n\r\nHello.\r\n" {
			t.Errorf("%s: %d %q, want %d", c.path, code, body, c.code)
		}
	}
	st.Restrict(true, httpdtest.Inside, false)
	for client, want := range map[string]int{httpdtest.Outside: 403, httpdtest.Inside: 200} {
		if code, _ := get(path+"?signature=good", client); code != want {
			t.Errorf("from %s with restrictions: %d, want %d", client, code, want)
		}
	}
	_, err = st.Editor().DeleteSuspended(t.Context(), []int64{held})
	st.Must(err)
	if code, _ := get(path+"?signature=good", httpdtest.Inside); code != 404 {
		t.Errorf("deleted: %d", code)
	}
}
