package mailfile

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"gatepost/message"
)

// partBuffer is how much of a message is read from its file at once, in octets.
const partBuffer = 32 << 10

// An Entry is one message in a file. Its octets are read from there whenever they are asked
// for, and none of them are kept: a message may be as large as the file.
type Entry struct {
	file     io.ReaderAt
	from, to int64    // where it lies in the file, in octets
	quoted   bool     // it may have a > before lines that begin with "From " (mboxrd)
	unix     bool     // its line ends are those of Unix
	Warnings []string // places of an mbox that could be read otherwise
}

// newPart looks at the line ends of a message.
func newPart(file io.ReaderAt, from, to int64, quoted bool) (*Entry, error) {
	p := &Entry{file: file, from: from, to: to, quoted: quoted}
	var err error
	p.unix, err = hasUnixEnds(p.stored())
	return p, err
}

// single is the only message of a file, from one octet to another. A byte order mark and a
// separator line (RFC 4155) before it are the file's.
func single(file io.ReaderAt, from, to int64) (*Entry, error) {
	p := &Entry{file: file, from: from, to: to}
	in := p.stored()
	if start, _ := in.Peek(len(byteOrderMark)); string(start) == byteOrderMark {
		n, _ := in.Discard(len(byteOrderMark)) // which are there
		from += int64(n)
	}
	start, err := in.Peek(int(min(to-from, peekedLine)))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if len(message.TrimMbox(start)) < len(start) {
		n, err := skipLine(in)
		if from += n; err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
	}
	return newPart(file, from, to, false)
}

// peekedLine shows whether a line is the separator of an mbox, in octets.
const peekedLine = 64

// skipLine passes over a line, and says how long it was.
func skipLine(in *bufio.Reader) (n int64, err error) {
	for {
		piece, err := in.ReadSlice('\n')
		n += int64(len(piece))
		if !errors.Is(err, bufio.ErrBufferFull) {
			return n, err
		}
	}
}

// stored reads the message as it lies in the file.
func (p *Entry) stored() *bufio.Reader {
	return bufio.NewReaderSize(io.NewSectionReader(p.file, p.from, p.to-p.from),
		int(min(max(p.to-p.from, peekedLine), partBuffer)))
}

// OnWire reads the message as it would come over the wire.
func (p *Entry) OnWire() io.Reader {
	in := p.stored()
	switch {
	case p.quoted && p.unix:
		return WireEnds(&unquoter{r: in})
	case p.quoted:
		return &unquoter{r: in}
	case p.unix:
		return WireEnds(in)
	}
	return in
}

// within is the error over if the message has more than limit octets on the wire.
func (p *Entry) within(limit int64, over error) error {
	if 2*(p.to-p.from) <= limit { // at most, where every octet is a line end
		return nil
	}
	_, err := io.Copy(io.Discard, p.Limited(limit, over))
	return err
}

// Limited reads the message as it would come over the wire; beyond limit octets the error is over.
func (p *Entry) Limited(limit int64, over error) io.Reader {
	return Limit(p.OnWire(), limit, over)
}

// hasUnixEnds reads as much of a message as message.HasUnixEnds looks at.
func hasUnixEnds(in *bufio.Reader) (bool, error) {
	last := byte('\n') // octet before this piece
	for ended := false; ; {
		piece, err := in.ReadSlice('\n')
		n := len(piece)
		switch {
		case n == 1 && piece[0] == '\n' && last == '\n':
			return true, nil
		case bytes.HasSuffix(piece, []byte("\r\n")), n == 1 && piece[0] == '\n' && last == '\r':
			return false, nil
		case errors.Is(err, io.EOF):
			return ended, nil
		case err != nil && !errors.Is(err, bufio.ErrBufferFull):
			return false, err
		}
		ended, last = ended || err == nil, piece[n-1]
	}
}

// An unquoter takes off one > of each line that begins with any number of them and "From ".
type unquoter struct {
	r      *bufio.Reader
	within bool  // a line, behind whatever > it begins with
	owed   int64 // of the > that were read, those that are not given yet
	err    error // that came behind them
}

func (u *unquoter) ReadByte() (c byte, err error) {
	if !u.within && u.owed == 0 {
		u.begin()
	}
	if u.owed > 0 {
		u.owed--
		return '>', nil
	}
	if u.err != nil {
		return 0, u.err
	}
	if c, u.err = u.r.ReadByte(); c == '\n' {
		u.within = false
	}
	return c, u.err
}

// begin reads the > that a line begins with: there may be more than there is memory.
func (u *unquoter) begin() {
	u.within = true
	for u.err == nil {
		c, err := u.r.ReadByte()
		if u.err = err; err == nil && c != '>' {
			u.err = u.r.UnreadByte()
			break
		}
		if err == nil {
			u.owed++
		}
	}
	next, _ := u.r.Peek(len(mboxMark)) // an error comes again with the next octet
	if u.owed > 0 && string(next) == mboxMark {
		u.owed--
	}
}

func (u *unquoter) Read(b []byte) (n int, err error) {
	for ; n < len(b); n++ {
		if b[n], err = u.ReadByte(); err != nil {
			return n, err
		}
	}
	return n, nil
}
