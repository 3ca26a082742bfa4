package console

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"sync"

	"gatepost/httpd"
	"gatepost/policy"
	"gatepost/store"
)

//go:embed templates static
var assets embed.FS

// A page is what every template is given.
type page struct {
	Caller  httpd.Caller
	Path    string // of the request, to mark where one is
	Here    string // the address of the page, to come back to
	Version string
	Flash   *flashView // what was just done, if anything was
	Warning string     // to those who run this, if something is wrong with it
	Data    any
}

// Is reports whether the caller is at least that: for what is shown only to some.
func (p page) Is(role string) bool {
	least, err := policy.ParseRole(role)
	return err == nil && p.Caller.Known && p.Caller.Role >= least
}

// pages are the templates, each with the frame around it. They are read when the first page
// is asked for: a command that shows none does not pay for them.
var pages = sync.OnceValues(func() (map[string]*template.Template, error) {
	frame, err := template.New("").Funcs(templateFuncs()).ParseFS(assets, "templates/part/*.html")
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(assets, "templates/*.html")
	all := make(map[string]*template.Template, len(names))
	for _, name := range names {
		if err != nil {
			break
		}
		var t *template.Template
		if t, err = frame.Clone(); err == nil {
			all[path.Base(name)], err = t.ParseFS(assets, name)
		}
	}
	return all, err
})

// render answers with a page: templates/name with its frame around it. It is made whole
// before anything is written, so that an error can still be said.
func (s *handlers) render(w http.ResponseWriter, r *http.Request, c httpd.Caller, name string,
	data any) error {
	return s.renderStatus(w, r, c, http.StatusOK, name, data)
}

func (s *handlers) renderStatus(w http.ResponseWriter, r *http.Request, c httpd.Caller, status int,
	name string, data any) error {
	all, err := pages()
	if err != nil {
		return fmt.Errorf("templates: %w", err)
	}
	t, ok := all[name]
	if !ok {
		return fmt.Errorf("there is no template %s", name)
	}
	p := page{Caller: c, Path: r.URL.Path, Here: here(r), Version: s.Version, Data: data}
	if p.Flash, err = s.flashView(r, c); err != nil {
		return err
	}
	if s.DB.WithoutIndexes() && c.Role >= policy.Agent {
		p.Warning = store.IndexesWarning
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, "page", p); err != nil {
		return fmt.Errorf("page %s: %w", name, err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, err = b.WriteTo(w)
	return err
}

// renderPart answers with a piece of a page, for the script to put in its place.
func (s *handlers) renderPart(w http.ResponseWriter, name string, data any) error {
	all, err := pages()
	if err != nil {
		return fmt.Errorf("templates: %w", err)
	}
	var b bytes.Buffer
	if err := all["rules.html"].ExecuteTemplate(&b, name, data); err != nil {
		return fmt.Errorf("part %s: %w", name, err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, err = b.WriteTo(w)
	return err
}

// staticFile answers with the style sheet or the script. They hold nothing of anybody's.
func (s *handlers) staticFile(w http.ResponseWriter, r *http.Request, _ httpd.Caller) error {
	name := r.PathValue("file")
	kind := map[string]string{".css": "text/css", ".js": "text/javascript",
		".svg": "image/svg+xml"}[path.Ext(name)]
	b, err := assets.ReadFile("static/" + name)
	if err != nil || kind == "" {
		return httpd.ErrNotFound
	}
	w.Header().Set("Content-Type", kind+"; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	_, err = w.Write(b)
	return err
}
