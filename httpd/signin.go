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

// authenticate checks the password, then the address for the role that came to light. An
// attempt counts before it is known how it ends, so that many at once are no way around. Who
// may not from there is answered, and counted, as if the password were wrong: from there
// nobody finds out that it is right.
func (s *Server) authenticate(r *http.Request, c Caller, email string) (store.User, error) {
	account := noAccount
	address, err := message.ParseAddress(strings.TrimSpace(email))
	if err != nil {
		address = message.Address{} // which costs the same time as one that is not known
	} else {
		account = address.String()
	}
	wait, undo := s.attempts.take(address, c.Client)
	if wait > 0 {
		s.noteSignIn(r, c, account, tooOften)
		return store.User{}, tooMany(wait)
	}
	user, err := s.DB.SignIn(r.Context(), address, r.PostForm.Get("password"),
		c.Client)
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
