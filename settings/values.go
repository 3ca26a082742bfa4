package settings

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// What a setting may be, each read from the text that flags and the environment have.

// Words are several values in one text, separated by white space.
type Words []string

// UnmarshalText parts the text at white space. A comma belongs to a value in a quoted string only,
// as in a local part (RFC 5321, section 4.1.2).
func (w *Words) UnmarshalText(text []byte) error {
	words := strings.Fields(string(text))
	for _, word := range words {
		if strings.Contains(word, ",") && !strings.Contains(word, `"`) {
			return fmt.Errorf("%q: values are separated by white space, not by a comma", word)
		}
	}
	*w = words
	return nil
}

// String is the text that reads back as w.
func (w Words) String() string { return strings.Join(w, " ") }

// A Number counts things, at least one.
type Number int

// UnmarshalText takes decimal digits, from 1.
func (n *Number) UnmarshalText(text []byte) error {
	i, err := strconv.Atoi(string(text))
	if err != nil || i < 1 {
		return fmt.Errorf("%q is no whole number above 0", text)
	}
	*n = Number(i)
	return nil
}

// A Secret is shown to nobody.
type Secret string

// UnmarshalText takes any text.
func (s *Secret) UnmarshalText(text []byte) error {
	*s = Secret(text)
	return nil
}

// String says whether there is one.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "(set)"
}

// A Database is the name of an SQLite file, or the URL of a database of PostgreSQL, whose password is
// shown to nobody.
type Database string

// IsServer reports whether it is a URL.
func (d Database) IsServer() bool {
	scheme, _, isURL := strings.Cut(string(d), "://")
	return isURL && (scheme == "postgres" || scheme == "postgresql")
}

// String is the name, or the URL without the password.
func (d Database) String() string {
	if !d.IsServer() {
		return string(d)
	}
	u, err := url.Parse(string(d))
	if err != nil {
		return "(no URL)"
	}
	if q := u.Query(); q.Has("password") {
		q.Set("password", "xxxxx")
		u.RawQuery = q.Encode()
	}
	return u.Redacted()
}

// A URL is an address of a page. What is behind its question mark is shown to nobody: it may be a
// secret.
type URL string

// UnmarshalText takes any text.
func (u *URL) UnmarshalText(text []byte) error {
	*u = URL(text)
	return nil
}

// String is the address without its query.
func (u URL) String() string {
	if shown, _, found := strings.Cut(string(u), "?"); found {
		return shown + "?(set)"
	}
	return string(u)
}

// A Limit counts things that there may be at most; 0 is no limit.
type Limit int

// UnmarshalText takes decimal digits, from 0.
func (l *Limit) UnmarshalText(text []byte) error {
	i, err := strconv.Atoi(string(text))
	if err != nil || i < 0 {
		return fmt.Errorf("%q is no whole number: write 0 for no limit", text)
	}
	*l = Limit(i)
	return nil
}

// A Toggle is on or off.
type Toggle bool

// UnmarshalText takes true and false, and nothing else.
func (t *Toggle) UnmarshalText(text []byte) error {
	switch string(text) {
	case "true":
		*t = true
	case "false":
		*t = false
	default:
		return fmt.Errorf("%q: write true or false", text)
	}
	return nil
}

// A Size is a number of octets: 512, 64KiB, 25MiB, 2GiB; KB, MB and GB are powers of ten.
type Size int64

var errSize = errors.New(`a size is a number and a unit, such as "25MiB"`)

// UnmarshalText takes a whole number and its unit, in any letter case.
func (s *Size) UnmarshalText(text []byte) error {
	n, unit, err := splitUnit(string(text))
	if err != nil {
		return fmt.Errorf("%q: %w", text, errSize)
	}
	for _, u := range sizeUnits() {
		if strings.EqualFold(unit, u.name) && n <= 1<<62/u.factor {
			*s = Size(n * u.factor)
			return nil
		}
	}
	return fmt.Errorf("%q: %w", text, errSize)
}

// String is the text that reads back as s, in the largest unit without a rest.
func (s Size) String() string {
	for _, u := range sizeUnits() {
		if s != 0 && int64(s)%u.factor == 0 {
			return strconv.FormatInt(int64(s)/u.factor, 10) + u.name
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

type unit struct {
	name   string
	factor int64
}

// sizeUnits are the units of a size, the one to print first.
func sizeUnits() []unit {
	return []unit{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"", 1},
		{"GB", 1e9}, {"MB", 1e6}, {"KB", 1e3}, {"B", 1}}
}

// A Span is a length of time: 30s, 5m, 12h, 14d.
type Span time.Duration

var errSpan = errors.New(`a length of time is a number and a unit, such as "14d" or "90s"`)

// UnmarshalText takes days, or what time.ParseDuration does.
func (s *Span) UnmarshalText(text []byte) error {
	if n, unit, err := splitUnit(string(text)); err == nil && unit == "d" && n < 1e5 {
		*s = Span(time.Duration(n) * 24 * time.Hour)
		return nil
	}
	if n, unit, err := splitUnit(string(text)); err == nil && unit == "" {
		return fmt.Errorf("%d has no unit: write \"%dd\" for days, or h, m or s after it", n, n)
	}
	d, err := time.ParseDuration(string(text))
	if err != nil || d < 0 {
		return fmt.Errorf("%q: %w", text, errSpan)
	}
	*s = Span(d)
	return nil
}

// String is the text that reads back as s.
func (s Span) String() string {
	d := time.Duration(s)
	if day := 24 * time.Hour; d >= day && d%day == 0 {
		return strconv.Itoa(int(d/day)) + "d"
	}
	text := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = strings.TrimSuffix(text, zero[1:])
		}
	}
	return text
}

// splitUnit parts the whole number at the start of text from what follows.
func splitUnit(text string) (n int64, unit string, err error) {
	end := strings.IndexFunc(text, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(text)
	}
	n, err = strconv.ParseInt(text[:end], 10, 64)
	return n, strings.TrimSpace(text[end:]), err
}
