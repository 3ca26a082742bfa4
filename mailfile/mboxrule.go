package mailfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// Nothing in an mbox file tells for certain where a message begins: a text can hold the same
// lines. So it is read by what the whole file shows of the program that wrote it, and every
// place that could be read otherwise is named.

// mboxTraits are what a file shows of the program that wrote it.
type mboxTraits struct {
	counted  bool // every message has a Content-Length that fits, as programs write that go by it
	spaced   bool // a blank line stands before a From_ line with a date that is not the first
	loose    bool // within a paragraph a line begins with "From " and has no > before it
	unmarked int  // the first line behind a blank one that does, 0 if none does
}

// strict reports whether a From_ line within a paragraph is text: blank lines stand between
// messages, and such lines are left as they are within a text.
func (t *mboxTraits) strict() bool { return t.spaced && t.loose }

// readTraits goes through a file once.
func readTraits(file io.ReaderAt, size int64) (t mboxTraits, err error) {
	if t.counted, err = allCounted(file, size); t.counted || err != nil {
		return t, err
	}
	m := newMboxReader(file, size)
	if err := m.first(); err != nil {
		return t, err
	}
	for last := m.line; m.at < m.size; last = m.line {
		if err := m.next(); err != nil {
			return t, err
		}
		switch {
		case m.line.dated():
			t.spaced = t.spaced || last.blank
		case !m.line.undated():
		case !last.blank:
			t.loose = true
		case t.unmarked == 0:
			t.unmarked = m.lines
		}
	}
	return t, nil
}

// allCounted reports whether each message of a file has a Content-Length by which the next one
// is found. A single one may have been written by whoever sent the message.
func allCounted(file io.ReaderAt, size int64) (bool, error) {
	m := newMboxReader(file, size)
	if err := m.first(); err != nil || m.done {
		return false, err
	}
	for !m.done {
		length := bodyLength{}
		for m.line.blank = false; !m.line.blank; length.read(&m.line) {
			if m.at == m.size {
				return false, nil
			}
			if err := m.next(); err != nil || m.line.dated() {
				return false, err
			}
		}
		n, ok, err := m.fits(length)
		if !ok || err != nil {
			return false, err
		}
		if err = m.pass(n); err == nil {
			err = m.seek()
		}
		if err != nil {
			return false, err
		}
	}
	return true, nil
}

// begins reports whether a message begins with the line that was read, behind last. A From_
// line with a date begins one behind a blank line; elsewhere only above a whole header, and
// where the file does not show such lines to be text.
func (m *mboxReader) begins(last textLine) (bool, error) {
	if !m.line.undated() && !m.line.dated() {
		return false, nil
	}
	head, err := m.below()
	switch {
	case err != nil:
		return false, err
	case m.line.undated() && last.blank && head == wholeHeader:
		m.doubt(`it does not end with a date, as "From " lines do`)
		return false, nil
	case m.line.undated():
		if m.lines == m.traits.unmarked {
			m.here.add(m.lines, `it begins with "From " and is text: the program that wrote the `+
				"file does not mark such lines, and a text may have begun a message")
		}
		return false, nil
	case last.blank && head == noHeader:
		m.ahead.add(m.lines, "a message begins here that has no header")
	case last.blank:
	case head != wholeHeader:
		m.doubt("no blank line stands before it, and no header of a message behind it")
		return false, nil
	case m.traits.strict():
		m.doubt("no blank line stands before it, and other lines of the file that begin with " +
			`"From " are text`)
		return false, nil
	default:
		m.ahead.add(m.lines, "a message begins here, though no blank line stands before it")
	}
	return true, nil
}

// undated reports whether the line begins as a From_ line does and is none. One with a colon is
// a field, From with white space behind it.
func (l *textLine) undated() bool {
	rest, marked := bytes.CutPrefix(l.start, []byte(mboxMark))
	return marked && !bytes.HasPrefix(bytes.TrimLeft(rest, " \t"), []byte(":")) && !l.dated()
}

// doubt notes that the line that was read looks like the start of a message, and why it is none.
func (m *mboxReader) doubt(why string) {
	m.here.add(m.lines, "it looks like the start of a message and is read as text: "+why)
}

// A headerBelow is what stands below a From_ line.
type headerBelow int

const (
	noHeader headerBelow = iota
	someHeader
	wholeHeader // with From, and another field that a message has
)

// below looks at what follows the line that was read, as far as there is a header.
func (m *mboxReader) below() (headerBelow, error) {
	for n := 1 << 10; ; n *= 4 {
		text, err := m.text.Peek(min(n, mboxBuffer))
		if err != nil && !errors.Is(err, io.EOF) {
			return noHeader, err
		}
		whole := err != nil || n >= mboxBuffer
		if head, enough := readHeader(text, whole); enough {
			return head, nil
		}
	}
}

// readHeader reads fields until it is clear what they are. Unless text is whole its last line
// may have been cut.
func readHeader(text []byte, whole bool) (head headerBelow, enough bool) {
	var from, other bool
	for line := range bytes.Lines(text) {
		switch {
		case !whole && !bytes.HasSuffix(line, []byte("\n")):
			return head, false
		case head == noHeader || line[0] != ' ' && line[0] != '\t':
			if !fieldStart().Match(line) {
				return head, true
			}
			head = someHeader
		}
		name, _, _ := bytes.Cut(line, []byte(":"))
		switch string(bytes.ToLower(bytes.TrimRight(name, " \t"))) {
		case "from":
			from = true
		case "date", "message-id", "received", "subject", "to":
			other = true
		}
		if from && other {
			return wholeHeader, true
		}
	}
	return head, whole
}

// hides looks for the start of a message within the n octets of a body. Where every message of
// the file says how long it is they are text; else the Content-Length is not believed, which
// whoever sent the message could have written to hide the next one.
func (m *mboxReader) hides(n int64) (bool, error) {
	in := newMboxReader(io.NewSectionReader(m.file, m.at, n), n)
	in.traits, in.lines = m.traits, m.lines
	for last := (textLine{blank: true}); in.at < n; last = in.line {
		if err := in.next(); err != nil {
			return false, err
		}
		switch begins, err := in.begins(last); {
		case err != nil:
			return false, err
		case begins && !m.traits.counted:
			m.here.add(in.lines, "a message begins here, though the Content-Length of the one "+
				"before goes beyond it: not every message of the file has one that fits")
			return true, nil
		case begins:
			m.here.add(in.lines, "it looks like the start of a message and is read as text: "+
				"the Content-Length of the message goes beyond it")
		}
	}
	if m.lines = in.lines; n > 0 && !in.line.ended {
		m.lines-- // its end is still to be read
	}
	return false, nil
}

// mostWarnings is how many places of one message are named: whoever wrote it may have filled it
// with them.
const mostWarnings = 10

// warnings name places of a file that could be read otherwise than they are.
type warnings struct {
	texts []string
	more  int // that are not named
}

func (w *warnings) add(line int, text string) {
	if len(w.texts) == mostWarnings {
		w.more++
		return
	}
	w.texts = append(w.texts, fmt.Sprintf("line %d: %s", line, text))
}

// all are the texts, an empty slice if there are none.
func (w *warnings) all() []string {
	if w.more == 0 {
		return append([]string{}, w.texts...)
	}
	return append(w.texts[:len(w.texts):len(w.texts)], fmt.Sprintf("and %d more", w.more))
}
