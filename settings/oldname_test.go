package settings

import (
	"strings"
	"testing"
)

// A setting is read by its old name, too, with a warning; both at once are refused in a file, and
// of the environment the new one counts.
func TestOldNames(t *testing.T) {
	for _, c := range []struct {
		file string
		env  map[string]string
		want Limit
		warn string
	}{
		{file: "[loop]\nper_hour = 7\n", want: 7,
			warn: "gatepost.toml: loop.per_hour is called rate.per_hour now"},
		{file: "loop.per_hour = 7\n", want: 7,
			warn: "gatepost.toml: loop.per_hour is called rate.per_hour now"},
		{file: "rate.per_hour = 7\n", want: 7},
		{env: map[string]string{"GATEPOST_LOOP_PER_HOUR": "8"}, want: 8,
			warn: "GATEPOST_LOOP_PER_HOUR: loop.per_hour is called rate.per_hour now"},
		{file: "rate.per_hour = 7\n", env: map[string]string{"GATEPOST_LOOP_PER_HOUR": "8",
			"GATEPOST_RATE_PER_HOUR": "9"}, want: 9,
			warn: "GATEPOST_LOOP_PER_HOUR: loop.per_hour is called rate.per_hour now"},
	} {
		s, err := read(t, c.file, c.env)
		if err != nil {
			t.Errorf("%q: %v", c.file, err)
			continue
		}
		warned := strings.Join(s.Strays([]string{"GATEPOST_LOOP_PER_HOUR=8"}), "\n")
		if s.Rate.PerHour != c.want || !strings.HasSuffix(warned, c.warn) ||
			c.warn == "" && warned != "" {
			t.Errorf("%q, %v: %d, warned of %q", c.file, c.env, s.Rate.PerHour, warned)
		}
	}
	_, err := read(t, "[loop]\nper_hour = 7\n[rate]\nper_hour = 8\n", nil)
	if err == nil || !strings.Contains(err.Error(), "gatepost.toml:2:12: loop.per_hour is the old "+
		"name of rate.per_hour, which is set, too: leave it out") {
		t.Errorf("both: %v", err)
	}
}
