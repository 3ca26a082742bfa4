package httpd

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestQuietStream: a stream on which nothing happens for longer than an event may take stands,
// over HTTP/2 too.
func TestQuietStream(t *testing.T) {
	const deadline = 100 * time.Millisecond
	st := testServer(t)
	st.server.streams.every, st.server.streams.write = 5*time.Millisecond, deadline
	web := httptest.NewUnstartedServer(st.web)
	web.EnableHTTP2 = true
	web.StartTLS()
	t.Cleanup(web.Close)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, "GET", web.URL+"/api/v2/events", nil)
	st.must(err)
	r.AddCookie(&http.Cookie{Name: "gatepost", Value: st.session("agent@acme.test")})
	answer, err := web.Client().Do(r)
	st.must(err)
	t.Cleanup(func() { _ = answer.Body.Close() })
	if answer.ProtoMajor != 2 {
		t.Fatal(answer.Proto)
	}
	l := &listener{st, answer, bufio.NewScanner(answer.Body), ctx}
	l.wants("counts", "")
	next := make(chan string, 1)
	go func() {
		event, _ := l.next()
		next <- event
	}()
	select {
	case event := <-next:
		t.Fatalf("%s, though nothing happened", event)
	case <-time.After(3 * deadline):
	}
	st.hold("one")
	if event := <-next; event != "new" {
		t.Errorf("%s after the silence", event)
	}
}

// TestScriptSaysWhatIsByItself: the script sends the header that is looked for.
func TestScriptSaysWhatIsByItself(t *testing.T) {
	script, err := assets.ReadFile("static/console.js")
	if err != nil || !strings.Contains(string(script), `"`+refreshHeader+`"`) {
		t.Errorf("console.js does not send %s, %v", refreshHeader, err)
	}
}
