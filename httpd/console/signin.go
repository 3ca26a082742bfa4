package console

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"gatepost/httpd"
)

// maxForm is how much a form of the sign-in may carry, in octets.
const maxForm = 16 << 10

// A signInForm is what templates/signin.html shows.
type signInForm struct {
	Email   string
	Next    string // where to go afterwards: a path of ours
	Message string // why the last attempt failed, or ""
	Lost    bool   // what was sent came after the session had ended: say that nothing came of it
	NoAdmin bool   // nobody can administer this yet: say so, and only that
}

// signInPage is the way in. Who is in already is led on.
func (s *handlers) signInPage(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	next := ownPath(r.URL.Query().Get("next"))
	if c.Known {
		http.Redirect(w, r, next, http.StatusSeeOther)
		return nil
	}
	return s.showSignIn(w, r, c, http.StatusOK,
		signInForm{Next: next, Lost: r.URL.Query().Get("lost") != ""})
}

func (s *handlers) showSignIn(w http.ResponseWriter, r *http.Request, c httpd.Caller, status int,
	form signInForm) error {
	has, err := s.DB.HasAdmin(r.Context())
	if err != nil {
		return err
	}
	if form.NoAdmin = !has; form.NoAdmin {
		form.Message = ""
	}
	return s.renderStatus(w, r, c, status, "signin.html", form)
}

// signIn signs somebody in who sent the form, and leads them on.
func (s *handlers) signIn(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return httpd.Invalid("form", "the form cannot be read: %s", err)
	}
	form := signInForm{Email: r.PostForm.Get("email"), Next: ownPath(r.PostForm.Get("next")),
		Lost: r.PostForm.Get("lost") != ""}
	switch has, err := s.DB.HasAdmin(r.Context()); {
	case err != nil:
		return err
	case !has:
		return s.showSignIn(w, r, c, http.StatusUnprocessableEntity, form)
	}
	var refused *httpd.SignInRefused
	err := s.SignIn(w, r, c, form.Email, r.PostForm.Get("password"))
	switch {
	case err == nil:
		http.Redirect(w, r, form.Next, http.StatusSeeOther)
		return nil
	case !errors.As(err, &refused):
		return err
	}
	form.Message = refused.Error()
	status := http.StatusUnprocessableEntity
	if refused.Wait > 0 {
		status = http.StatusTooManyRequests
		w.Header().Set("Retry-After", httpd.RetryAfter(refused.Wait))
	}
	return s.showSignIn(w, r, c, status, form)
}

// signOut ends the session, from anywhere and whoever it belongs to.
func (s *handlers) signOut(w http.ResponseWriter, r *http.Request, _ httpd.Caller) error {
	if err := s.SignOut(w, r); err != nil {
		return err
	}
	http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
	return nil
}

// toSignIn leads to the sign-in and from there back to where one was. A form that was sent too
// late has done nothing: that is said, and back is the page that the form stood on.
func (s *handlers) toSignIn(r *http.Request) string {
	q, next := url.Values{}, r.URL.RequestURI()
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		q.Set("lost", "1")
		next = s.FormPage(r.URL.Path)
	}
	if next != "/" {
		q.Set("next", next)
	}
	return strings.TrimSuffix("/sign-in?"+q.Encode(), "?")
}

// ownPath is where to go after the sign-in: nothing but a path of ours. Browsers read \ as /
// and pass over control characters, so that /\example.com is another host.
func ownPath(next string) string {
	u, err := url.Parse(next)
	bad := strings.ContainsFunc(next, func(r rune) bool { return r <= ' ' || r == '\\' || r == 0x7f })
	if err != nil || bad || u.Scheme != "" || u.Host != "" || u.User != nil ||
		!strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") ||
		strings.HasPrefix(u.Path, "//") || strings.HasPrefix(next, "/sign-") {
		return "/"
	}
	return next
}
