package mailfile

import (
	"bytes"
	"strconv"
)

// skip passes over a body that is as long as its header said, if that is to be believed.
func (m *mboxReader) skip(length bodyLength) (bool, error) {
	n, ok, err := m.fits(length)
	if !ok || err != nil {
		return false, err
	}
	if hides, err := m.hides(n); hides || err != nil {
		return false, err
	}
	return true, m.pass(n)
}

// fits is the length of a body if a message begins behind it or the file ends.
func (m *mboxReader) fits(length bodyLength) (n int64, ok bool, err error) {
	n, ok = length.said()
	if !ok || n > m.size-m.at {
		return 0, false, nil
	}
	ok, err = m.ends(m.at + n)
	return n, ok, err
}

// A bodyLength is what a header section says of the length of its body, in octets.
type bodyLength struct {
	n     int64
	there bool
	wrong bool // it says two things, or nothing that can be read
}

// lengthField says in an mbox file how long a body is, in octets.
const lengthField = "Content-Length"

// read reads a line of the header section.
func (b *bodyLength) read(line *textLine) {
	name, value, _ := bytes.Cut(line.start, []byte(":"))
	if !bytes.EqualFold(bytes.TrimRight(name, " \t"), []byte(lengthField)) {
		return
	}
	n, err := strconv.ParseUint(string(bytes.TrimSpace(value)), 10, 62)
	cut := line.size > int64(len(line.start))
	b.wrong = b.wrong || cut || err != nil || b.there && int64(n) != b.n
	b.n, b.there = int64(n), true
}

// said is the length, if the header section says one thing.
func (b bodyLength) said() (n int64, ok bool) { return b.n, b.there && !b.wrong }
