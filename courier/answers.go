package courier

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Answers say how the answers of a desk are read. Statuses are written as in "200, 202, 5xx,
// 500-503"; patterns are regular expressions of Go (RE2), tried on the first 64 KiB of the body.
// They are asked in the order of the fields; what none of them knows is a refusal.
type Answers struct {
	// RetryBody tells of a message that may be taken later, whatever the status.
	RetryBody string
	// Done are the statuses of a message that was taken; "2xx" if it is empty. None of 3xx can
	// be: a redirect leads to a login page as often as not.
	Done string
	// DoneBody must match too. Without it the status says enough.
	DoneBody string
	// FailBody tells of a refusal where the status is one of Done. If it is given, a body that is
	// neither this nor DoneBody comes from somebody else than the desk: a mistake in the settings.
	// Without it each such body is a refusal.
	FailBody string
	// RetrySome are statuses of a message that may be taken later, or never: it is tried again
	// up to SomeAttempts, and is refused then.
	RetrySome string
	// SomeAttempts is 5 if it is 0.
	SomeAttempts int
	// Pause are the statuses that tell of a mistake in the settings: the target stops and the mail
	// waits. "3xx, 401, 403-405, 407, 415, 426, 501, 505" if it is empty.
	Pause string
	// Retry are the statuses of a message that may be taken later; "408, 425, 429, 5xx" if it is
	// empty.
	Retry string
}

const someAttempts = 5

// A reader of answers is Answers, checked.
type answerRules struct {
	done, some, pause, retry      statuses
	doneBody, failBody, retryBody *regexp.Regexp
	attempts                      int
}

func (a Answers) rules() (r answerRules, err error) {
	for _, s := range []struct {
		key, text, standard string
		to                  *statuses
	}{
		{"done", a.Done, "2xx", &r.done},
		{"retry_some", a.RetrySome, "", &r.some},
		{"pause", a.Pause, "3xx, 401, 403-405, 407, 415, 426, 501, 505", &r.pause},
		{"retry", a.Retry, "408, 425, 429, 5xx", &r.retry},
	} {
		if strings.TrimSpace(s.text) == "" {
			s.text = s.standard
		}
		if *s.to, err = parseStatuses(s.text); err != nil {
			return r, fmt.Errorf("%s: %w", s.key, err)
		}
	}
	if r.done.touches(300, 399) {
		return r, fmt.Errorf("done: %q has a redirect in it, which is no success: leave 3xx out, "+
			"and set url to where it leads", a.Done)
	}
	for _, p := range []struct {
		key, text string
		to        **regexp.Regexp
	}{
		{"done_body", a.DoneBody, &r.doneBody},
		{"fail_body", a.FailBody, &r.failBody},
		{"retry_body", a.RetryBody, &r.retryBody},
	} {
		if p.text == "" {
			continue
		}
		if *p.to, err = regexp.Compile(p.text); err != nil {
			return r, fmt.Errorf("%s: %q is no regular expression: %w", p.key, p.text, err)
		}
	}
	if r.attempts = a.SomeAttempts; r.attempts == 0 {
		r.attempts = someAttempts
	}
	if r.attempts < 0 {
		return r, fmt.Errorf("some_attempts: %d is less than nothing: give how often a message "+
			"is tried, as in 5", a.SomeAttempts)
	}
	return r, nil
}

// read is what an answer means for a message.
func (r answerRules) read(a *answer, attempt int) (o Outcome, pause bool) {
	switch {
	case matches(r.retryBody, a.body):
		return Retry, false
	case r.done.has(a.status):
		return r.taken(a)
	case r.some.has(a.status) && attempt <= r.attempts:
		return Retry, false
	case r.some.has(a.status):
		return Fail, false
	case r.pause.has(a.status), wrongPort(a):
		return Retry, true
	case r.retry.has(a.status):
		return Retry, false
	}
	return Fail, false
}

// taken looks at the answer of a status that tells of success.
func (r answerRules) taken(a *answer) (o Outcome, pause bool) {
	switch {
	case a.early: // it cannot speak of what was not there yet
		return Retry, false
	case r.doneBody == nil && r.failBody == nil, matches(r.doneBody, a.body):
		return Done, false
	case a.broken != nil: // the rest of it could have been the word that is looked for
		return Unknown, false
	case r.failBody == nil, matches(r.failBody, a.body):
		return Fail, false
	case r.doneBody == nil: // it is not what tells of a refusal
		return Done, false
	}
	return Retry, true
}

func matches(pattern *regexp.Regexp, body []byte) bool {
	return pattern != nil && pattern.Match(body)
}

// wrongPort reports whether a server of HTTPS says that it was spoken to in the clear: Go's,
// nginx's and Apache's words.
func wrongPort(a *answer) bool {
	body := strings.ToLower(string(a.body))
	return a.status == http.StatusBadRequest &&
		(strings.Contains(body, "http request to an https server") ||
			strings.Contains(body, "plain http request was sent to https port") ||
			strings.Contains(body, "speaking plain http to an ssl-enabled"))
}

// retryAfter is how long an answer asks to be left alone: seconds or a date (RFC 9110, section
// 10.2.3). What is neither is nothing; more than five days are five.
func retryAfter(a *answer, now time.Time) time.Duration {
	text := strings.TrimSpace(a.header.Get("Retry-After"))
	if strings.Trim(text, "0123456789") == "" && text != "" {
		seconds, err := strconv.ParseUint(text, 10, 32)
		if err != nil || seconds > uint64(longestDelay/time.Second) {
			return longestDelay
		}
		return time.Duration(seconds) * time.Second
	}
	date, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	return min(max(date.Sub(now), 0), longestDelay)
}

// statuses are ranges of HTTP statuses.
type statuses [][2]int

func (s statuses) has(status int) bool { return s.touches(status, status) }

func (s statuses) touches(from, to int) bool {
	for _, r := range s {
		if r[0] <= to && from <= r[1] {
			return true
		}
	}
	return false
}

func parseStatuses(text string) (list statuses, err error) {
	for word := range strings.FieldsSeq(strings.ReplaceAll(text, ",", " ")) {
		low, high, ranged := strings.Cut(word, "-")
		if digit, rest := word[0], word[1:]; strings.EqualFold(rest, "xx") {
			low, high = string(digit)+"00", string(digit)+"99"
		} else if !ranged {
			high = low
		}
		from, err1 := strconv.Atoi(low)
		to, err2 := strconv.Atoi(high)
		if err1 != nil || err2 != nil || from < 200 || to > 599 || from > to {
			return nil, fmt.Errorf("%q is no status of an answer: write it as in 200, 5xx or "+
				"500-503, from 200 to 599", word)
		}
		list = append(list, [2]int{from, to})
	}
	return list, nil
}
