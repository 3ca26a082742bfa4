package message

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"io"
)

// Limits on a file that stands in a text, encoded as by uuencode (POSIX.1-2017, uuencode).
const (
	uuOctets = 45      // that a line holds, but for the last
	uuLine   = 4 << 10 // octets; one that is longer is no line of a file
	uuLost   = 4       // spaces at the end of the first line that may have got lost
	uuAhead  = 256     // octets looked at behind "begin 644 name": three lines
)

// uuAlphabet is that of uuencode: a value and 32. A grave accent stands for the space.
var uuAlphabet = base64.NewEncoding(" !\"#$%&'()*+,-./0123456789:;<=>?@" +
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_").WithPadding(base64.NoPadding)

// A uuReader gives a text without the files in it, which become attachments.
type uuReader struct {
	walk *walk
	in   *bufio.Reader
	text []byte // to be given next
	err  error
	mid  bool // within a line
}

func (w *walk) withoutFiles(text io.Reader) *uuReader {
	return &uuReader{walk: w, in: bufio.NewReaderSize(text, uuLine)}
}

func (r *uuReader) Read(b []byte) (int, error) {
	for len(r.text) == 0 && r.err == nil {
		r.next()
	}
	if len(r.text) == 0 {
		return 0, r.err
	}
	n := copy(b, r.text)
	r.text = r.text[n:]
	return n, nil
}

// next reads a line, and the file that begins with it.
func (r *uuReader) next() {
	whole := !r.mid
	r.line()
	name, ok := uuBegin(r.text)
	if !whole || r.mid || !ok || r.walk.parts >= maxParts {
		return
	}
	r.text = bytes.Clone(r.text) // which is in the memory of the reader
	if ahead, _ := r.in.Peek(uuAhead); isUU(ahead) {
		r.text = nil
		r.walk.parts++
		r.file(name)
	}
}

// line reads a line, or a part of one that is too long.
func (r *uuReader) line() {
	var err error
	r.text, err = r.in.ReadSlice('\n')
	r.mid = err == bufio.ErrBufferFull
	if !r.mid {
		r.err = err
	}
}

// uuBegin is the name in "begin 644 name".
func uuBegin(line []byte) (name string, ok bool) {
	rest, found := bytes.CutPrefix(line, []byte("begin "))
	mode, after, spaced := bytes.Cut(rest, []byte(" "))
	if !found || !spaced || len(mode) < 3 || len(mode) > 4 || bytes.Trim(mode, "01234567") != nil {
		return "", false
	}
	name = trim(string(after))
	return fileLabel(name), name != ""
}

// isUU reports whether such a file stands there, and not somebody's words about it: a whole
// line of it, or its last one and the end.
func isUU(ahead []byte) bool {
	line, rest, _ := bytes.Cut(ahead, []byte("\n"))
	data, ok := uuDecode(line)
	switch {
	case !ok, len(bytes.TrimRight(line, "\r")) < len(data)*4/3-uuLost:
		return false
	case len(data) == uuOctets:
		return true
	case len(data) > 0:
		if line, rest, _ = bytes.Cut(rest, []byte("\n")); isEnd(line) {
			return true
		}
		if data, ok = uuDecode(line); !ok || len(data) > 0 {
			return false
		}
	}
	line, _, _ = bytes.Cut(rest, []byte("\n"))
	return isEnd(line)
}

func isEnd(line []byte) bool { return trim(string(line)) == "end" }

// uuDecode decodes a line. Spaces at its end may have got lost, and a check octet may stand
// there.
func uuDecode(line []byte) (data []byte, ok bool) {
	line = bytes.TrimRight(line, "\r\n")
	if len(line) == 0 {
		return nil, true
	}
	for _, c := range line {
		if c < ' ' || c > '`' {
			return nil, false
		}
	}
	n := int(line[0]-' ') & 63
	digits := (n + 2) / 3 * 4
	if len(line) > 1+digits+1 {
		return nil, false
	}
	text := bytes.ReplaceAll(line[1:], []byte("`"), []byte(" "))
	text = append(text, bytes.Repeat([]byte(" "), digits)...)[:digits]
	data, err := uuAlphabet.AppendDecode(nil, text)
	return data[:min(n, len(data))], err == nil
}

// file makes an attachment of the lines that follow, up to the end or to the first that is
// none of it.
func (r *uuReader) file(name string) {
	var size int64
	wanted := len(r.walk.files) == r.walk.wanted
	for r.err == nil {
		r.line()
		data, ok := uuDecode(r.text)
		if r.mid || !ok && !isEnd(r.text) {
			break
		}
		ended := !ok
		r.text = nil
		if ended {
			break
		}
		if size += int64(len(data)); wanted {
			_, _ = r.walk.dst.Write(data) // which keeps its error
		}
	}
	r.walk.files = append(r.walk.files, Attachment{Name: name,
		Type: "application/octet-stream", Size: size})
}
