package main

import (
	"reflect"
	"testing"
	"time"
)

func TestSize(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "512": 512, "64KiB": 64 << 10, "25 MiB": 25 << 20, "2gib": 2 << 30,
		"10MB": 1e7, "1kb": 1000, "7B": 7,
	} {
		var s size
		if err := s.UnmarshalText([]byte(text)); err != nil || int64(s) != want {
			t.Errorf("%q is %d, %v; want %d", text, s, err, want)
		}
	}
	for _, text := range []string{"", "MiB", "-1", "1.5GiB", "25 parsecs", "9999999999GiB",
		"99999999999999999999"} {
		if err := new(size).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is taken for a size", text)
		}
	}
}

func TestSpan(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"14d": 14 * 24 * time.Hour, "36h": 36 * time.Hour, "1h30m": 90 * time.Minute,
		"90s": 90 * time.Second, "0d": 0, "250ms": 250 * time.Millisecond,
	} {
		var s span
		if err := s.UnmarshalText([]byte(text)); err != nil || time.Duration(s) != want {
			t.Errorf("%q is %v, %v; want %v", text, s, err, want)
		}
	}
	for _, text := range []string{"", "14", "d", "-1d", "-5m", "1.5d", "999999999d", "soon"} {
		if err := new(span).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is taken for a length of time", text)
		}
	}
}

// What config show prints of a size or a span can be written into the file.
func TestUnitsReadBack(t *testing.T) {
	for _, n := range []size{0, 1, 1000, 1024, 1536, 25 << 20, 3 << 30, 1e9} {
		var back size
		if err := back.UnmarshalText([]byte(n.String())); err != nil || back != n {
			t.Errorf("%d prints as %s, which reads as %d, %v", n, n, back, err)
		}
	}
	for _, d := range []time.Duration{0, time.Second, time.Minute, 90 * time.Second, time.Hour,
		25 * time.Hour, 48 * time.Hour, 90 * time.Minute, time.Millisecond} {
		var back span
		if err := back.UnmarshalText([]byte(span(d).String())); err != nil || back != span(d) {
			t.Errorf("%v prints as %s, which reads as %s, %v", d, span(d), back, err)
		}
	}
}

// Every setting can be given as text, as flags and the environment do, and has a default
// that passes.
func TestEverySettingTakesText(t *testing.T) {
	s := defaults()
	s.each(func(key string, v reflect.Value) {
		text := "7"
		if _, ok := v.Interface().(span); ok {
			text = "7s"
		}
		if err := assign(v, text); err != nil {
			t.Errorf("%s = %s: %v", key, text, err)
		}
		if v.IsZero() {
			t.Errorf("%s stays empty", key)
		}
	})
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"listen", "listen", 0}, {"listn", "listen", 1},
		{"smpt", "smtp", 2}, {"keep", "db", 4}} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("distance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
