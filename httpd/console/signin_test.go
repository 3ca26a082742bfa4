package console

import "testing"

func TestOwnPath(t *testing.T) {
	for next, want := range map[string]string{
		"/suspended/1?x=%2F": "/suspended/1?x=%2F", "": "/", "suspended": "/",
		"//example.com": "/", "/\\example.com": "/", "https://example.com/": "/",
		"/\t/example.com": "/", "/%2F/x": "/", "javascript:alert(1)": "/",
		"/a\r\nSet-Cookie: x": "/", "/sign-out": "/", "/%5Cexample.com": "/%5Cexample.com",
	} {
		if got := ownPath(next); got != want {
			t.Errorf("%q leads to %q, want %q", next, got, want)
		}
	}
}
