package console

import (
	"bytes"
	"fmt"
	"html/template"
	"net/http"

	"github.com/yuin/goldmark"

	"gatepost/docs"
	"gatepost/httpd"
)

// A causeView is the page about a cause.
type causeView struct {
	Name string
	Page template.HTML
}

// isExplained reports whether there is a page about the cause of that name.
func isExplained(cause string) bool {
	_, ok := docs.Cause(cause)
	return ok
}

// causePage shows what is known of a cause, and what to do about it: the page of the
// documentation, which goldmark lets hold no HTML of its own.
func (s *handlers) causePage(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	v := causeView{Name: r.PathValue("name")}
	text, ok := docs.Cause(v.Name)
	if !ok {
		return httpd.ErrNotFound
	}
	var b bytes.Buffer
	if err := goldmark.Convert([]byte(text), &b); err != nil {
		return fmt.Errorf("page of the cause %s: %w", v.Name, err)
	}
	v.Page = template.HTML(b.String())
	return s.render(w, r, c, "cause.html", v)
}
