package message

import "io"

// attached reads a message that is a part of another (RFC 2046, section 5.2.1): it is an
// attachment, of which the Subject and the text are shown too. One within it is only an
// attachment, so that memory and time stay bounded.
func (w *walk) attached(body io.Reader, name, kind string) part {
	if w.inside || w.left <= 0 {
		return w.file(body, name, kind)
	}
	raw, _ := io.ReadAll(w.shownFile(body, name, kind, maxPage))
	m := Parse(raw)
	if m.Unreadable() != "" {
		return part{}
	}
	text := w.within(m, raw)
	var p part
	if subject := first(m.Subject(), maxLabelRunes); subject != "" {
		p.note("attached message: %s", visible(subject))
	} else {
		p.note("attached message without a subject")
	}
	if w.left > 0 {
		w.left = max(0, w.left-len(p.text))
	}
	p.text += text
	return p
}
