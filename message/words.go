package message

import (
	"io"
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// words reads the text of a part, plain or HTML.
func (w *walk) words(body io.Reader, kind string, params map[string]string, problem error) part {
	p := part{html: kind == "text/html"}
	body, unknown := readable(body, params["charset"], problem)
	if p.html && params["charset"] == "" {
		body = declared(body)
	}
	if !p.html {
		body = w.withoutFiles(body)
		defer func() { _, _ = io.Copy(io.Discard, body) }() // for the files in it
	}
	if w.left < 0 {
		return part{} // and it has been said
	}
	var err error
	if p.html {
		var page page
		p.text, err = page.read(w.pages.of(body), w.left)
		w.pictures = w.pictures || page.pictures
	} else {
		p.text, err = plainText(body, w.left)
		if lower(params["format"]) == "flowed" {
			p.text = unflow(p.text, lower(params["delsp"]) == "yes")
		}
	}
	w.left -= len(p.text)
	switch {
	case unknown != "":
		p.note("this part is shown as it came: %s", unknown)
	case err == errLimit:
		p.note("the text goes on")
		w.left = -1
	case err != nil && err != io.ErrUnexpectedEOF:
		p.note("the end of this part could not be decoded")
	}
	return p
}

// readable gives a text in UTF-8, or says why it could not be made of it. problem is what the
// library says of its transfer encoding.
func readable(body io.Reader, charset string, problem error) (text io.Reader, unknown string) {
	switch {
	case problem != nil:
		return body, "its transfer encoding is not known"
	case charset == "":
		return body, ""
	}
	decoded, err := charsetReader(charset, body)
	switch {
	case err == nil:
		return decoded, ""
	case charsetName(charset) == "utf-7":
		return body, "it is in UTF-7, which is not decoded"
	}
	return body, "its character set is not known"
}

// errLimit says that there is more text than was asked for.
var errLimit = io.ErrShortBuffer

// plainText reads at most limit octets.
func plainText(r io.Reader, limit int) (string, error) {
	raw, err := io.ReadAll(io.LimitReader(r, int64(max(limit, 0))+1))
	if len(raw) > limit {
		raw, err = raw[:max(limit, 0)], errLimit
	}
	text := strings.ReplaceAll(string(raw), "\r\n", "\n")
	return Clean(text), err
}

// Limits on one page, in octets.
const (
	maxPage  = 4 << 20 // read of it
	maxToken = 1 << 20 // in a tag or a run of text
)

// A page gathers the words of HTML as they would stand below one another.
type page struct {
	b      strings.Builder
	hidden atom.Atom // the element whose text is not shown, 0 if there is none
	lines  int       // line ends owed before the next word
	space  bool      // a space is owed

	pictures bool // it shows something other than words
}

// read gives the words of a page, one line for each block of it.
func (p *page) read(r io.Reader, limit int) (string, error) {
	z := html.NewTokenizer(io.LimitReader(r, maxPage))
	z.SetMaxBuf(maxToken)
	for p.b.Len() <= limit {
		switch z.Next() {
		case html.ErrorToken:
			if err := z.Err(); err != io.EOF {
				return p.b.String(), err
			}
			return p.b.String(), nil
		case html.TextToken:
			p.text(string(z.Text()))
		case html.StartTagToken, html.SelfClosingTagToken:
			name, _ := z.TagName()
			p.tag(atom.Lookup(name), true)
		case html.EndTagToken:
			name, _ := z.TagName()
			p.tag(atom.Lookup(name), false)
		}
	}
	return Clean(p.b.String()[:max(limit, 0)]), errLimit
}

// tag takes the start or the end of an element.
func (p *page) tag(a atom.Atom, start bool) {
	switch a {
	case atom.Script, atom.Style, atom.Title:
		p.hide(a, start)
	case atom.Br:
		p.lines++
	case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Table,
		atom.Blockquote, atom.Ul, atom.Ol, atom.Pre:
		p.lines = max(p.lines, 2)
	case atom.Div, atom.Tr, atom.Li, atom.Hr, atom.Section, atom.Article, atom.Header,
		atom.Footer, atom.Dt, atom.Dd, atom.Body:
		p.lines = max(p.lines, 1)
	case atom.Td, atom.Th:
		p.space = true
	case atom.Img, atom.Svg, atom.Object, atom.Embed, atom.Iframe, atom.Video, atom.Audio:
		p.pictures = true
	}
}

func (p *page) hide(a atom.Atom, start bool) {
	switch {
	case start && p.hidden == 0:
		p.hidden = a
	case !start && p.hidden == a:
		p.hidden = 0
	}
}

// text takes a run of text, its entities decoded.
func (p *page) text(s string) {
	if p.hidden != 0 {
		return
	}
	for _, r := range Clean(s) {
		if unicode.IsSpace(r) {
			p.space = true
			continue
		}
		p.gap()
		p.b.WriteRune(r)
	}
}

// gap writes what is owed before the next word.
func (p *page) gap() {
	switch {
	case p.b.Len() == 0:
	case p.lines > 0:
		p.b.WriteString("\n\n"[:min(p.lines, 2)])
	case p.space:
		p.b.WriteByte(' ')
	}
	p.lines, p.space = 0, false
}
