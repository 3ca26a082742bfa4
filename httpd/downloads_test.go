package httpd_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"gatepost/httpd"
	"gatepost/httpd/httpdtest"
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
	st.Server.Wait(time.Second)
	id := st.Receive("From: Ann <ann@example.com>\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n\r\nHello\r\n--m\r\n" +
		"Content-Disposition: attachment; filename=a.txt\r\n\r\nthe file\r\n--m--\r\n")
	session := st.Session("ann@example.com")
	path := fmt.Sprintf("/api/v2/attachments/%d/1", id)
	begun, goOn := make(chan struct{}, many), make(chan struct{})
	codes := make(chan int, many)
	for range many {
		go func() {
			w := &slowReader{ResponseRecorder: httptest.NewRecorder(), begun: begun, goOn: goOn}
			st.Web.ServeHTTP(w, st.Request(call{Method: "GET", Path: path, Session: session},
				strings.NewReader("")))
			codes <- w.Code
		}()
	}
	refused := func(w int) bool { return w == http.StatusTooManyRequests }
	for range httpd.RequestsPerEndUser {
		<-begun
	}
	// The rest is told to wait; their answers, too, are slow to be taken.
	for range many - httpd.RequestsPerEndUser {
		<-begun
	}
	if w := st.As("agent@acme.test")("GET", "/api/v2/users/me", ""); w.Code != http.StatusOK {
		t.Errorf("somebody else: %d", w.Code)
	}
	st.Receive(httpdtest.Message("Ann <ann@example.com>", "while they last", "Hello"))
	close(goOn)
	answered := 0
	for range many {
		if code := <-codes; code == http.StatusOK {
			answered++
		} else if !refused(code) {
			t.Errorf("status %d", code)
		}
	}
	if answered != httpd.RequestsPerEndUser {
		t.Errorf("%d downloads at once, want %d", answered, httpd.RequestsPerEndUser)
	}
	if n := st.Server.Waiting(); n != 0 {
		t.Errorf("%d persons are left", n)
	}
	if w := st.Do(call{Method: "GET", Path: path, Session: session}); w.Code != http.StatusOK {
		t.Errorf("afterwards: %d", w.Code)
	}
}
