package main

import (
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gatepost/settings"
)

// when is the flags of a span of time. Its zero value is all of it.
type when struct{ since, until, on string }

func (w *when) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&w.since, "since", "", "only what came at this `date` or later")
	flags.StringVar(&w.until, "until", "", "only what came before this `date`")
	flags.StringVar(&w.on, "on", "", "only what came on the day of this `date`")
}

// span is from when until when; the zero time is no bound.
func (w *when) span(now time.Time) (since, until time.Time, err error) {
	if w.on != "" && (w.since != "" || w.until != "") {
		return since, until, misuse("--on is a day by itself: leave --since and --until out")
	}
	if w.on != "" {
		at, err := parseDate(now, "--on", w.on)
		day := time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, at.Location())
		return day, day.AddDate(0, 0, 1), err
	}
	if since, err = parseDate(now, "--since", w.since); err != nil {
		return since, until, err
	}
	until, err = parseDate(now, "--until", w.until)
	if err == nil && w.since != "" && w.until != "" && !since.Before(until) {
		err = misuse("--since %s is not before --until %s", w.since, w.until)
	}
	return since, until, err
}

// parseExpiry is the moment that a date to come begins, or one that is a length of time ahead. Nil
// is never.
func parseExpiry(now time.Time, text string) (*time.Time, error) {
	if text == "" {
		return nil, nil
	}
	var length settings.Span
	if length.UnmarshalText([]byte(strings.ToLower(strings.TrimSpace(text)))) == nil {
		at := now.Add(time.Duration(length))
		return &at, nil
	}
	for _, layout := range dateLayouts() {
		at, err := time.ParseInLocation(layout, strings.TrimSpace(text), now.Location())
		if err == nil && !at.After(now) {
			return nil, misuse("--expires %s is over already: name a time that is to come", text)
		}
		if err == nil {
			return &at, nil
		}
	}
	return nil, misuse("--expires %q is no date to come: write 30d for in 30 days, 2027-01-31, or "+
		"2027-01-31 15:04", text)
}

// dateLayouts are those of dates as people write them; of RFC 3339 the zone is in the text.
func dateLayouts() []string {
	return []string{time.DateOnly, "2006-01-02 15:04", "2006-01-02T15:04", time.DateTime, time.RFC3339}
}

const datesHelp = "today, yesterday, a day of the week, 2026-11-24, 2026-11-24 15:04, or 2d for " +
	"two days ago"

// parseDate is the beginning of a day or a minute as people write it, where they are: a
// day of the week is the last one that has begun. Empty is the zero time.
func parseDate(now time.Time, flag, text string) (at time.Time, err error) {
	word := strings.ToLower(strings.TrimSpace(text))
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	switch word {
	case "":
		return at, nil
	case "now":
		return now, nil
	case "today":
		return today, nil
	case "yesterday":
		return today.AddDate(0, 0, -1), nil
	}
	for back := range 7 {
		day := today.AddDate(0, 0, -back)
		if name := strings.ToLower(day.Weekday().String()); word == name || word == name[:3] {
			return day, nil
		}
	}
	for _, layout := range dateLayouts() {
		if at, err := time.ParseInLocation(layout, strings.TrimSpace(text), now.Location()); err == nil {
			return at, nil
		}
	}
	var length settings.Span
	if length.UnmarshalText([]byte(word)) == nil {
		return now.Add(-time.Duration(length)), nil
	}
	return at, misuse("%s %q is no date: write %s", flag, text, datesHelp)
}
