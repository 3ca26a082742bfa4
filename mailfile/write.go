package mailfile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// WriteMbox writes a message behind those of an mbox file, quoted as mboxrd has it, with LF line
// ends (RFC 4155, appendix A). Sender is one word; created is when the message came.
func WriteMbox(w io.Writer, sender string, created time.Time, raw io.Reader) error {
	_, err := fmt.Fprintf(w, "From %s %s\n", sender, created.UTC().Format(time.ANSIC))
	if err != nil {
		return err
	}
	lines, header := bufio.NewReader(raw), true
	for err == nil {
		var line []byte
		line, err = lines.ReadBytes('\n')
		if len(line) == 0 {
			break
		}
		line = mboxLine(line)
		if header = header && len(line) > 1; header {
			line = disarmLength(line)
		}
		if _, err := w.Write(line); err != nil {
			return err
		}
	}
	if err != nil && err != io.EOF {
		return err
	}
	_, err = io.WriteString(w, "\n")
	return err
}

// mboxLine ends a line with LF and quotes it if it could be taken for the start of another
// message: one more > before any number of > and "From ".
func mboxLine(line []byte) []byte {
	line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
	quoted := make([]byte, 0, len(line)+2)
	if bytes.HasPrefix(bytes.TrimLeft(line, ">"), []byte("From ")) {
		quoted = append(quoted, '>')
	}
	return append(append(quoted, line...), '\n')
}

// disarmLength renames a field of the header by which a reader of mbox files would part the
// file: what the sender wrote there could make the next message a part of this one.
func disarmLength(line []byte) []byte {
	name, _, field := bytes.Cut(line, []byte(":"))
	if !field || !bytes.EqualFold(bytes.TrimRight(name, " \t"), []byte(lengthField)) {
		return line
	}
	return append([]byte("X-"), line...)
}

// Create makes a file and fills it; nothing is left of a file that cannot be filled.
func Create(name string, fill func(io.Writer) error) (err error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	if err = fill(w); err == nil {
		err = w.Flush()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(name))
	}
	return nil
}

// WriteFile writes a message to a file of its own. One that is there and holds the same octets
// stays; any other is an error.
func WriteFile(name string, raw io.Reader) (isNew bool, err error) {
	b, err := io.ReadAll(raw)
	if err != nil {
		return false, err
	}
	err = Create(name, func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	})
	if !errors.Is(err, os.ErrExist) {
		return err == nil, err
	}
	if !holds(name, b) {
		return false, fmt.Errorf("%s exists already, is another file and is not written over", name)
	}
	return false, nil
}

// holds reports whether name is a plain file with just these octets.
func holds(name string, b []byte) bool {
	info, err := os.Lstat(name)
	if err != nil || !info.Mode().IsRegular() || info.Size() != int64(len(b)) {
		return false
	}
	there, err := os.ReadFile(name)
	return err == nil && bytes.Equal(there, b)
}
