package console

import (
	"testing"

	"gatepost/httpd"
	"gatepost/httpd/httpdtest"
)

// testServer is a server with the console.
func testServer(t testing.TB) *httpdtest.Site {
	st, _ := testConsole(t)
	return st
}

// testConsole is a server with the console, and what answers there.
func testConsole(t testing.TB) (*httpdtest.Site, *handlers) {
	t.Helper()
	var h *handlers
	st := httpdtest.New(t, func(s *httpd.Server) {
		h = &handlers{Server: s, frames: newFrames()}
		s.Console = h.part()
	})
	return st, h
}

type call = httpdtest.Call

const (
	inside  = httpdtest.Inside
	outside = httpdtest.Outside
)
