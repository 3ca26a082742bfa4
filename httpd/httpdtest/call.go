package httpdtest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
)

// Held sends a call whose body stops after its first half, until the change is made.
func (st *Site) Held(c Call, change func()) *httptest.ResponseRecorder {
	st.Helper()
	body, send := io.Pipe()
	w, answered := httptest.NewRecorder(), make(chan struct{})
	go func() {
		defer close(answered)
		defer func() { _ = body.Close() }() // who is answered early waits for nothing
		st.Web.ServeHTTP(w, st.Request(c, body))
	}()
	half := len(c.Body) / 2
	_, err := io.WriteString(send, c.Body[:half]) // which returns when it was read
	st.Must(err)
	change()
	_, err = io.WriteString(send, c.Body[half:])
	st.Must(err)
	st.Must(send.Close())
	<-answered
	return w
}

// SignIn sends the form.
func (st *Site) SignIn(email, password, next, session, client string) (
	w *httptest.ResponseRecorder) {
	st.Helper()
	form := url.Values{"email": {email}, "password": {password}, "next": {next}}
	return st.Do(Call{Method: "POST", Path: "/sign-in", Body: form.Encode(), Session: session,
		Client: client, Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}})
}

// A Call is one request of a test.
type Call struct {
	Method, Path string
	Body         string
	Session      string // cookie
	Token        string // Bearer
	Client       string // address; inside if empty
	Header       http.Header
}

// Do sends a request through the whole handler.
func (st *Site) Do(c Call) *httptest.ResponseRecorder {
	st.Helper()
	w := httptest.NewRecorder()
	st.Web.ServeHTTP(w, st.Request(c, strings.NewReader(c.Body)))
	return w
}

// Request is a call with a body of its own.
func (st *Site) Request(c Call, body io.Reader) *http.Request {
	r := httptest.NewRequest(c.Method, "http://localhost:8025"+c.Path, body)
	if c.Client == "" {
		c.Client = Inside
	}
	r.RemoteAddr = netip.AddrPortFrom(netip.MustParseAddr(c.Client), 4242).String()
	for name, values := range c.Header {
		r.Header[name] = values
	}
	if c.Session != "" {
		r.AddCookie(st.Server.Cookie(c.Session))
	}
	if c.Token != "" {
		r.Header.Set("Authorization", "Bearer "+c.Token)
	}
	if host := c.Header.Get("Host"); host != "" {
		r.Host = host
	}
	return r
}

// As is a session of a role, to be used for calls.
func (st *Site) As(email string) func(method, path, body string) *httptest.ResponseRecorder {
	st.Helper()
	session := st.Session(email)
	return func(method, path, body string) *httptest.ResponseRecorder {
		st.Helper()
		return st.Do(Call{Method: method, Path: path, Body: body, Session: session})
	}
}

// Object reads a JSON answer that must have that status.
func (st *Site) Object(w *httptest.ResponseRecorder, status int) map[string]any {
	st.Helper()
	if w.Code != status {
		st.Fatalf("status %d, want %d: %s", w.Code, status, w.Body)
	}
	if kind := w.Header().Get("Content-Type"); kind != "application/json" {
		st.Errorf("Content-Type %q", kind)
	}
	var o map[string]any
	st.Must(json.Unmarshal(w.Body.Bytes(), &o))
	return o
}

// At is the value at a path of names and numbers, in JSON that was read.
func At(o any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := o.(map[string]any)
			o = m[step]
		case int:
			list, _ := o.([]any)
			if step >= len(list) {
				return nil
			}
			o = list[step]
		}
	}
	return o
}

// Wants holds what stands at a path against what should.
func (st *Site) Wants(o any, want any, path ...any) {
	st.Helper()
	if got := At(o, path...); got != want {
		st.Errorf("%v is %v, want %v", path, got, want)
	}
}

// Has holds how many stand at a path.
func (st *Site) Has(o any, n int, path ...any) {
	st.Helper()
	if list, _ := At(o, path...).([]any); len(list) != n {
		st.Errorf("%v has %d, want %d: %v", path, len(list), n, list)
	}
}
