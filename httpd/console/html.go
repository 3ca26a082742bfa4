package console

import (
	"context"
	"net/url"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"gatepost/httpd"
)

// framePolicy is what the document of a message's HTML may do: be styled by itself and show
// the pictures that it holds. It has no origin, runs nothing and loads nothing.
const framePolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; " +
	"form-action 'none'; base-uri 'none'; frame-ancestors 'self'; sandbox"

// sanitiser lets pass what lays out a letter. The document it goes into is the real wall,
// this is the second one. It is made for each page that is shown, which costs microseconds
// beside the page.
func sanitiser() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("a", "abbr", "address", "article", "b", "bdi", "big", "blockquote", "br",
		"caption", "center", "cite", "code", "col", "colgroup", "dd", "del", "dfn", "div", "dl",
		"dt", "em", "figcaption", "figure", "font", "footer", "h1", "h2", "h3", "h4", "h5", "h6",
		"header", "hr", "i", "img", "ins", "kbd", "li", "main", "mark", "ol", "p", "pre", "q", "s",
		"samp", "section", "small", "span", "strike", "strong", "sub", "sup", "table", "tbody",
		"td", "tfoot", "th", "thead", "tr", "tt", "u", "ul", "var", "wbr")
	p.AllowAttrs("href").OnElements("a")
	p.AllowURLSchemes("http", "https", "mailto", "tel")
	p.RequireParseableURLs(true)
	p.AllowDataURIImages()
	p.AllowAttrs("src", "alt").OnElements("img")
	number := bluemonday.NumberOrPercent
	p.AllowAttrs("width", "height", "border", "cellpadding", "cellspacing").Matching(number).Globally()
	p.AllowAttrs("colspan", "rowspan", "start", "size").Matching(bluemonday.Integer).Globally()
	p.AllowAttrs("align", "valign").Matching(bluemonday.CellAlign).Globally()
	p.AllowAttrs("bgcolor", "color").Matching(bluemonday.SpaceSeparatedTokens).Globally()
	p.AllowAttrs("dir").Matching(bluemonday.Direction).Globally()
	p.AllowStyles("color", "background-color", "font-size", "font-weight", "font-style",
		"text-align", "text-decoration", "vertical-align", "white-space").Globally()
	return p
}

// sanitise makes one document of the pages of a message. Its links lead nowhere; where they
// would lead stands beside them. The error is that of ctx, with which it ends.
func sanitise(ctx context.Context, pages []string, cut bool) (string, error) {
	var b, clean strings.Builder
	b.WriteString(`<!doctype html><html lang="und"><head><meta charset="utf-8">` +
		`<title>HTML of the message</title><style>` + frameStyle + `</style></head><body>`)
	policy, bound := sanitiser(), bounding{ctx, maxStyles}
	for i, page := range pages {
		if i > 0 {
			b.WriteString("<hr>")
		}
		page, err := bound.page(page)
		if err != nil {
			return "", err
		}
		clean.Reset()
		r := patientReader{ctx, strings.NewReader(page)}
		if err := policy.SanitizeReaderToWriter(r, &clean); err != nil {
			return "", err
		}
		disarm(&b, clean.String())
	}
	if cut {
		b.WriteString(`<p class="gatepost-note">The page goes on: the rest is not shown.</p>`)
	}
	b.WriteString("</body></html>")
	return b.String(), nil
}

const frameStyle = `:root{color-scheme:light}body{margin:1rem;background:#fff;color:#1a1a1a;` +
	`font:15px/1.5 system-ui,sans-serif;overflow-wrap:break-word}img{max-width:100%;height:auto}` +
	`table{max-width:100%}a{color:#0b57a4;text-decoration:underline}` +
	`.gatepost-note{font-size:12px;color:#555}`

// disarm copies sanitised HTML without the targets of its links, and writes beside each
// where it would have led; of a picture that would have been loaded only its words stay.
// Depth costs nothing: tags are copied as they come.
func disarm(b *strings.Builder, page string) {
	z := html.NewTokenizer(strings.NewReader(page))
	target, open := "", nesting{}
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return
		}
		t := z.Token()
		tag := kind != html.TextToken
		switch {
		case tag && t.DataAtom == atom.Img && !isHeld(attribute(t, "src")):
			note(b, attribute(t, "alt"))
		case tag && t.DataAtom == atom.A && kind == html.EndTagToken:
			b.WriteString("</a>")
			note(b, target)
			target = ""
		case tag && t.DataAtom == atom.A:
			target = leadsTo(attribute(t, "href"))
			b.WriteString("<a>")
		case tag && !open.admits(t.DataAtom, kind): // its text stays
		default:
			b.WriteString(t.String())
		}
	}
}

// maxNesting is how many elements may be open at once: real letters stay far below, and a
// browser takes many seconds to lay out tens of thousands.
const maxNesting = 256

// nesting counts the elements that are open, by their names.
type nesting map[atom.Atom]int

// admits counts a tag, and reports whether it is to be written: none that opens too many,
// and none that closes what is not open or was not written.
func (n nesting) admits(name atom.Atom, kind html.TokenType) bool {
	switch name {
	case atom.Br, atom.Col, atom.Hr, atom.Img, atom.Wbr: // hold nothing
		return true
	case atom.P, atom.Li, atom.Dt, atom.Dd, atom.Tr, atom.Td, atom.Th, atom.Tbody, atom.Thead,
		atom.Tfoot, atom.Colgroup: // end by themselves; what they stand in counts
		return true
	}
	const all atom.Atom = 0
	switch {
	case kind != html.EndTagToken:
		n[name]++
		n[all]++
		return n[all] <= maxNesting
	case n[name] == 0:
		return false
	}
	n[name]--
	n[all]--
	return n[all] < maxNesting
}

// note writes words that are ours, or that we took from where they would not be seen.
func note(b *strings.Builder, words string) {
	if words != "" {
		b.WriteString(` <span class="gatepost-note">[` + html.EscapeString(words) + `]</span>`)
	}
}

// isHeld reports whether a picture is in the page itself, in a format that is nothing but a
// picture.
func isHeld(src string) bool {
	for _, kind := range []string{"png", "gif", "jpeg", "webp"} {
		if strings.HasPrefix(src, "data:image/"+kind+";base64,") {
			return true
		}
	}
	return false
}

func attribute(t html.Token, name string) string {
	for _, a := range t.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// leadsTo is the host or the address that a link names.
func leadsTo(link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return ""
	}
	if u.Host == "" {
		return visible(httpd.Shorten(u.Opaque, httpd.MaxName))
	}
	return visible(httpd.Shorten(u.Host, httpd.MaxName))
}
