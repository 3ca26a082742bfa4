package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// formatStart is how much of a file is read to know its format by, in octets.
const formatStart = mboxPeek

// foreignFormat names what holds no mail that we read, by its first octets, or is "".
func foreignFormat(start []byte) string {
	for _, f := range []struct{ magic, name string }{
		{"\x1f\x8b", "gzip: unpack it with gunzip"},
		{"BZh", "bzip2: unpack it with bunzip2"},
		{"\xfd7zXZ\x00", "xz: unpack it with unxz"},
		{"\x28\xb5\x2f\xfd", "zstd: unpack it with unzstd"},
		{"PK\x03\x04", "a zip archive: unpack it"},
		{"PK\x05\x06", "an empty zip archive"},
		{"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it"},
		{"!BDN", "an Outlook data file (pst): convert it with readpst"},
		{"\xcf\xad\x12\xfe", "an Outlook Express folder (dbx): export it as mbox"},
		{"SQLite format 3\x00", "an SQLite database"},
		{"\x01\x01\x01\x01\n", "an MMDF folder: export it as mbox"},
		{"BABYL OPTIONS:", "a Babyl file: export it as mbox"},
	} {
		if bytes.HasPrefix(start, []byte(f.magic)) {
			return f.name
		}
	}
	return ""
}

// beginsAsMbox reads the start of a file. What is known to be no mail is an error: as a
// message it would be held as a broken one, with nothing of the mail in it to be seen.
func beginsAsMbox(path string) (bool, error) {
	start, err := readStart(path)
	if err != nil {
		return false, err
	}
	if name := foreignFormat(start); name != "" {
		return false, fmt.Errorf("%s is no mail but %s", path, name)
	}
	return marksMbox(start), nil
}

// readStart reads what a file begins with.
func readStart(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	start := make([]byte, formatStart)
	n, err := io.ReadFull(f, start)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return start[:n], err
}

// isMailOf reports whether a file without a suffix that tells its format is an mbox, as
// Thunderbird has them, or a message of an MH folder, whose name is its number.
func isMailOf(path string) (bool, error) {
	start, err := readStart(path)
	if err != nil {
		return false, err
	}
	numbered := strings.Trim(filepath.Base(path), "0123456789") == ""
	return beginsMbox(start) || numbered && fieldStart.Match(start), nil
}

// longestCount is how long the first line of an emlx file may be, in octets: a number of them,
// filled up with spaces.
const longestCount = 64

// emlx is the message in a file of Apple Mail: how many octets it has stands before it, and a
// property list behind it.
func emlx(file io.ReaderAt, size int64) (*mailPart, error) {
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
