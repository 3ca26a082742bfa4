package main

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"gatepost/message"
)

// What is too large is refused whole, however much of it an mbox line is.
func TestStdinRefusesWhatItWouldCut(t *testing.T) {
	const limit = 64 << 10
	const letter = "From: a@b.test\n\n"
	const crs = 3 // that are added to the letter
	for _, c := range []struct {
		name, text string
		taken      bool
	}{
		{"small", letter + "x\n", true},
		{"small, with an mbox line", "From a\n" + letter + "x\n", true},
		{"as large as may be", letter + strings.Repeat("x", limit-len(letter)-crs) + "\n", false},
		{"one less", letter + strings.Repeat("x", limit-len(letter)-crs-1) + "\n", true},
		{"large", letter + strings.Repeat("x", limit), false},
		{"large by its line ends", letter + strings.Repeat("\n", limit/2), false},
		{"large, behind a long mbox line",
			"From " + strings.Repeat("a", 1<<20) + "\n" + letter + strings.Repeat("x", limit), false},
		{"long mbox line", "From " + strings.Repeat("a", 2<<20) + "\n" + letter, false},
	} {
		a := &app{stdin: strings.NewReader(c.text)}
		p, err := a.openStdin(limit)
		if err == nil {
			_, err = io.Copy(io.Discard, p)
		}
		if refused := errors.As(err, new(refusal)); refused == c.taken || c.taken && err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestStdinOnWire compares with what is made of the same message in a file.
func TestStdinOnWire(t *testing.T) {
	const mbox = "From a@b.test Mon Oct  5 09:00:00 2026\n"
	for _, text := range []string{"", "\n", "x", mbox, mbox[:len(mbox)-1], mbox + "\nx\n",
		"From: a@b.test\n\nx\n\ny", mbox + "From: a@b.test\n\na\r\nb\rc\r\r\n\n",
		"From: a@b.test\r\n\r\na\nb\r\n", mbox + "From: a@b.test\r\n\r\na\nb\r\n",
		"From: a@b.test\n\n" + strings.Repeat("line\n", 1<<18),
		strings.Repeat("X: y\n", 1<<18)} {
		for _, in := range []io.Reader{strings.NewReader(text),
			iotest.OneByteReader(strings.NewReader(text))} {
			a := &app{stdin: in}
			p, err := a.openStdin(1 << 30)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(p)
			if want := string(onWire([]byte(text))); err != nil || string(got) != want {
				t.Errorf("%.80q is %.80q, %v", text, got, err)
			}
		}
	}
	broken := errors.New("broken pipe")
	for _, text := range []string{"", "From: a@b.test\n\n" + strings.Repeat("x", 2<<20)} {
		a := &app{stdin: io.MultiReader(strings.NewReader(text), iotest.ErrReader(broken))}
		p, err := a.openStdin(1 << 30)
		if err == nil {
			_, err = io.ReadAll(p)
		}
		if !errors.Is(err, broken) {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}

// The reverse-path in a message is that in its first Return-Path, or in the mbox line.
func TestReturnPathOfMessage(t *testing.T) {
	for _, c := range []struct {
		text, want string
		known      bool
	}{
		{"From: x@b.test\n\n", "", false},
		{"Return-Path: <a@b.test>\nReturn-Path: <z@b.test>\n\n", "a@b.test", true},
		{"Received: x\nReturn-path: a@b.test\n\n", "a@b.test", true},
		{"Return-Path: <>\n\n", "", true},
		{"Return-Path: <MAILER-DAEMON>\n\n", "", true},
		{"Return-Path: <unknown>\n\n", "", false},
		{"Return-Path: nobody\n\n", "", false},
		{"Return-Path:\n\n", "", false},
		{"\nReturn-Path: <a@b.test>\n", "", false},
		{"From a@b.test Mon Oct  5 09:00:00 2026\nFrom: x@b.test\n\n", "a@b.test", true},
		{"From a@b.test\r\nFrom: x@b.test\r\n\r\n", "a@b.test", true},
		{"From a@b.test Mon Oct  5 09:00:00 2026\nReturn-Path: <>\n\n", "", true},
		{"From MAILER-DAEMON Mon Oct  5 09:00:00 2026\n\n", "", true},
		{"From unknown Mon Oct  5 09:00:00 2026\n\n", "", false},
		{"From \"a b\"@b.test Mon Oct  5 09:00:00 2026\n\n", "", false},
		{"From : a@b.test\n\n", "", false},
	} {
		a := &app{stdin: strings.NewReader(c.text)}
		p, err := a.openStdin(message.MaxHeader)
		if err != nil {
			t.Fatal(err)
		}
		if path, known := p.returnPath(); path != c.want || known != c.known {
			t.Errorf("%q: %q, %t", c.text, path, known)
		}
	}
}
