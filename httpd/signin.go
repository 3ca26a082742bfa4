package httpd

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"

	"gatepost/message"
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
func (s *Server) signInPage(w http.ResponseWriter, r *http.Request, v visitor) error {
	next := ownPath(r.URL.Query().Get("next"))
	if v.Known {
		http.Redirect(w, r, next, http.StatusSeeOther)
		return nil
	}
	return s.showSignIn(w, r, v, http.StatusOK,
		signInForm{Next: next, Lost: r.URL.Query().Get("lost") != ""})
}

func (s *Server) showSignIn(w http.ResponseWriter, r *http.Request, v visitor, status int,
	form signInForm) error {
	has, err := s.DB.HasAdmin(r.Context())
	if err != nil {
		return err
	}
	if form.NoAdmin = !has; form.NoAdmin {
		form.Message = ""
	}
	return s.renderStatus(w, r, v, status, "signin.html", form)
}

// signIn opens a session of its own, whatever session there was: nobody can lay one under
// somebody else (session fixation). Only now is it known who asks, and so whether they may
// from there.
func (s *Server) signIn(w http.ResponseWriter, r *http.Request, v visitor) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return invalid("form", "the form cannot be read: %s", err)
	}
	form := signInForm{Email: r.PostForm.Get("email"), Next: ownPath(r.PostForm.Get("next")),
		Lost: r.PostForm.Get("lost") != ""}
	switch has, err := s.DB.HasAdmin(r.Context()); {
	case err != nil:
		return err
	case !has:
		return s.showSignIn(w, r, v, http.StatusUnprocessableEntity, form)
	}
	user, err := s.authenticate(r, v, form.Email)
	switch p := asProblem(err); {
	case errors.Is(err, store.ErrWrongPassword):
		if form.Message, err = s.wrongWords(r, v); err != nil {
			return err
		}
		return s.showSignIn(w, r, v, http.StatusUnprocessableEntity, form)
	case err != nil && p != nil && p.status == http.StatusTooManyRequests:
		w.Header().Set("Retry-After", p.retryAfter())
		form.Message = p.description
		return s.showSignIn(w, r, v, p.status, form)
	case err != nil:
		return err
	}
	token, err := s.DB.NewSession(r.Context(), user, v.Client, r.UserAgent())
	if errors.Is(err, store.ErrNotFound) { // the profile has changed since
		form.Message = "This address and this password do not go together any more."
		return s.showSignIn(w, r, v, http.StatusUnprocessableEntity, form)
	}
	if err != nil {
		return err
	}
	if err := s.endSession(r); err != nil {
		return err
	}
	v.User = user
	s.noteSignIn(r, v, user.Email, signedIn)
	http.SetCookie(w, s.cookie(token))
	http.Redirect(w, r, form.Next, http.StatusSeeOther)
	return nil
}

// authenticate checks the password, then the address for the role that came to light. An
// attempt counts before it is known how it ends, so that many at once are no way around. Who
// may not from there is answered, and counted, as if the password were wrong: from there
// nobody finds out that it is right.
func (s *Server) authenticate(r *http.Request, v visitor, email string) (store.User, error) {
	account := noAccount
	address, err := message.ParseAddress(strings.TrimSpace(email))
	if err != nil {
		address = message.Address{} // which costs the same time as one that is not known
	} else {
		account = address.String()
	}
	wait, undo := s.attempts.take(address, v.Client)
	if wait > 0 {
		s.noteSignIn(r, v, account, tooOften)
		return store.User{}, tooMany(wait)
	}
	user, err := s.DB.SignIn(r.Context(), address, r.PostForm.Get("password"),
		v.Client)
	if err == nil {
		err = s.checkFrom(r, v, user)
	}
	switch {
	case errors.Is(err, errNotFromThere):
		s.counts.refuse()
		s.noteSignIn(r, v, account, notFromThere)
	case errors.Is(err, store.ErrWrongPassword):
		s.noteSignIn(r, v, account, wrongPassword)
	default:
		undo()
	}
	return user, err
}

// errNotFromThere is a right password from where its owner may not come.
var errNotFromThere = fmt.Errorf("%w, as far as you are told", store.ErrWrongPassword)

// checkFrom checks whether whoever the password belongs to may come from there.
func (s *Server) checkFrom(r *http.Request, v visitor, u store.User) error {
	role, err := policy.ParseRole(u.Role)
	if err != nil {
		return err
	}
	allowed, err := s.mayFrom(r, v, role)
	if err == nil && !allowed {
		err = errNotFromThere
	}
	return err
}

// mayFrom reports whether a role may come from where the visitor does.
func (s *Server) mayFrom(r *http.Request, v visitor, role policy.Role) (bool, error) {
	access, err := s.DB.Access(r.Context())
	return access.Decide(policy.Visit{Client: v.Client, Known: true, Role: role}).Allowed, err
}

// wrongWords say why nobody was signed in, the same whatever the reason is.
func (s *Server) wrongWords(r *http.Request, v visitor) (string, error) {
	const words = "This address and this password do not go together"
	staff, err := s.mayFrom(r, v, policy.Agent)
	if staff {
		return words + ".", err
	}
	return words + ", or they are those of an agent or admin, who cannot sign in from your " +
		"network address (" + v.From() + ").", err
}

// signOut ends the session, from anywhere and whoever it belongs to.
func (s *Server) signOut(w http.ResponseWriter, r *http.Request, _ visitor) error {
	if err := s.endSession(r); err != nil {
		return err
	}
	gone := s.cookie("")
	gone.MaxAge = -1
	http.SetCookie(w, gone)
	http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
	return nil
}

// endSession ends the session that a request carries, if there is one.
func (s *Server) endSession(r *http.Request) error {
	cookie, err := r.Cookie(s.cookieName())
	if err != nil {
		return nil
	}
	if err := s.DB.EndSession(r.Context(), cookie.Value); !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return nil
}

// cookieName has the prefix under TLS with which no other host can set it (RFC 6265bis,
// section 4.1.3.2).
func (s *Server) cookieName() string {
	if s.Secure {
		return "__Host-gatepost"
	}
	return "gatepost"
}

// cookie carries a session until the browser is closed; the store ends it earlier if it is
// idle.
func (s *Server) cookie(token string) *http.Cookie {
	return &http.Cookie{Name: s.cookieName(), Value: token, Path: "/", HttpOnly: true,
		Secure: s.Secure, SameSite: http.SameSiteLaxMode}
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

// formPage is the page that a form stands on: a form is sent to its page or to a path below.
func (s *Server) formPage(p string) string {
	for ; p != "/"; p = path.Dir(p) {
		u := &url.URL{Path: p}
		_, pattern := s.mux.Handler(&http.Request{Method: http.MethodGet, URL: u})
		if pattern != "" && pattern != "/" {
			return u.RequestURI()
		}
	}
	return "/"
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
