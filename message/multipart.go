package message

import (
	"io"
	"strings"

	"github.com/emersion/go-message/textproto"
)

// multipart reads the parts of a multipart one after the other. Of an alternative one
// is shown, and each is read as if it were that one.
func (w *walk) multipart(body io.Reader, kind, boundary string, depth int) part {
	if len(boundary) > maxBoundary {
		return w.file(body, "", kind)
	}
	var all part
	r := textproto.NewMultipartReader(body, boundary)
	left, found := w.left, false
	for more := true; more; {
		var p part
		p, more = w.next(r, depth)
		found = found || more || p.text != ""
		if kind != "multipart/alternative" {
			all.join(p)
			continue
		}
		if p.better(all) {
			all = p
		}
		w.left = left
	}
	if !found {
		all.note("its boundary does not occur: no part can be told apart")
	}
	w.left = left - len(all.text)
	return all
}

// better reports whether p is to be shown instead of q: text before none, and plain before
// HTML before the words of a calendar.
func (p part) better(q part) bool {
	if trim(p.text) == "" {
		return false
	}
	return trim(q.text) == "" || !p.calendar && (q.calendar || q.html && !p.html)
}

// join puts q below p.
func (p *part) join(q part) {
	below := strings.Trim(q.text, "\n")
	if below == "" {
		return
	}
	p.calendar = q.calendar && (p.calendar || p.text == "")
	if p.text != "" {
		p.text += "\n\n"
	}
	p.text += below
	p.html = p.html || q.html
}

// next reads the next part of a multipart, and reports whether there may be another.
func (w *walk) next(r *textproto.MultipartReader, depth int) (p part, more bool) {
	if w.parts == maxParts {
		p.note("more than %d parts: the rest is not shown", maxParts)
		w.parts++
	}
	if w.parts > maxParts {
		return p, false
	}
	w.parts++
	w.in.allow(maxPartHeader)
	raw, err := r.NextPart()
	w.in.free()
	switch {
	case err == io.EOF:
		return p, false
	case err != nil && strings.HasSuffix(err.Error(), "EOF"):
		return p, false // no closing boundary: what there was has been shown
	case err != nil:
		p.note("the parts that follow could not be told apart")
		return p, false
	}
	header := mimeHeader(func(name string) []byte {
		field, _ := raw.Header.Raw(name)
		return field
	})
	e, problem := newEntity(header, raw)
	p = w.entity(e, problem, depth+1)
	raw.Close() // reads it to its end, before the next one's header is counted
	return p, true
}
