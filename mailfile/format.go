package mailfile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// formatStart is how much of a file is read to know its format by, in octets. A line of mail
// has at most 1,000 (RFC 5321, section 4.5.3.1.6).
const formatStart = 2048

// A fileStart is what a file is known by.
type fileStart struct {
	name   string // without the .gz of one that is packed
	text   []byte // its first octets, unpacked
	packed bool   // with gzip
}

// readStart reads what a file begins with.
func readStart(path string) (*fileStart, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	in := bufio.NewReaderSize(f, formatStart)
	s := &fileStart{name: filepath.Base(path)}
	if s.text, err = in.Peek(formatStart); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if !bytes.HasPrefix(s.text, []byte(gzipMark)) {
		return s, nil
	}
	if s.packed = true; hasExt(s.name, ".gz") {
		s.name = withoutExt(s.name)
	}
	if s.text, err = unpackedStart(in); err != nil {
		return nil, badGzip{fmt.Errorf("%s: unpack gzip: %w", path, err)}
	}
	return s, nil
}

// A badGzip is an error of a file that begins as gzip does.
type badGzip struct{ error }

// is reports whether the file has that suffix.
func (s *fileStart) is(ext string) bool { return hasExt(s.name, ext) }

// numbered reports whether this is a message of an MH folder, whose name is its number.
func (s *fileStart) numbered() bool {
	return strings.Trim(s.name, "0123456789") == "" && fieldStart().Match(s.text)
}

// hasField reports whether a header field is to be seen, the least that a message has.
func (s *fileStart) hasField() bool {
	for line := range bytes.Lines(s.text) {
		if fieldStart().Match(line) {
			return true
		}
	}
	return false
}

// foreign names what holds no mail that we read, or is "". As a message it would be held as a
// broken one, with nothing of the mail in it to be seen.
func (s *fileStart) foreign() string {
	for _, f := range foreignFormats() {
		if bytes.HasPrefix(s.text, []byte(f.magic)) {
			return f.name
		}
	}
	switch {
	case dboxStart().Match(s.text):
		return "a file of Dovecot's dbox: export it with doveadm backup to a Maildir"
	case s.isTar():
		return "a tar archive: unpack it"
	case s.is(".nws"):
		return "a news article of Outlook Express (nws)"
	}
	return ""
}

// dboxStart is the first line of a file of Dovecot's, sdbox and mdbox: its version, how long
// the line before each message is, and when it was made.
var dboxStart = once(`^\d+ (?:[A-Z][0-9a-fA-F]+ ?)*M[0-9a-fA-F]+ C[0-9a-fA-F]+`)

// tarAt is where a tar archive has its mark, in octets (POSIX.1, pax).
const tarAt = 257

// isTar reports whether the file is a tar archive. The sender of a message can write the mark,
// too, but behind what the mail server wrote and hardly behind the NUL that ends a name.
func (s *fileStart) isTar() bool {
	if len(s.text) <= tarAt || !bytes.HasPrefix(s.text[tarAt:], []byte("ustar")) {
		return false
	}
	return !fieldStart().Match(s.text) && !marksMbox(s.text) &&
		bytes.IndexByte(s.text[:tarAt], 0) >= 0
}

// utf16Text is what editors of Windows write where they call the encoding Unicode.
const utf16Text = "a text in UTF-16: save it in UTF-8"

// A foreignFormat is what begins with certain octets and holds no mail that we read.
type foreignFormat struct{ magic, name string }

func foreignFormats() []foreignFormat {
	return []foreignFormat{
		{gzipMark, "gzip within gzip: unpack it with gunzip"},
		{"\x1f\x9d", "compress: unpack it with uncompress"},
		{"BZh", "bzip2: unpack it with bunzip2"},
		{"\xfd7zXZ\x00", "xz: unpack it with unxz"},
		{"\x28\xb5\x2f\xfd", "zstd: unpack it with unzstd"},
		{"\x04\x22\x4d\x18", "lz4: unpack it with unlz4"},
		{"PK\x03\x04", "a zip archive: unpack it"},
		{"PK\x05\x06", "an empty zip archive"},
		{"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it"},
		{"Rar!\x1a\x07", "a rar archive: unpack it"},
		{"!BDN", "an Outlook data file (pst): convert it with readpst"},
		{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Outlook message (msg) or another OLE file: " +
			"save it as .eml"},
		{"\x78\x9f\x3e\x22", "an attachment of Outlook (TNEF)"},
		{"\xcf\xad\x12\xfe", "an Outlook Express folder (dbx): export it as mbox"},
		{"\x1a\x00\x00\x04\x00\x00", "a Notes database (nsf): export it as mbox"},
		{"SQLite format 3\x00", "an SQLite database"},
		{"\x01\x01\x01\x01\n", "an MMDF folder: export it as mbox"},
		{"\xff\xfe", utf16Text},
		{"\xfe\xff", utf16Text},
		{"BABYL OPTIONS:", "a Babyl file: export it as mbox"},
		{"*mbx*\r\n", "an mbx folder of UW IMAP: export it as mbox"},
		{"#! rnews ", "a batch of news articles (rnews)"},
		{"// <!-- <mdb:mork", "an index of Thunderbird (Mork)"},
		{"BEGIN:VCARD", "a contact (vCard)"},
		{"BEGIN:VCALENDAR", "a calendar (iCalendar)"},
		{"%PDF-", "a PDF document"},
		{`{\rtf`, "an RTF document"},
		{"<?xml", "an XML document"},
	}
}

// longestCount is how long the first line of an emlx file may be, in octets: a number of them,
// filled up with spaces.
const longestCount = 64

// emlx is the message in a file of Apple Mail: how many octets it has stands before it, and a
// property list behind it.
func emlx(file io.ReaderAt, size int64) (*Entry, error) {
	start := make([]byte, longestCount)
	got, err := file.ReadAt(start, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	count, _, ended := bytes.Cut(start[:got], []byte("\n"))
	from := int64(len(count) + 1)
	n, err := strconv.ParseUint(string(bytes.TrimSpace(count)), 10, 62)
	if err != nil || !ended || n > uint64(size-from) {
		return nil, errors.New("it is no emlx file of Apple Mail: its first line is not " +
			"how many octets of a message follow")
	}
	return single(file, from, from+int64(n))
}
