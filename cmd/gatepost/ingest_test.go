package main

import (
	"errors"
	"strings"
	"testing"
)

// What is too large is refused whole, however much of it an mbox line is.
func TestReadMessageRefusesWhatItWouldCut(t *testing.T) {
	const limit = 64 << 10
	const letter = "From: a@b.test\n\n"
	for _, c := range []struct {
		name, text string
		taken      bool
	}{
		{"small", letter + "x\n", true},
		{"small, with an mbox line", "From a\n" + letter + "x\n", true},
		{"large", letter + strings.Repeat("x", limit), false},
		{"large, behind a long mbox line",
			"From " + strings.Repeat("a", 1<<20) + "\n" + letter + strings.Repeat("x", limit), false},
		{"long mbox line", "From " + strings.Repeat("a", 2<<20) + "\n" + letter, false},
	} {
		a := &app{stdin: strings.NewReader(c.text)}
		_, err := a.readMessage(limit)
		if refused := errors.As(err, new(refusal)); refused == c.taken || c.taken && err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
