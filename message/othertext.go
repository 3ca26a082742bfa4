package message

import (
	"bufio"
	"bytes"
	"io"
	"strings"

	htmlcharset "golang.org/x/net/html/charset"
)

// isOtherText reports whether people can read a part of that type, but for which a message has
// another text where it has one: text/markdown, text/enriched (RFC 1896), text/x-amp-html.
func isOtherText(kind string) bool {
	return strings.HasPrefix(kind, "text/") && kind != "text/rtf"
}

// otherText is file for a text that is shown only if the message has no other.
func (w *walk) otherText(body io.Reader, name, kind, charset string, problem error) part {
	start := w.shownFile(body, name, kind, maxPage)
	if w.aside != "" || w.left <= 0 {
		return part{}
	}
	start, unknown := readable(start, charset, problem)
	var p part
	var err error
	if strings.HasSuffix(kind, "html") {
		var page page
		p.text, err = page.read(start, w.left)
	} else {
		p.text, err = plainText(start, w.left)
	}
	if unknown != "" {
		p.note("this part is shown as it came: %s", unknown)
	} else if err == errLimit {
		p.note("the text goes on")
	}
	w.aside = p.text
	return part{}
}

// maxMeta is how much of a page is looked at for the charset that it declares, in octets (HTML,
// section 13.2.3.2).
const maxMeta = 1024

// declared is a page in UTF-8 whose charset stands in it and not in the header.
func declared(page io.Reader) io.Reader {
	r := bufio.NewReaderSize(page, maxMeta)
	start, _ := r.Peek(maxMeta)
	if !bytes.Contains(bytes.ToLower(start), []byte("charset")) {
		return r
	}
	_, name, _ := htmlcharset.DetermineEncoding(start, "")
	if name == "windows-1252" { // where it finds none, too
		name = "unknown"
	}
	if decoded, err := charsetReader(name, r); err == nil {
		return decoded
	}
	return r
}

// unflow joins the lines that were broken to fit (RFC 3676, section 4.2); with delsp the space
// at which they were goes, too.
func unflow(text string, delsp bool) string {
	var b strings.Builder
	open, before := false, 0 // the line goes on, and how often it is quoted
	for line := range strings.Lines(text) {
		line, ended := strings.CutSuffix(line, "\n")
		rest := strings.TrimLeft(line, ">")
		depth := len(line) - len(rest)
		rest = strings.TrimPrefix(rest, " ")
		signature := rest == "-- "
		if b.Len() > 0 && (!open || depth != before || signature || rest == "") {
			b.WriteString("\n")
			open = false
		}
		if !open && depth > 0 {
			b.WriteString(strings.Repeat(">", depth) + " ")
		}
		open, before = strings.HasSuffix(rest, " ") && !signature && ended, depth
		if open && delsp {
			rest = rest[:len(rest)-1]
		}
		b.WriteString(rest)
	}
	return b.String()
}
