package httpd

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
