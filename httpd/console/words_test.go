package console

import (
	"testing"
	"time"
)

func TestTimesInWords(t *testing.T) {
	for _, c := range []struct {
		d               time.Duration
		age, span, left string
	}{
		{time.Second, "now", "less than a minute", "1 min"},
		{-time.Hour, "now", "less than a minute", "less than a minute"},
		{90 * time.Second, "1 min", "1 min", "2 min"},
		{3*time.Hour + 40*time.Minute, "3 h", "3 h", "3 h"},
		{14*24*time.Hour - time.Second, "13 d", "13 d", "14 d"},
	} {
		if a, s, l := age(c.d), span(c.d), left(c.d); a != c.age || s != c.span || l != c.left {
			t.Errorf("%v: %q, %q, %q", c.d, a, s, l)
		}
	}
}

// An address whose domain is spelled in A-labels is shown as people write it, too.
func TestInUnicode(t *testing.T) {
	for email, want := range map[string]string{
		"una@xn--bcher-kva.example":   "una@bücher.example",
		"una@shop.xn--bcher-kva.test": "una@shop.bücher.test",
		"una@books.example":           "",
		"una@xn--a.example":           "", // no A-label
		"una":                         "",
	} {
		if got := inUnicode(email); got != want {
			t.Errorf("%s: %q, want %q", email, got, want)
		}
	}
}
