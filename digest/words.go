package digest

import (
	"fmt"
	"html/template"
	"strings"
	"time"

	"gatepost/terminal"
)

// mostShown is how much of a text from outside is shown, in runes.
const mostShown = 120

// words are what the templates say things with.
func (d *Digest) words() template.FuncMap {
	return template.FuncMap{
		"show": show,
		"when": func(at time.Time) string { return at.In(d.Zone).Format("Mon 2 Jan 15:04 MST") },
		"left": func(until time.Time) string {
			if left := until.Sub(d.At); left > 0 {
				return lasts(left) + " left"
			}
			return "its time is over"
		},
		"lasts": func(since time.Time) string { return lasts(d.At.Sub(since)) },
		"count": count,
		"total": func() int { return len(d.Held) + d.More },
		"link":  d.link,
	}
}

// link is where a held message is shown to whoever signs in; empty for nowhere.
func (d *Digest) link(id int64) string {
	if d.Links == "" {
		return ""
	}
	return fmt.Sprintf("%s/suspended/%d", d.Links, id)
}

// show is one line of what a stranger wrote. What cannot be seen is escaped; and mail programs make
// links of what looks like the beginning of one, so that it does not.
func show(s string) string {
	text := terminal.Visible(s)
	for _, begins := range []string{"://", "www.", "WWW.", "mailto:", "MAILTO:"} {
		text = strings.ReplaceAll(text, begins, begins[:len(begins)-1]+" "+begins[len(begins)-1:])
	}
	if runes := []rune(text); len(runes) > mostShown {
		return string(runes[:mostShown]) + "…"
	}
	return text
}

// lasts is a length of time in its largest unit.
func lasts(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return count(int(d/(24*time.Hour)), "day", "days")
	case d >= 2*time.Hour:
		return count(int(d/time.Hour), "hour", "hours")
	}
	return count(int(d/time.Minute), "minute", "minutes")
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
