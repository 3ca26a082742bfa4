package httpd_test

import (
	"testing"

	"gatepost/httpd"
	"gatepost/httpd/api"
	"gatepost/httpd/console"
	"gatepost/httpd/httpdtest"
)

// testServer is a server with all of its parts.
func testServer(t testing.TB) *httpdtest.Site {
	t.Helper()
	return httpdtest.New(t, func(s *httpd.Server) {
		s.API, s.Console = api.New(s), console.New(s)
	})
}

type call = httpdtest.Call

const (
	inside  = httpdtest.Inside
	outside = httpdtest.Outside
)
