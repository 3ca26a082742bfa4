package httpd

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// A slowReader takes an answer when it is let to.
type slowReader struct {
	*httptest.ResponseRecorder
	begun chan<- struct{}
	goOn  <-chan struct{}
	once  sync.Once
}

func (s *slowReader) Write(b []byte) (int, error) {
	s.once.Do(func() { s.begun <- struct{}{}; <-s.goOn })
	return s.ResponseRecorder.Write(b)
}

// TestDownloadsOfOnePerson: what an end-user downloads at once is bounded, whoever else asks is
// answered, and mail is taken.
func TestDownloadsOfOnePerson(t *testing.T) {
	const many = 40
	st := testServer(t)
	st.server.requests.patience = 20 * time.Millisecond
	id := st.receive("From: Ann <ann@example.com>\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n\r\nHello\r\n--m\r\n" +
		"Content-Disposition: attachment; filename=a.txt\r\n\r\nthe file\r\n--m--\r\n")
	session := st.session("ann@example.com")
	path := fmt.Sprintf("/api/v2/attachments/%d/1", id)
	begun, goOn := make(chan struct{}, many), make(chan struct{})
	codes := make(chan int, many)
	for range many {
		go func() {
			w := &slowReader{ResponseRecorder: httptest.NewRecorder(), begun: begun, goOn: goOn}
			st.web.ServeHTTP(w, st.request(call{method: "GET", path: path, session: session},
				strings.NewReader("")))
			codes <- w.Code
		}()
	}
	refused := func(w int) bool { return w == http.StatusTooManyRequests }
	for range requestsPerEndUser {
		<-begun
	}
	// The rest is told to wait; their answers, too, are slow to be taken.
	for range many - requestsPerEndUser {
		<-begun
	}
	if w := st.as("agent@acme.test")("GET", "/api/v2/users/me", ""); w.Code != http.StatusOK {
		t.Errorf("somebody else: %d", w.Code)
	}
	st.receive(letterOf("Ann <ann@example.com>", "while they last", "Hello"))
	close(goOn)
	answered := 0
	for range many {
		if code := <-codes; code == http.StatusOK {
			answered++
		} else if !refused(code) {
			t.Errorf("status %d", code)
		}
	}
	if answered != requestsPerEndUser {
		t.Errorf("%d downloads at once, want %d", answered, requestsPerEndUser)
	}
	if n := len(st.server.requests.slots); n != 0 {
		t.Errorf("%d persons are left", n)
	}
	if w := st.do(call{method: "GET", path: path, session: session}); w.Code != http.StatusOK {
		t.Errorf("afterwards: %d", w.Code)
	}
}

// TestPersonsWait: a request waits for another of the same person, and no more once its client
// is gone.
func TestPersonsWait(t *testing.T) {
	p := newRequestLimiter()
	c := Caller{Known: true}
	var leave func()
	for range requestsPerEndUser {
		var err error
		if leave, err = p.enter(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.enter(gone, c); err != context.Canceled {
		t.Errorf("who is gone: %v", err)
	}
	waits := make(chan error)
	go func() {
		_, err := p.enter(t.Context(), c)
		waits <- err
	}()
	leave()
	if err := <-waits; err != nil {
		t.Errorf("who waits: %v", err)
	}
}
