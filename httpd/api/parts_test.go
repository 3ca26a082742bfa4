package api

import (
	"testing"
	"time"

	"gatepost/httpd"
	"gatepost/httpd/httpdtest"
)

// testServer is a server with the API, whose streams of events look often.
func testServer(t testing.TB) *httpdtest.Site { return streamServer(t, eventWrite) }

// streamServer is one whose events may take so long to be written.
func streamServer(t testing.TB, write time.Duration) *httpdtest.Site {
	t.Helper()
	return httpdtest.New(t, func(s *httpd.Server) {
		h := &handlers{Server: s, look: 5 * time.Millisecond, write: write}
		s.API = h.part()
	})
}

type call = httpdtest.Call

const (
	inside  = httpdtest.Inside
	outside = httpdtest.Outside
)
