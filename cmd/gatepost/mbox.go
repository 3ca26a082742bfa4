package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"regexp"
	"strconv"

	"gatepost/message"
)

// mboxMark begins each message of an mbox file (RFC 4155).
const mboxMark = "From "

// mboxPeek is how much of a file is looked at to see whether a message begins there, in octets.
// A line of mail has at most 1,000 (RFC 5321, section 4.5.3.1.6).
const mboxPeek = 2048

// fromLine is what a program writes before a message: who it is from, as one word, as "a at b"
// or with a quoted local part, and when it came, as asctime or as in a Date field. Some put a
// time zone before the year or behind it, Google Takeout an offset before it, and UUCP the
// machine at the end.
var fromLine = regexp.MustCompile(`^From (?:\S+ +(?:at \S+ +)?|"[^"]*"\S* +)?` +
	`(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)(?:` +
	` +` + monthName + ` +\d{1,2} +` + clockTime + `(?: +[A-Za-z+-][A-Za-z0-9:+-]*){0,2} +\d{4}` +
	`(?: +[A-Z+-][A-Za-z0-9]*)?|, +\d{1,2} +` + monthName + ` +\d{4} +` + clockTime +
	`(?: +[A-Z+-][A-Za-z0-9]*)?)(?: +remote from \S+)?[ \t]*$`)

const (
	monthName = `(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)`
	clockTime = `\d{1,2}:\d\d(?::\d\d)?`
)

// fieldStart is the name of a header field and its colon (RFC 5322, section 2.2).
var fieldStart = regexp.MustCompile(`^[!-9;-~]{1,128}[ \t]*:`)

// beginsMessage reports whether text begins with a From_ line that bears a date.
func beginsMessage(text []byte) bool {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	return fromLine.Match(bytes.TrimSuffix(line, []byte("\r")))
}

// beginsMbox reports whether text begins with a From_ line that bears a date, and a header.
func beginsMbox(text []byte) bool {
	_, rest, _ := bytes.Cut(text, []byte("\n"))
	return beginsMessage(text) && fieldStart.Match(rest)
}

// readMbox parts an mbox file into its messages, and takes off the > that its writer put before
// lines of a message that begin with "From " (mboxrd). It holds one message in memory at a time.
func readMbox(path string) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		f, err := os.Open(path)
		if err != nil {
			yield(nil, err)
			return
		}
		defer f.Close()
		info, err := f.Stat()
		if err == nil {
			err = partMbox(f, info.Size(), func(raw []byte) bool {
				return yield(message.CRLF(raw), nil)
			})
		}
		if err != nil {
			yield(nil, fmt.Errorf("%s: %w", path, err))
		}
	}
}

// A mboxReader reads an mbox file by lines.
type mboxReader struct {
	file io.ReaderAt
	size int64 // of the file, in octets
	at   int64 // how much of it was read
	text *bufio.Reader
}

// partMbox gives the messages of an mbox file of size octets until it is told to stop. A
// message ends where its Content-Length says, if another begins there or the file ends (mboxcl,
// mboxcl2). Else it ends before the next From_ line with a date, if a blank line stands before
// that or a header field behind it.
func partMbox(file io.ReaderAt, size int64, yield func([]byte) bool) error {
	m := &mboxReader{file: file, size: size,
		text: bufio.NewReaderSize(io.NewSectionReader(file, 0, size), 64<<10)}
	var raw []byte
	begun, header, blank := false, false, true // blank: so was the line before
	for m.at < size {
		line, err := m.line()
		if err != nil {
			return err
		}
		ends := len(bytes.TrimRight(line, "\r\n")) == 0
		switch {
		case m.begins(line, blank, begun):
			if begun && !yield(trimBlank(raw)) {
				return nil
			}
			raw, begun, header = nil, true, true
		case header && ends:
			header, raw = false, append(raw, line...)
			body, ok, err := m.counted(raw)
			if err != nil {
				return err
			}
			if ok {
				if begun, blank = false, true; !yield(append(raw, body...)) {
					return nil
				}
				continue
			}
		case begun:
			raw = append(raw, unquoteMbox(line)...)
		}
		blank = ends
	}
	if begun {
		yield(trimBlank(raw))
	}
	return nil
}

// line reads a line with its end, or what is left of the file.
func (m *mboxReader) line() ([]byte, error) {
	line, err := m.text.ReadBytes('\n')
	m.at += int64(len(line))
	if errors.Is(err, io.EOF) && len(line) > 0 {
		err = nil
	}
	return line, err
}

// begins reports whether a message begins with this line. The first of the file need not bear
// a date.
func (m *mboxReader) begins(line []byte, blank, begun bool) bool {
	if !bytes.HasPrefix(line, []byte(mboxMark)) {
		return false
	}
	if !begun && m.at == int64(len(line)) {
		return true
	}
	if !beginsMessage(line) {
		return false
	}
	next, _ := m.text.Peek(mboxPeek) // an error of the file comes with the next line
	return blank || fieldStart.Match(next)
}

// counted is the body of a message whose header is read, if that says how long it is and a
// message begins behind it or the file ends.
func (m *mboxReader) counted(header []byte) (body []byte, ok bool, err error) {
	n, ok := contentLength(header)
	if !ok || n > m.size-m.at || !m.ends(m.at+n) {
		return nil, false, nil
	}
	body = make([]byte, n)
	if _, err := io.ReadFull(m.text, body); err != nil {
		return nil, false, err
	}
	m.at += n
	return body, true, nil
}

// ends reports whether the file ends at that octet or a message begins there, behind one blank
// line or none.
func (m *mboxReader) ends(at int64) bool {
	next := make([]byte, mboxPeek)
	n, err := m.file.ReadAt(next, at)
	if err != nil && !errors.Is(err, io.EOF) {
		return false
	}
	next = next[:n]
	behind := bytes.TrimPrefix(bytes.TrimPrefix(next, []byte("\r")), []byte("\n"))
	return len(behind) == 0 || beginsMessage(next) || beginsMessage(behind)
}

// contentLength is what the field of that name says, if it is there and says one thing.
func contentLength(header []byte) (n int64, ok bool) {
	for line := range bytes.Lines(header) {
		name, value, _ := bytes.Cut(line, []byte(":"))
		if !bytes.EqualFold(bytes.TrimRight(name, " \t"), []byte(lengthField)) {
			continue
		}
		said, err := strconv.ParseUint(string(bytes.TrimSpace(value)), 10, 62)
		if err != nil || ok && int64(said) != n {
			return 0, false
		}
		n, ok = int64(said), true
	}
	return n, ok
}

// lengthField says in an mbox file how long a body is, in octets.
const lengthField = "Content-Length"

// trimBlank takes off the blank line that an mbox file has between two messages.
func trimBlank(raw []byte) []byte {
	for _, end := range []string{"\r\n", "\n"} {
		if rest, ok := bytes.CutSuffix(raw, []byte(end)); ok && bytes.HasSuffix(rest, []byte("\n")) {
			return rest
		}
	}
	return raw
}

func unquoteMbox(line []byte) []byte {
	if rest := bytes.TrimLeft(line, ">"); len(rest) < len(line) &&
		bytes.HasPrefix(rest, []byte(mboxMark)) {
		return line[1:]
	}
	return line
}
