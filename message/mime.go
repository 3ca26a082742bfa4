package message

import (
	"fmt"
	"io"
	"strings"

	gomessage "github.com/emersion/go-message"
)

// Limits on what is read of the MIME structure (RFC 2046). The time that the library
// takes grows with the square of the depth.
const (
	maxDepth      = 20       // multiparts within one another
	maxParts      = 1000     // parts in all
	maxPartHeader = 64 << 10 // octets in front of a part: the header of it, or a preamble
	maxMIMEField  = 4 << 10  // octets in a Content field; a longer one is taken as absent
	maxBoundary   = 1000     // octets; RFC 2046 allows 70
	maxLabelRunes = 255      // runes in the name or type of an attachment
)

// An Attachment is a part of a message that is not its text.
type Attachment struct {
	Name string // as the sender calls it, without folders, at most 255 runes; may be ""
	Type string // the media type, lower case, for example "image/png"
	Size int64  // octets, decoded
}

// Text is the readable text of a message, at most about limit octets of valid UTF-8 with
// LF as line end, and what else the message holds. The body is what follows the header
// section, the first m.Size octets. Plain text is preferred to HTML, of which the words
// are shown. It never fails: what could not be decoded or was left out is said in the text,
// in brackets. It takes bounded memory, and reads body to its end or to its first error.
func (m *Message) Text(body io.Reader, limit int) (text string, files []Attachment) {
	text, w := m.walk(body, limit)
	return text, w.files
}

// walk goes through the parts once.
func (m *Message) walk(body io.Reader, limit int) (text string, w *walk) {
	w = newWalk(body, limit)
	return w.read(m), w
}

func newWalk(body io.Reader, limit int) *walk {
	return &walk{in: &headerLimiter{r: body}, left: limit, wanted: -1}
}

func (w *walk) read(m *Message) string {
	e, err := newEntity(mimeHeader(m.raw), w.in)
	p := w.entity(e, err, 0)
	if w.in.err != nil && w.in.err != io.EOF && w.in.err != errHeaderTooLong {
		p.note("the rest could not be read")
	}
	if trim(p.text) == "" {
		p.text += w.aside
	}
	return strings.Trim(p.text, "\n")
}

// ContentType is the media type of the message, ASCII lower case, and its parameters by
// their lower-case names, decoded, out of the first Content-Type field (RFC 2045, section
// 5). It is "text/plain" where there is no field or one over 4 KiB, and whatever stands in
// front of the first semicolon, without parameters, where the field is broken. What the
// parameters hold was written by a stranger.
func (m *Message) ContentType() (kind string, params map[string]string) {
	header := mimeHeader(m.raw)
	value, params, _ := header.ContentType()
	return token(value), params
}

// raw is the first field of that name as it stands in the message.
func (m *Message) raw(name string) []byte {
	for _, f := range m.Fields {
		if f.Is(name) {
			return f.Raw
		}
	}
	return nil
}

// mimeFields say how a message or a part is made (RFC 2045; RFC 2183).
var mimeFields = [...]string{"Content-Type", "Content-Transfer-Encoding", "Content-Disposition"}

// mimeHeader hands on the fields that say how a part is made. The others would only cost.
func mimeHeader(raw func(name string) []byte) gomessage.Header {
	var h gomessage.Header
	for _, name := range mimeFields {
		if field := raw(name); len(field) > 0 && len(field) <= maxMIMEField {
			h.AddRaw(field)
		}
	}
	return h
}

// A walk goes through the parts of a message.
type walk struct {
	in        *headerLimiter
	parts     int
	inside    bool   // an attached message
	calendars int    // whose words were read
	left      int    // octets of text still to be taken
	aside     string // shown where there is no other text
	files     []Attachment

	pictures bool // there is a page that shows something other than words

	pages  *capture // of HTML, nil if nobody asked for it
	wanted int      // the attachment that goes to dst, -1 if none does
	dst    *sink    // of that attachment
}

// A part is the text that was found in one part of a message.
type part struct {
	text     string
	html     bool
	calendar bool // nothing but the words of a calendar
}

// note says in the text what is missing from it.
func (p *part) note(format string, args ...any) {
	if p.text != "" && !strings.HasSuffix(p.text, "\n") {
		p.text += "\n"
	}
	p.text += "[" + fmt.Sprintf(format, args...) + "]\n"
}

// entity reads one part, and the parts in it. problem is what the library says of its
// encoding.
func (w *walk) entity(e *gomessage.Entity, problem error, depth int) part {
	value, params, _ := e.Header.ContentType()
	kind := mediaType(value)
	boundary := strings.TrimRight(params["boundary"], " ")
	name := fileName(e.Header)
	disposition, _, _ := e.Header.ContentDisposition()
	switch {
	case strings.HasPrefix(kind, "multipart/") && boundary != "" && depth < maxDepth:
		return w.multipart(e.Body, kind, boundary, depth)
	case strings.HasPrefix(kind, "multipart/") && depth >= maxDepth:
		p := w.file(e.Body, name, kind)
		p.note("parts nested more than %d deep are not shown", maxDepth)
		return p
	case kind == "message/rfc822" || kind == "message/global": // RFC 6532, section 3.7
		return w.attached(e.Body, name, kind)
	case isSigned(kind):
		return w.signed(e.Body, name, kind)
	case isCalendar(kind):
		inline := token(disposition) != "attachment" && kind != "application/ics"
		return w.calendar(e.Body, name, kind, params, inline, problem)
	case token(disposition) == "attachment", !isWords(kind) && !isOtherText(kind):
		return w.file(e.Body, name, kind)
	case !isWords(kind):
		return w.otherText(e.Body, name, kind, params["charset"], problem)
	case name != "" && depth > 0 && token(disposition) == "inline":
		body := w.shownFile(e.Body, name, kind, maxPage)
		return w.words(body, kind, params, problem)
	case name != "" && depth > 0:
		return w.otherText(e.Body, name, kind, params["charset"], problem)
	}
	return w.words(e.Body, kind, params, problem)
}

// token is what stands before the parameters. Where they are broken the library gives
// the value whole.
func token(value string) string {
	value, _, _ = strings.Cut(value, ";")
	return lower(trim(value))
}

// isWords reports whether people read a part of that type as it stands. A multipart is
// shown whole if its parts cannot be told apart.
func isWords(kind string) bool {
	return kind == "text/plain" || kind == "text/html" || kind == "text/" || !strings.Contains(kind, "/") ||
		strings.HasPrefix(kind, "multipart/")
}

// file counts the octets of an attachment.
func (w *walk) file(body io.Reader, name, kind string) part {
	if len(w.files) == w.wanted {
		body = io.TeeReader(body, w.dst)
	}
	size, _ := io.Copy(io.Discard, body)
	kind = first(visible(Clean(kind)), maxLabelRunes)
	w.files = append(w.files, Attachment{Name: name, Type: kind, Size: size})
	return part{}
}

// shownFile is file for a text that is to be shown where it stands (inline in RFC 2183, section
// 2.1): some programs name the text of a letter, and some send a file so. It gives the first
// octets of it, at most so many.
func (w *walk) shownFile(body io.Reader, name, kind string, most int) io.Reader {
	start := &capture{left: most}
	w.file(start.of(body), name, kind)
	return start.list[0]
}
