package httpd

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"gatepost/policy"
	"gatepost/store"
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
func (s *Server) signInPage(w http.ResponseWriter, r *http.Request, c Caller) error {
	next := ownPath(r.URL.Query().Get("next"))
	if c.Known {
		http.Redirect(w, r, next, http.StatusSeeOther)
		return nil
	}
	return s.showSignIn(w, r, c, http.StatusOK,
		signInForm{Next: next, Lost: r.URL.Query().Get("lost") != ""})
}

func (s *Server) showSignIn(w http.ResponseWriter, r *http.Request, c Caller, status int,
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

// signIn opens a session of its own, whatever session there was: nobody can lay one under
// somebody else (session fixation). Only now is it known who asks, and so whether they may
// from there.
func (s *Server) signIn(w http.ResponseWriter, r *http.Request, c Caller) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return Invalid("form", "the form cannot be read: %s", err)
	}
	form := signInForm{Email: r.PostForm.Get("email"), Next: ownPath(r.PostForm.Get("next")),
		Lost: r.PostForm.Get("lost") != ""}
	switch has, err := s.DB.HasAdmin(r.Context()); {
	case err != nil:
		return err
	case !has:
		return s.showSignIn(w, r, c, http.StatusUnprocessableEntity, form)
	}
	user, err := s.authenticate(r, c, form.Email)
	switch p := AsProblem(err); {
	case errors.Is(err, store.ErrWrongPassword):
		if form.Message, err = s.wrongWords(r, c); err != nil {
			return err
		}
		return s.showSignIn(w, r, c, http.StatusUnprocessableEntity, form)
	case err != nil && p != nil && p.Status == http.StatusTooManyRequests:
		w.Header().Set("Retry-After", p.retryAfter())
		form.Message = p.Description
		return s.showSignIn(w, r, c, p.Status, form)
	case err != nil:
		return err
	}
	token, err := s.DB.NewSession(r.Context(), user, c.Client, r.UserAgent())
	if errors.Is(err, store.ErrNotFound) { // the profile has changed since
		form.Message = "This address and this password do not go together any more."
		return s.showSignIn(w, r, c, http.StatusUnprocessableEntity, form)
	}
	if err != nil {
		return err
	}
	if err := s.endSession(r); err != nil {
		return err
	}
	c.User = user
	s.noteSignIn(r, c, user.Email, signedIn)
	http.SetCookie(w, s.cookie(token))
	http.Redirect(w, r, form.Next, http.StatusSeeOther)
	return nil
}

// wrongWords say why nobody was signed in, the same whatever the reason is.
func (s *Server) wrongWords(r *http.Request, c Caller) (string, error) {
	const words = "This address and this password do not go together"
	staff, err := s.mayFrom(r, c, policy.Agent)
	if staff {
		return words + ".", err
	}
	return words + ", or they are those of an agent or admin, who cannot sign in from your " +
		"network address (" + c.From() + ").", err
}

// signOut ends the session, from anywhere and whoever it belongs to.
func (s *Server) signOut(w http.ResponseWriter, r *http.Request, _ Caller) error {
	if err := s.endSession(r); err != nil {
		return err
	}
	gone := s.cookie("")
	gone.MaxAge = -1
	http.SetCookie(w, gone)
	http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
	return nil
}

// toSignIn leads to the sign-in and from there back to where one was. A form that was sent too
// late has done nothing: that is said, and back is the page that the form stood on.
func (s *Server) toSignIn(r *http.Request) string {
	q, next := url.Values{}, r.URL.RequestURI()
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		q.Set("lost", "1")
		next = s.formPage(r.URL.Path)
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
