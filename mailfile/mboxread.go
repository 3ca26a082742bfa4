package mailfile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
)

// mboxBuffer is how much of a file is read at once, in octets.
const mboxBuffer = 64 << 10

// A textLine is a line of an mbox file.
type textLine struct {
	at, size int64  // where it lies, its end included, in octets
	start    []byte // of it, valid until the next line is read
	blank    bool   // nothing is on it
	ended    bool   // its end is there
}

// A mboxReader parts an mbox file by lines, of which it keeps no more than the start.
type mboxReader struct {
	file io.ReaderAt
	size int64 // of the file, in octets
	at   int64 // how much of it was read
	text *bufio.Reader
	line textLine // that was read last: the From_ line, between two messages
	kept [longestFromLine + 1]byte
	done bool // no message follows

	lines  int // that were begun
	traits mboxTraits
	here   warnings // of the message that is read
	ahead  warnings // of the one that follows it
}

func newMboxReader(file io.ReaderAt, size int64) *mboxReader {
	return &mboxReader{file: file, size: size,
		text: bufio.NewReaderSize(io.NewSectionReader(file, 0, size), mboxBuffer)}
}

// partMbox gives the messages of an mbox file of size octets until it is told to stop. Every
// octet belongs to one message or to what stands between two: a From_ line, and a blank line
// before it. The first of the file need not bear a date.
func partMbox(file io.ReaderAt, size int64, yield func(*Entry) bool) error {
	m := newMboxReader(file, size)
	traits, err := readTraits(file, size)
	if err != nil {
		return err
	}
	m.traits = traits
	if err := m.first(); err != nil {
		return err
	}
	for !m.done {
		p, err := m.message()
		if err != nil {
			return err
		}
		if !yield(p) {
			return nil
		}
	}
	return nil
}

// first reads up to the first From_ line: a byte order mark and blank lines may stand before it.
func (m *mboxReader) first() error {
	start, err := m.text.Peek(len(byteOrderMark))
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if string(start) == byteOrderMark {
		n, _ := m.text.Discard(len(start)) // they are in the buffer
		m.at += int64(n)
	}
	for m.line.blank = true; m.line.blank; {
		if m.done = m.at == m.size; m.done {
			return nil
		}
		if err := m.next(); err != nil {
			return err
		}
	}
	if !m.line.marked() {
		return fmt.Errorf("it does not begin with %q, as an mbox file does", mboxMark)
	}
	return nil
}

// message reads the message behind a From_ line, up to the next one. It ends where its
// Content-Length says, if another begins there or the file ends (mboxcl, mboxcl2).
func (m *mboxReader) message() (*Entry, error) {
	from, header := m.at, true
	length := bodyLength{}
	m.here, m.ahead = m.ahead, warnings{}
	for last := m.line; m.at < m.size; last = m.line {
		if err := m.next(); err != nil {
			return nil, err
		}
		if begins, err := m.begins(last); err != nil {
			return nil, err
		} else if begins {
			return m.close(from, last)
		}
		if !header {
			continue
		}
		length.read(&m.line)
		if header = !m.line.blank; header {
			continue
		}
		switch counted, err := m.skip(length); {
		case err != nil:
			return nil, err
		case counted:
			to := m.at
			if err := m.seek(); err != nil {
				return nil, err
			}
			return m.newPart(from, to, false)
		}
	}
	m.done = true
	return m.close(from, m.line)
}

// close ends a message behind that line, or before it if it is the blank line that an mbox
// file has between two messages.
func (m *mboxReader) close(from int64, last textLine) (*Entry, error) {
	to := last.at + last.size
	if last.blank && last.at > from {
		to = last.at
	}
	return m.newPart(from, to, true)
}

func (m *mboxReader) newPart(from, to int64, quoted bool) (*Entry, error) {
	p, err := newPart(m.file, from, to, quoted)
	if err == nil {
		p.Warnings = m.here.all()
	}
	return p, err
}

// next reads a line, or what is left of the file.
func (m *mboxReader) next() error {
	m.line = textLine{at: m.at, start: m.kept[:0]}
	m.lines++
	for {
		piece, err := m.text.ReadSlice('\n')
		m.at += int64(len(piece))
		m.line.start = append(m.line.start, piece[:min(len(piece), cap(m.line.start)-len(m.line.start))]...)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		m.line.size, m.line.ended = m.at-m.line.at, err == nil
		m.line.blank = string(m.line.start) == "\n" || string(m.line.start) == "\r\n"
		if errors.Is(err, io.EOF) && m.line.size > 0 {
			err = nil
		}
		return err
	}
}

// marked reports whether the line begins as a From_ line does, and is no longer than one.
func (l *textLine) marked() bool {
	return l.size <= longestFromLine && bytes.HasPrefix(l.start, []byte(mboxMark))
}

// dated reports whether the line is a From_ line with a date.
func (l *textLine) dated() bool { return l.marked() && beginsMessage(l.start) }

// pass passes over octets.
func (m *mboxReader) pass(left int64) error {
	for left > 0 { // a platform may have an int of 32 bits
		n, err := m.text.Discard(int(min(left, math.MaxInt32)))
		m.at, left = m.at+int64(n), left-int64(n)
		if err != nil {
			return err
		}
	}
	return nil
}

// ends reports whether the file ends at that octet or a message begins there, behind one blank
// line or none.
func (m *mboxReader) ends(at int64) (bool, error) {
	next := make([]byte, 1+len("\r\n")+longestFromLine)
	n, err := m.file.ReadAt(next, at-1)
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	last, next := next[0], next[1:n]
	behind, ended := bytes.CutPrefix(next, []byte("\r\n"))
	if !ended {
		behind, ended = bytes.CutPrefix(next, []byte("\n"))
	}
	return len(behind) == 0 || (ended || last == '\n') && beginsMessage(behind), nil
}

// seek reads up to the From_ line where ends has seen one, or to the end of the file.
func (m *mboxReader) seek() error {
	for m.line.blank = true; m.line.blank; {
		if m.done = m.at == m.size; m.done {
			return nil
		}
		if err := m.next(); err != nil {
			return err
		}
	}
	if !m.line.marked() {
		return errors.New("it was changed while it was read: try again")
	}
	return nil
}
