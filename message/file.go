package message

import "bytes"

// CRLF gives a message that was kept with the line ends of Unix its line ends of the wire
// (RFC 5321, section 2.3.8). Any other is left as it is.
func CRLF(raw []byte) []byte {
	if !HasUnixEnds(raw) {
		return raw
	}
	out := make([]byte, 0, len(raw)+bytes.Count(raw, []byte("\n")))
	for line := range bytes.Lines(raw) {
		text, ended := bytes.CutSuffix(line, []byte("\n"))
		if ended {
			text = bytes.TrimSuffix(text, []byte("\r"))
		}
		out = append(out, text...)
		if ended {
			out = append(out, "\r\n"...)
		}
	}
	return out
}

// HasUnixEnds reports whether a message was kept with the line ends of Unix, by the start of
// it. A header section that has even one CRLF shows that LF alone was not the line end
// there.
func HasUnixEnds(start []byte) bool {
	head := start
	if bytes.HasPrefix(start, []byte("\n")) {
		head = start[:1]
	} else if i := bytes.Index(start, []byte("\n\n")); i >= 0 {
		head = start[:i+2]
	}
	return !bytes.Contains(head, []byte("\r\n")) && bytes.Contains(head, []byte("\n"))
}

// MboxSender is the sender that the separator line names with which a message begins that
// was cut from an mbox file, "" if there is none.
func MboxSender(raw []byte) string {
	line, _, _ := bytes.Cut(raw, []byte("\n"))
	if !isMboxLine(line) {
		return ""
	}
	sender, _, _ := bytes.Cut(line[len("From "):], []byte(" "))
	return string(bytes.TrimRight(sender, "\r"))
}

// TrimMbox takes off the separator line ("From ", RFC 4155) with which a message begins
// that was cut from an mbox file. On the wire such a line is a defect.
func TrimMbox(raw []byte) []byte {
	if !isMboxLine(raw) {
		return raw
	}
	if i := bytes.IndexByte(raw, '\n'); i >= 0 {
		return raw[i+1:]
	}
	return nil
}

// isMboxLine knows the separator from a From field with white space before its colon.
func isMboxLine(raw []byte) bool {
	rest, found := bytes.CutPrefix(raw, []byte("From "))
	return found && !bytes.HasPrefix(bytes.TrimLeft(rest, " \t"), []byte(":"))
}
