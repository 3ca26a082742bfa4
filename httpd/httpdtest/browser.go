package httpdtest

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// UndoOf is where the form of a notice goes.
func UndoOf(t *testing.T, page string) string {
	t.Helper()
	_, rest, found := strings.Cut(page, `action="/audit/`)
	id, _, _ := strings.Cut(rest, "/undo")
	if !found {
		t.Fatal("there is nothing to undo")
	}
	return "/audit/" + id + "/undo"
}

// A Browser keeps a session, sends forms and reads pages.
type Browser struct {
	*Site
	Session string
}

func (st *Site) Browser(email string) *Browser {
	st.Helper()
	return &Browser{st, st.Session(email)}
}

// Get is a page, which must be answered with that status.
func (b *Browser) Get(path string, status int) string {
	b.Helper()
	return b.Check(b.Do(Call{Method: "GET", Path: path, Session: b.Session}), path, status)
}

// Post sends a form. Fields are names and values.
func (b *Browser) Post(path string, status int, fields ...string) (page, to string) {
	b.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	w := b.Do(Call{Method: "POST", Path: path, Session: b.Session, Body: form.Encode(),
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}})
	return b.Check(w, path, status), w.Header().Get("Location")
}

// Follow sends a form and gives the page that it leads to.
func (b *Browser) Follow(path string, fields ...string) string {
	b.Helper()
	_, to := b.Post(path, http.StatusSeeOther, fields...)
	return b.Get(to, http.StatusOK)
}

func (b *Browser) Check(w *httptest.ResponseRecorder, path string, status int) string {
	b.Helper()
	if w.Code != status {
		b.Fatalf("%s: status %d, want %d: %.300s", path, w.Code, status, w.Body)
	}
	return w.Body.String()
}

// Says checks that a page has all of the texts.
func (b *Browser) Says(page string, texts ...string) {
	b.Helper()
	for _, text := range texts {
		if !strings.Contains(page, text) {
			b.Errorf("the page does not say %q", text)
		}
	}
}

// Silent checks that a page has none of the texts.
func (b *Browser) Silent(page string, texts ...string) {
	b.Helper()
	for _, text := range texts {
		if strings.Contains(page, text) {
			b.Errorf("the page says %q", text)
		}
	}
}

// Fetch gets a page and says where it leads.
func (b *Browser) Fetch(path string) (page, to string) {
	b.Helper()
	w := b.Do(Call{Method: "GET", Path: path, Session: b.Session})
	return w.Body.String(), w.Header().Get("Location")
}
