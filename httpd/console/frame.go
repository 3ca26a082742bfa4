package console

import (
	"context"
	"io"
	"net/http"
	"strings"

	"github.com/maypok86/otter/v2"
	"golang.org/x/net/html"

	"gatepost/httpd"
)

// Limits on what it costs to show the HTML of messages. The parser of styles that the
// sanitiser has takes about 4 µs for a token, and a time that grows with the square of a
// declaration's length.
const (
	maxRenderings = 2        // pages that are sanitised at once, of everybody
	maxRendered   = 16 << 20 // octets of documents that are kept to be shown again
	maxStyle      = 1 << 10  // octets of one style attribute: letters have less than 300
	maxStyles     = 128 << 10
	maxAttribute  = 8 << 10 // octets of any other that is not a picture: a long link
	maxAttributes = 64      // of one element
)

// frames are the documents that the HTML of messages was made into, by the messages' ids: a
// message does not change, and an id never becomes another's.
type frames struct {
	made  *otter.Cache[int64, string]
	slots chan struct{}
}

func newFrames() *frames {
	return &frames{slots: make(chan struct{}, maxRenderings),
		made: otter.Must(&otter.Options[int64, string]{MaximumWeight: maxRendered,
			Weigher: func(_ int64, page string) uint32 { return uint32(len(page)) }})}
}

// of is the document of a message; "" if it has no HTML. Who waits for one and leaves has no
// part in the work any more.
func (f *frames) of(ctx context.Context, l *httpd.StoredMessage) (page string, err error) {
	if page, ok := f.made.GetIfPresent(l.ID); ok {
		return page, nil
	}
	select {
	case f.slots <- struct{}{}:
		defer func() { <-f.slots }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	if page, ok := f.made.GetIfPresent(l.ID); ok { // another waited for the same one
		return page, nil
	}
	pages, cut := l.Message.Pages(l.Body(), maxPageShown)
	if pages == nil {
		return "", nil
	}
	if page, err = sanitise(ctx, pages, cut); err == nil {
		f.made.Set(l.ID, page)
	}
	return page, err
}

// htmlFrame is the document that a frame of the page shows: the HTML of a message,
// sanitised, in a document that may do nothing.
func (s *handlers) htmlFrame(w http.ResponseWriter, r *http.Request, _ httpd.Caller) error {
	return s.withLetter(r, func(l *httpd.StoredMessage) error {
		page, err := s.frames.of(r.Context(), l)
		if err != nil {
			return err
		}
		if page == "" {
			return httpd.ErrNotFound
		}
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", framePolicy)
		h.Set("X-Frame-Options", "SAMEORIGIN")
		_, err = io.WriteString(w, page)
		return err
	})
}

// A bounding leaves out of HTML the attributes that are longer than letters have them, or too
// many. Everything else stays as it was written, for the sanitiser to read.
type bounding struct {
	ctx    context.Context
	styles int // octets of styles that there is room for
}

func (b *bounding) page(page string) (string, error) {
	z := html.NewTokenizer(strings.NewReader(page))
	var out strings.Builder
	for {
		kind := z.Next()
		if err := b.ctx.Err(); err != nil {
			return "", err
		}
		switch kind {
		case html.ErrorToken:
			return out.String(), nil
		case html.StartTagToken, html.SelfClosingTagToken:
			raw := string(z.Raw()) // before Token writes over it
			t := z.Token()
			if b.fits(&t) {
				out.WriteString(raw)
			} else {
				out.WriteString(t.String())
			}
		default:
			out.Write(z.Raw())
		}
	}
}

// fits leaves out of an element what is too much, and reports whether nothing was.
func (b *bounding) fits(t *html.Token) bool {
	kept := t.Attr[:0]
	for _, a := range t.Attr[:min(len(t.Attr), maxAttributes)] {
		n := len(a.Val)
		switch {
		case a.Key == "style" && (n > maxStyle || n > b.styles):
		case a.Key != "style" && n > maxAttribute && !(a.Key == "src" && isHeld(a.Val)):
		default:
			if a.Key == "style" {
				b.styles -= n
			}
			kept = append(kept, a)
		}
	}
	all := len(kept) == len(t.Attr)
	t.Attr = kept
	return all
}

// A patientReader ends what reads it when nobody waits for that any more.
type patientReader struct {
	ctx context.Context
	io.Reader
}

func (r patientReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}
