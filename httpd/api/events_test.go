package api

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"gatepost/httpd"
	"gatepost/httpd/httpdtest"
	"gatepost/policy"
	"gatepost/store"
)

// A listener reads a stream of events.
type listener struct {
	*httpdtest.Site
	answer *http.Response
	lines  *bufio.Scanner
	ctx    context.Context
}

// listen opens a stream of events on a true connection.
func listen(st *httpdtest.Site, session string) *listener {
	st.Helper()

	web := httptest.NewServer(st.Web)
	st.Cleanup(web.Close)
	return listenAt(st, web.URL, session)
}

func listenAt(st *httpdtest.Site, base, session string) *listener {
	st.Helper()
	ctx, cancel := context.WithTimeout(st.Context(), httpdtest.Patience)
	st.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, "GET", base+"/api/v2/events", nil)
	st.Must(err)
	r.AddCookie(&http.Cookie{Name: "gatepost", Value: session})
	answer, err := http.DefaultClient.Do(r)
	st.Must(err)
	st.Cleanup(func() { _ = answer.Body.Close() })
	if kind := answer.Header.Get("Content-Type"); kind != "text/event-stream" {
		st.Fatalf("%d %s", answer.StatusCode, kind)
	}
	return &listener{st, answer, bufio.NewScanner(answer.Body), ctx}
}

// next is the next event and its data; "end" when the stream has ended.
func (l *listener) next() (event, data string) {
	for l.lines.Scan() {
		name, value, _ := strings.Cut(l.lines.Text(), ": ")
		switch name {
		case "event":
			event = value
		case "data":
			return event, value
		}
	}
	l.Must(l.ctx.Err()) // it did not end by itself
	return "end", ""
}

// wants reads events until one is event, and holds its data against a part of it.
func (l *listener) wants(event, part string) {
	l.Helper()
	for {
		got, data := l.next()
		if got == event && strings.Contains(data, part) {
			return
		}
		if got == "end" {
			l.Fatalf("the stream ended, no %s came with %q", event, part)
		}
	}
}

func (l *listener) ends() {
	l.Helper()
	for {
		if event, _ := l.next(); event == "end" {
			return
		}
	}
}

// TestEvents: what happens is told once, and what was before is not told.
func TestEvents(t *testing.T) {
	st := testServer(t)
	st.Hold("before")
	l := listen(st, st.Session("agent@acme.test"))
	exactly := func(event, part string) {
		t.Helper()
		if got, data := l.next(); got != event || !strings.Contains(data, part) {
			t.Fatalf("%s %s, want %s with %s", got, data, event, part)
		}
	}
	exactly("counts", `"held":1`)
	second := st.Hold("second")
	exactly("new", `"id":`+fmt.Sprint(second))
	exactly("counts", `"held":2`)
	third := st.Hold("third")
	exactly("new", `"id":`+fmt.Sprint(third))
	exactly("counts", `"held":3`)
	do := st.As("agent@acme.test")
	st.Object(do("PUT", "/api/v2/suspended_tickets/"+fmt.Sprint(second)+"/recover", ""), 200)
	exactly("recovered", `"by":"agent@acme.test","id":`+fmt.Sprint(second))
	exactly("counts", `"held":2`)
	do("DELETE", "/api/v2/suspended_tickets/"+fmt.Sprint(third), "")
	exactly("deleted", `"id":`+fmt.Sprint(third))
	exactly("counts", `"held":1`)
}

// TestStreamsAreCut: whoever may not stay is not told any more.
func TestStreamsAreCut(t *testing.T) {
	ctx := context.Background()
	const agent = "agent@acme.test"
	for name, end := range map[string]func(st *httpdtest.Site, session string) error{
		"access": func(st *httpdtest.Site, _ string) error {
			st.Restrict(true, "192.0.2.0/24", true)
			return nil
		},
		"suspended": func(st *httpdtest.Site, _ string) error {
			return st.Editor().SetSuspended(ctx, st.Address(agent), true)
		},
		"role": func(st *httpdtest.Site, _ string) error {
			return st.Editor().SetRole(ctx, st.Address(agent), policy.EndUser)
		},
		"session": func(st *httpdtest.Site, session string) error { return st.DB.EndSession(ctx, session) },
		"password": func(st *httpdtest.Site, _ string) error {
			return st.Editor().SetPassword(ctx, st.Address(agent), "x")
		},
	} {
		t.Run(name, func(t *testing.T) {
			st := testServer(t)
			session := st.Session("agent@acme.test")
			l := listen(st, session)
			l.wants("counts", "")
			st.Must(end(st, session))
			l.ends()
		})
	}
}

