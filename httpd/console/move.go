package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"

	"gatepost/httpd"
	"gatepost/message"
	"gatepost/zendesk"
)

// maxMove is how much an export may have that is moved over, in octets: some 30,000 users of
// the JSON export. The command takes any.
const maxMove = 64 << 20

// A moveView is what was chosen to be moved over, and what that would change.
type moveView struct {
	Allow, Block, Staff string // as they were typed
	Error               string
	Plan                *zendesk.Plan // nil before anything was chosen
	Packed              zendesk.Packed
}

func (s *handlers) movePage(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	return s.render(w, r, c, "move.html", moveView{})
}

// move shows what an export would change, or changes it: what was shown comes back with the form,
// and is compared once more with what is there by then.
func (s *handlers) move(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	if err := r.ParseMultipartForm(maxMove); err != nil &&
		!errors.Is(err, http.ErrNotMultipart) {
		return httpd.Invalid("form", "the form cannot be read")
	}
	v := moveView{Allow: r.PostForm.Get("allow"), Block: r.PostForm.Get("block"),
		Staff: r.PostForm.Get("staff")}
	apply := r.PostForm.Get("do") == "apply"
	e, staff, err := v.read(r, apply)
	if err != nil {
		v.Error = err.Error()
		return s.renderStatus(w, r, c, http.StatusUnprocessableEntity, "move.html", v)
	}
	if v.Plan, err = e.Plan(r.Context(), s.DB, staff); err != nil {
		return err
	}
	if apply {
		return s.applyMove(w, r, c, v.Plan)
	}
	if v.Packed, err = e.Pack(); err != nil {
		return err
	}
	return s.render(w, r, c, "move.html", v)
}

func (s *handlers) applyMove(w http.ResponseWriter, r *http.Request, c httpd.Caller,
	p *zendesk.Plan) error {
	h := s.As(c)
	// Whoever leaves does not end it half-way.
	if err := p.Apply(context.WithoutCancel(r.Context()), h); err != nil {
		return err
	}
	return s.back(w, r, "/move", did("moved", h))
}

// read reads the files and fields of a form, or what was packed when they were shown.
func (v *moveView) read(r *http.Request, packed bool) (e *zendesk.Export, staff []message.Address,
	err error) {
	for _, word := range strings.FieldsFunc(v.Staff, func(c rune) bool {
		return strings.ContainsRune(" ,;\r\n\t", c)
	}) {
		a, err := message.ParseAddress(word)
		if err != nil {
			return nil, nil, fmt.Errorf("staff: %q is not an address: %w", word, err)
		}
		staff = append(staff, a)
	}
	if packed {
		e, err = zendesk.Packed{Records: r.PostForm.Get("records"), Allow: v.Allow,
			Block: v.Block}.Unpack()
		return e, staff, err
	}
	e = &zendesk.Export{}
	if r.MultipartForm != nil {
		for _, file := range r.MultipartForm.File["files"] {
			if err := readFile(e, file); err != nil {
				return nil, nil, err
			}
		}
	}
	err = errors.Join(e.Read("allowlist.txt", []byte(v.Allow)),
		e.Read("blocklist.txt", []byte(v.Block)))
	return e, staff, err
}

// readFile reads one file that was sent. A field for files that holds none sends one without a
// name.
func readFile(e *zendesk.Export, file *multipart.FileHeader) error {
	if file.Filename == "" {
		return nil
	}
	f, err := file.Open()
	if err != nil {
		return err
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err != nil {
		return err
	}
	return e.Read(file.Filename, data)
}

// Of what is moved over so much is named. The command names all with --json.
const (
	mostNames    = 20
	mostFindings = 100
)

func firstNames(names []string) string { return firstOf(names, int64(len(names)), mostNames) }

func firstFindings(all []zendesk.Finding) []zendesk.Finding {
	return all[:min(len(all), mostFindings)]
}
