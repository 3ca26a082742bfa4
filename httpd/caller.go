package httpd

import (
	"errors"
	"net/http"
	"net/netip"
	"strings"

	"gatepost/message"
	"gatepost/policy"
	"gatepost/store"
)

// A Caller is who asks, and from where.
type Caller struct {
	User   store.User
	Known  bool // somebody is signed in, or has a token
	Role   policy.Role
	Client netip.Addr // the zero Addr if it cannot be known: then it is in no range
	Via    string     // console, api
	Token  bool       // by a token, not by a session

	session   store.Session // by which it is known, if it is not by a token
	token     store.Token
	peer      netip.Addr // whose connection it is: the client's, or a proxy's
	claimed   netip.Addr // what a peer that is no proxy of ours says the client is
	forwarded bool       // somebody in between says who it is, a proxy of ours or not
}

// actor is the caller as the audit log names it.
func (c Caller) actor() store.Actor {
	return store.Actor{Name: c.User.Email, Via: c.Via, Client: c.From()}
}

// From is the client's address for people.
func (c Caller) From() string {
	if !c.Client.IsValid() {
		return "unknown"
	}
	return c.Client.String()
}

// As changes the store in the caller's name.
func (s *Server) As(c Caller) *store.Editor { return s.DB.By(c.actor()) }

// identify finds out who asks: by a token if there is one, by the session otherwise. Who is
// neither is nobody, and that is no error. It only reads: noteUse writes, once somebody was
// let through.
func (s *Server) identify(r *http.Request, c *Caller) (err error) {
	c.Via = "console"
	secret, isToken := bearer(r)
	switch {
	case isToken:
		c.Via, c.Token = "api", true
		c.token, c.User, err = s.DB.TokenOwner(r.Context(), secret.token)
		if err == nil && !secret.isOf(c.User) {
			err = store.ErrNotFound
		}
	default:
		cookie, e := r.Cookie(s.cookieName())
		if e != nil {
			return nil
		}
		c.session, err = s.DB.Session(r.Context(), cookie.Value)
		c.User = c.session.User
	}
	if errors.Is(err, store.ErrNotFound) {
		c.User = store.User{}
		return nil
	}
	if err != nil {
		return err
	}
	c.Known = true
	c.Role, err = policy.ParseRole(c.User.Role)
	return err
}

// noteUse notes that somebody who was let through used their token or their session. Only
// what a person does keeps a session from being idle.
func (s *Server) noteUse(r *http.Request, c Caller) {
	switch {
	case !c.Known:
	case c.Token:
		s.DB.UseToken(r.Context(), c.token, c.Client)
	case !isByItself(r):
		s.DB.UseSession(r.Context(), c.session)
	}
}

// RefreshHeader is what the script sends with what it fetches because of an event.
const RefreshHeader = "Gatepost-Refresh"

// isByItself reports whether a browser asks with nobody at it: for events, which it goes on
// doing as long as a page is open, or because one came.
func isByItself(r *http.Request) bool {
	return r.URL.Path == EventsPath || r.Header.Get(RefreshHeader) != ""
}

// A credential is a token, and whose it is if that was said.
type credential struct{ owner, token string }

// isOf reports whether a credential names nobody else than u.
func (c credential) isOf(u store.User) bool {
	if c.owner == "" {
		return true
	}
	owner, err := message.ParseAddress(c.owner)
	return err == nil && owner.String() == u.Email
}

// bearer is the token of a request to the API: Basic with email/token as the name, as the
// vendor's clients send it, or Bearer. A browser's own Basic credentials are no token.
func bearer(r *http.Request) (credential, bool) {
	if !isAPI(r) || r.Header.Get("Authorization") == "" {
		return credential{}, false
	}
	if name, token, ok := r.BasicAuth(); ok {
		owner, _ := strings.CutSuffix(name, "/token")
		if owner == name {
			return credential{}, true // a password does not open the API
		}
		return credential{owner, token}, true
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if LowerASCII(scheme) != "bearer" {
		return credential{}, true
	}
	return credential{token: strings.TrimSpace(token)}, true
}

// client is the address of who asks: the connection's or, behind a proxy of ours, what that
// says. claimed is what a peer that is no proxy of ours says.
func (s *Server) client(r *http.Request) (client, claimed netip.Addr) {
	peer := plainAddr(r.RemoteAddr)
	line := strings.Join(r.Header.Values("X-Forwarded-For"), ",")
	switch {
	case s.Proxies.Contains(peer):
		return s.forwarded(line), claimed
	case line == "":
		return peer, claimed
	}
	return peer, plainAddr(line[strings.LastIndexByte(line, ',')+1:])
}

// namesClient reports whether somebody says for whom they ask.
func namesClient(r *http.Request) bool {
	return r.Header.Get("X-Forwarded-For") != "" || r.Header.Get("Forwarded") != ""
}

// forwarded reads the line from the right, where each proxy adds whom it heard: the first
// that is no proxy of ours is the client. What stands before it may be anybody's invention.
// If none is, some proxy did not say whom it heard, and the client is not known: it would
// have the privileges of the proxy otherwise.
func (s *Server) forwarded(line string) netip.Addr {
	for line != "" {
		comma := strings.LastIndexByte(line, ',')
		client := plainAddr(line[comma+1:])
		if !s.Proxies.Contains(client) {
			return client
		}
		line = line[:max(comma, 0)]
	}
	return netip.Addr{}
}

// plainAddr reads an address with or without a port; the zero Addr is in no range.
func plainAddr(text string) netip.Addr {
	text = strings.TrimSpace(text)
	if with, err := netip.ParseAddrPort(text); err == nil {
		return with.Addr().Unmap().WithZone("")
	}
	a, err := netip.ParseAddr(strings.Trim(text, "[]"))
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap().WithZone("")
}
