package main

import (
	"strings"
	"testing"
)

func TestReversePath(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "<>": "", "MAILER-DAEMON": "", "mailer-daemon": "", "<MAILER-DAEMON>": "",
		"ann@acme.test":             "ann@acme.test",
		"<Ann@Acme.test>":           "Ann@Acme.test",
		"a..b@c.test":               "a..b@c.test",
		"a@[192.0.2.1]":             "a@[192.0.2.1]",
		"a@[IPv6:2001:db8::1]":      "a@[IPv6:2001:db8::1]",
		`"q q"@held.test`:           `"q q"@held.test`,
		"q q@held.test":             `"q q"@held.test`,
		`"plain"@held.test`:         "plain@held.test",
		`"a\"b"@held.test`:          `"a\"b"@held.test`,
		`"a"b@held.test`:            `"\"a\"b"@held.test`,
		`"a@b"@held.test`:           `"a@b"@held.test`,
		"<@relay.test:u@held.test>": "u@held.test",
		"jürgen@bücher.example":     "jürgen@bücher.example",
		"mailer-daemon@acme.test":   "mailer-daemon@acme.test",
		"prvs=1=a/b@shop.test":      "prvs=1=a/b@shop.test",
	} {
		if got, err := parseReversePath(text); err != nil || got != want {
			t.Errorf("%q is %q, %v; want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"nobody", "@acme.test", `""@acme.test`, "a@", "a@b@", "a@[mx]",
		"a\n@acme.test", "a@acme.test\x7f", "\xff@acme.test", strings.Repeat("a", 250) + "@b.test"} {
		if path, err := parseReversePath(text); err == nil {
			t.Errorf("%q is taken for %q", text, path)
		}
	}
}

func TestForwardPath(t *testing.T) {
	for text, want := range map[string]string{
		"postmaster": "postmaster@mx.test", "<Postmaster>": "postmaster@mx.test",
		"<help@acme.test>": "help@acme.test",
	} {
		if got, err := parseForwardPath(text, "mx.test"); err != nil || got != want {
			t.Errorf("%q is %q, %v; want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"", "<>", "MAILER-DAEMON", "root"} {
		if path, err := parseForwardPath(text, "mx.test"); err == nil {
			t.Errorf("%q is taken for %q", text, path)
		}
	}
}
