package main

import (
	"strings"
	"testing"
	"time"
)

func TestParseDate(t *testing.T) {
	berlin := time.FixedZone("CET", 3600)
	now := time.Date(2026, 11, 26, 9, 30, 0, 0, berlin) // a Thursday
	day := func(n int) time.Time { return time.Date(2026, 11, n, 0, 0, 0, 0, berlin) }
	for text, want := range map[string]time.Time{
		"": {}, "now": now, "today": day(26), "Yesterday": day(25), "thursday": day(26),
		"tuesday": day(24), "Tue": day(24), "friday": day(20), "2026-11-24": day(24),
		"2026-11-24 15:04":     day(24).Add(15*time.Hour + 4*time.Minute),
		"2026-11-24T15:04:00Z": time.Date(2026, 11, 24, 15, 4, 0, 0, time.UTC),
		"2d":                   now.Add(-48 * time.Hour), "90m": now.Add(-90 * time.Minute),
	} {
		if got, err := parseDate(now, "--since", text); err != nil || !got.Equal(want) {
			t.Errorf("%q: %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"tomorrow", "24.11.2026", "2026-13-01", "-2d", "t"} {
		if got, err := parseDate(now, "--since", text); err == nil ||
			!strings.Contains(err.Error(), "--since") {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}
