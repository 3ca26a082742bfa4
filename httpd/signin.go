package httpd

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"gatepost/message"
	"gatepost/policy"
	"gatepost/store"
)

// A SignInRefused says to a person why they are not signed in.
type SignInRefused struct {
	words string
	Wait  time.Duration // until another attempt is looked at, if it is that
}

func (e *SignInRefused) Error() string { return e.words }

// tooMany says when to come again.
func tooMany(wait time.Duration) error {
	return &SignInRefused{"Too many attempts to sign in failed from here. Try again in " +
		minutes(wait) + ".", wait}
}

// SignIn opens a session of its own, whatever session there was: nobody can lay one under
// somebody else (session fixation). Only now is it known who asks, and so whether they may
// from there. Who is not signed in by that gets a SignInRefused.
func (s *Server) SignIn(w http.ResponseWriter, r *http.Request, c Caller, email,
	password string) error {
	user, err := s.authenticate(r, c, email, password)
	if errors.Is(err, store.ErrWrongPassword) {
		return s.wrongPassword(r, c)
	}
	if err != nil {
		return err
	}
	token, err := s.DB.NewSession(r.Context(), user, c.Client, r.UserAgent())
	if errors.Is(err, store.ErrNotFound) { // the profile has changed since
		return &SignInRefused{words: "The address or the password is not right any more."}
	}
	if err != nil {
		return err
	}
	if err := s.endSession(r); err != nil {
		return err
	}
	c.User = user
	s.noteSignIn(r, c, user.Email, signedIn)
	http.SetCookie(w, s.Cookie(token))
	return nil
}

// authenticate checks the password, then the address for the role that came to light. An
// attempt counts before it is known how it ends, so that many at once are no way around. Who
// may not from there is answered, and counted, as if the password were wrong: from there
// nobody finds out that it is right.
func (s *Server) authenticate(r *http.Request, c Caller, email, password string) (
	store.User, error) {
	account := noAccount
	address, err := message.ParseAddress(strings.TrimSpace(email))
	if err != nil {
		address = message.Address{} // which costs the same time as one that is not known
	} else {
		account = address.String()
	}
	wait, undo, err := s.takeAttempt(r.Context(), address, c.Client)
	if err != nil {
		return store.User{}, err
	}
	if wait > 0 {
		s.noteSignIn(r, c, account, tooOften)
		return store.User{}, tooMany(wait)
	}
	user, err := s.DB.SignIn(r.Context(), address, password, c.Client)
	if err == nil {
		err = s.checkFrom(r, c, user)
	}
	switch {
	case errors.Is(err, errNotFromThere):
		s.counts.refuse()
		s.noteSignIn(r, c, account, notFromThere)
	case errors.Is(err, store.ErrWrongPassword):
		s.noteSignIn(r, c, account, wrongPassword)
	default:
		undo()
	}
	return user, err
}

// errNotFromThere is a right password from where its owner may not come.
var errNotFromThere = fmt.Errorf("%w, as far as you are told", store.ErrWrongPassword)

// checkFrom checks whether whoever the password belongs to may come from there.
func (s *Server) checkFrom(r *http.Request, c Caller, u store.User) error {
	role, err := policy.ParseRole(u.Role)
	if err != nil {
		return err
	}
	allowed, err := s.mayFrom(r, c, role)
	if err == nil && !allowed {
		err = errNotFromThere
	}
	return err
}

// mayFrom reports whether a role may come from where the caller does.
func (s *Server) mayFrom(r *http.Request, c Caller, role policy.Role) (bool, error) {
	access, err := s.DB.Access(r.Context())
	return access.Decide(policy.Visit{Client: c.Client, Known: true, Role: role}).Allowed, err
}

// wrongPassword says why nobody was signed in, the same whatever the reason is.
func (s *Server) wrongPassword(r *http.Request, c Caller) error {
	const words = "The address or the password is wrong"
	staff, err := s.mayFrom(r, c, policy.Agent)
	switch {
	case err != nil:
		return err
	case staff:
		return &SignInRefused{words: words + "."}
	}
	return &SignInRefused{words: words + ", or they are those of an agent or admin, who cannot " +
		"sign in from your network address (" + c.From() + ")."}
}

// SignOut ends the session that a request carries, and has its cookie forgotten.
func (s *Server) SignOut(w http.ResponseWriter, r *http.Request) error {
	if err := s.endSession(r); err != nil {
		return err
	}
	gone := s.Cookie("")
	gone.MaxAge = -1
	http.SetCookie(w, gone)
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

// Cookie carries a session until the browser is closed; the store ends it earlier if it is
// idle.
func (s *Server) Cookie(token string) *http.Cookie {
	return &http.Cookie{Name: s.cookieName(), Value: token, Path: "/", HttpOnly: true,
		Secure: s.Secure, SameSite: http.SameSiteLaxMode}
}

// FormPage is the page that a form stands on: a form is sent to its page or to a path below.
func (s *Server) FormPage(p string) string {
	for ; p != "/"; p = path.Dir(p) {
		u := &url.URL{Path: p}
		_, pattern := s.mux.Handler(&http.Request{Method: http.MethodGet, URL: u})
		if pattern != "" && pattern != "/" {
			return u.RequestURI()
		}
	}
	return "/"
}