// TestIdleStream: to listen is no use of a session, and neither is what the script fetches
// because of an event. With the session the stream ends, and nobody is known by it.
func TestIdleStream(t *testing.T) {
	for name, c := range map[string]struct {
		looks  bool
		header http.Header
		stays  bool
	}{
		"listened":  {},
		"refreshed": {looks: true, header: http.Header{httpd.RefreshHeader: {"1"}}},
		"used":      {looks: true, stays: true},
	} {
		t.Run(name, func(t *testing.T) {
			st := testServer(t)
			session := st.Session("agent@acme.test")
			look := call{Method: "GET", Path: "/api/v2/tickets", Session: session, Header: c.header}
			l := listen(st, session)
			st.Clock.Move(8 * time.Hour)
			st.Hold("one")
			l.wants("new", "") // so it has been seen who listens
			if c.looks && st.Do(look).Code != http.StatusOK {
				t.Fatal("it ended too early")
			}
			st.Clock.Move(8 * time.Hour)
			if c.stays {
				st.Hold("two")
				l.wants("new", "")
				return
			}
			l.ends()
			look.Header = nil
			if code := st.Do(look).Code; code != http.StatusUnauthorized {
				t.Errorf("after 16 hours: %d", code)
			}
		})
	}
}

// TestBusy: who comes too often is told when to come again.
func TestBusy(t *testing.T) {
	st := testServer(t)
	do := st.As("agent@acme.test")
	me := st.Object(do("GET", "/api/v2/users/me", ""), 200)
	c := httpd.Caller{User: store.User{ID: int64(httpdtest.At(me, "user", "id").(float64))}}
	for {
		if _, err := st.Server.EnterStream(c, 0); err != nil {
			break
		}
	}
	w := do("GET", "/api/v2/events", "")
	st.Wants(st.Object(w, http.StatusServiceUnavailable), "TooManyStreams", "error")
	if w.Header().Get("Retry-After") != "21" {
		t.Errorf("Retry-After %q", w.Header().Get("Retry-After"))
	}
}

// TestRun: the server ends though a stream stands.
func TestRun(t *testing.T) {
	st := testServer(t)
	ctx, stop := context.WithCancel(context.Background())
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	st.Must(err)
	ended := make(chan error)
	go func() { ended <- st.Server.Run(ctx, l) }()
	stream := listenAt(st, "http://"+l.Addr().String(), st.Session("agent@acme.test"))
	stream.wants("counts", "")
	stop()
	stream.ends()
	st.Must(<-ended)
}

// A program that listens uses its token as long as it does.
func TestListeningIsUseOfToken(t *testing.T) {
	st := testServer(t)

	web := httptest.NewServer(st.Web)
	t.Cleanup(web.Close)
	ctx, cancel := context.WithTimeout(t.Context(), httpdtest.Patience)
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, "GET", web.URL+httpd.EventsPath, nil)
	st.Must(err)
	secret, id := st.Token("agent@acme.test")
	r.Header.Set("Authorization", "Bearer "+secret)
	answer, err := http.DefaultClient.Do(r)
	st.Must(err)
	t.Cleanup(func() { _ = answer.Body.Close() })
	l := &listener{st, answer, bufio.NewScanner(answer.Body), ctx}
	l.wants("counts", "")
	st.Clock.Move(time.Hour)
	for _, subject := range []string{"one", "two"} { // who was asked for one may have been before
		st.Hold(subject)
		l.wants("new", "")
	}
	if last := st.LastUse(id); !last.LastUsedAt.Equal(st.Clock.Now()) {
		t.Errorf("used last at %s, and it is %s", last.LastUsedAt, st.Clock.Now())
	}
}

// TestQuietStream: a stream on which nothing happens for longer than an event may take stands,
// over HTTP/2 too.
func TestQuietStream(t *testing.T) {
	const deadline = time.Second
	st := streamServer(t, deadline)
	web := httptest.NewUnstartedServer(st.Web)
	web.EnableHTTP2 = true
	web.StartTLS()
	t.Cleanup(web.Close)
	ctx, cancel := context.WithTimeout(t.Context(), httpdtest.Patience)
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, "GET", web.URL+"/api/v2/events", nil)
	st.Must(err)
	r.AddCookie(&http.Cookie{Name: "gatepost", Value: st.Session("agent@acme.test")})
	answer, err := web.Client().Do(r)
	st.Must(err)
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
	st.Hold("one")
	if event := <-next; event != "new" {
		t.Errorf("%s after the silence", event)
	}
}
