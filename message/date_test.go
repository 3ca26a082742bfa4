package message

import (
	"testing"
	"time"
)

func TestDate(t *testing.T) {
	noon := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		field string
		want  time.Time
	}{
		{"Date: Sun, 29 Nov 2026 13:00:00 +0100", noon},
		{"Date: Sun, 29 Nov 2026 12:00:00 +0000 (UTC)", noon},
		{"Date: 29 Nov 2026\r\n 12:00:00 GMT", noon},
		{"date:29 Nov 2026 04:00:00 -0800\r\nDate: 1 Jan 1970 00:00:00 +0000", noon},
		{"Date: yesterday", time.Time{}},
		{"Date:", time.Time{}},
		{"Subject: Sun, 29 Nov 2026 12:00:00 +0000", time.Time{}},
	} {
		if got := Parse([]byte(c.field + "\r\n\r\n")).Date(); !got.Equal(c.want) {
			t.Errorf("%q: %v, want %v", c.field, got, c.want)
		}
	}
}
