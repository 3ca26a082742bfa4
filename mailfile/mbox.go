package mailfile

import (
	"bytes"
	"regexp"
	"sync"
)

// mboxMark begins each message of an mbox file (RFC 4155).
const mboxMark = "From "

// fromLine is what a program writes before a message: who it is from, as one word, as "a at b"
// or with a quoted local part, and when it came, as asctime or as in a Date field. Some put a
// time zone before the year or behind it, Google Takeout an offset before it, and UUCP the
// machine at the end.
var fromLine = once(`^From (?:\S+ +(?:at \S+ +)?|"[^"]*"\S* +)?` +
	`(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)(?:` +
	` +` + monthName + ` +\d{1,2} +` + clockTime + `(?: +[A-Za-z+-][A-Za-z0-9:+-]*){0,2} +\d{4}` +
	`(?: +[A-Z+-][A-Za-z0-9]*)?|, +\d{1,2} +` + monthName + ` +\d{4} +` + clockTime +
	`(?: +[A-Z+-][A-Za-z0-9]*)?)(?: +remote from \S+)?[ \t]*$`)

const (
	monthName = `(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)`
	clockTime = `\d{1,2}:\d\d(?::\d\d)?`
)

// fieldStart is the name of a header field and its colon (RFC 5322, section 2.2).
var fieldStart = once(`^[!-9;-~]{1,128}[ \t]*:`)

// once is an expression that is made when it is used first: most commands read no mail file, and these
// take milliseconds of each start.
func once(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}

// longestFromLine is how long a From_ line may be, with its end, in octets. Who it is from
// has at most 256 (RFC 5321, section 4.5.3.1.3), the date and the machine fewer.
const longestFromLine = 1 << 10

// beginsMessage reports whether text begins with a From_ line that bears a date.
func beginsMessage(text []byte) bool {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	return len(line) < longestFromLine && fromLine().Match(bytes.TrimSuffix(line, []byte("\r")))
}

// beginsMbox reports whether text begins with a From_ line that bears a date, and a header.
func beginsMbox(text []byte) bool {
	text = trimPreamble(text)
	_, rest, _ := bytes.Cut(text, []byte("\n"))
	return beginsMessage(text) && fieldStart().Match(rest)
}

// marksMbox reports whether text, of a file that was named, begins with a From_ line: one that
// bears a date, or above the header of a message, which tells it from a text.
func marksMbox(text []byte) bool {
	text = trimPreamble(text)
	line, rest, _ := bytes.Cut(text, []byte("\n"))
	if beginsMessage(text) {
		return true
	}
	head, _ := readHeader(rest, true)
	return bytes.HasPrefix(line, []byte(mboxMark)) && len(line) < longestFromLine &&
		head == wholeHeader
}

// byteOrderMark is what some editors put before a text in UTF-8.
const byteOrderMark = "\ufeff"

// trimPreamble takes off what may stand before the first From_ line.
func trimPreamble(text []byte) []byte {
	return bytes.TrimLeft(bytes.TrimPrefix(text, []byte(byteOrderMark)), "\r\n")
}
