package main

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestListStopsAtError(t *testing.T) {
	broken := errors.New("disk on fire")
	for _, json := range []bool{false, true} {
		var out strings.Builder
		a := &app{stdout: &out, json: json}
		seq := func(yield func(int, error) bool) {
			_ = yield(7, nil) && yield(0, broken) && yield(8, nil)
		}
		err := printList(a, seq, []string{"N"}, func(int) []string { return []string{"seven"} })
		if !errors.Is(err, broken) {
			t.Errorf("json %t: error %v, want %v", json, err, broken)
		}
		if lines := strings.Count(out.String(), "\n"); lines != 1 {
			t.Errorf("json %t: wrote %q, want one line", json, out.String())
		}
	}
}

func TestAge(t *testing.T) {
	cases := map[time.Duration]string{
		0:                             "0s",
		59 * time.Second:              "59s",
		90 * time.Second:              "1m",
		26 * time.Hour:                "1d",
		-49 * time.Hour:               "in 2d",
		time.Second - 14*24*time.Hour: "in 14d",
		-time.Second:                  "in 1m",
		5 * time.Hour:                 "5h",
	}
	for d, want := range cases {
		if got := age(d); got != want {
			t.Errorf("age(%s) = %q, want %q", d, got, want)
		}
	}
}
