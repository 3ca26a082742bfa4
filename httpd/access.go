package httpd

import (
	"context"
	"errors"
	"net/http"
	"time"

	"gatepost/message"
	"gatepost/policy"
	"gatepost/store"
)

// checkAccess asks whether a caller may come from there, at every request: a change of
// the ranges holds for sessions that stand. What is exempt asks nothing of the store.
func (s *Server) checkAccess(r *http.Request, rt Route, c Caller) error {
	if rt.Exempt != "" {
		return nil
	}
	access, err := s.DB.Access(r.Context())
	if err != nil {
		return err
	}
	visit := policy.Visit{Client: c.Client, Before: rt.Role == SigningIn, Known: c.Known, Role: c.Role}
	passage := access.Decide(visit)
	s.warnOfProxy(access, visit, passage, c)
	if !passage.Allowed {
		s.warnOfUnknown(c)
		s.counts.refuse()
		return restricted(passage)
	}
	return nil
}

// warnOfUnknown says once that somebody was refused since a proxy of ours does not say whom
// it speaks for.
func (s *Server) warnOfUnknown(c Caller) {
	if c.Client.IsValid() {
		return
	}
	s.unnamed.Do(func() {
		s.Log.Warn("refused: the client is unknown, since a proxy in http.proxies sent no "+
			"X-Forwarded-For that names one; have it add the address that it hears",
			"peer", c.peer.String())
	})
}

// An Exemption is an endpoint that answers from any address, and why.
type Exemption struct {
	Endpoint string `json:"endpoint"` // "GET /livez"
	Reason   string `json:"reason"`
}

// Exempt are all endpoints that IP restrictions do not hold for.
func (s *Server) Exempt() (all []Exemption) {
	for _, rt := range s.Routes() {
		if rt.Exempt != "" {
			all = append(all, Exemption{rt.Pattern, rt.Exempt})
		}
	}
	return all
}

// CodeRestricted is the code of an answer to an address that nobody may come from.
const CodeRestricted = "IPRestricted"

// restricted says no, and which address was seen.
func restricted(p policy.Passage) error {
	return &Problem{Status: http.StatusForbidden, Code: CodeRestricted, Description: p.Why()}
}

// warnOfProxy says once that a peer names another client, and is not believed, where that
// would have made a difference.
func (s *Server) warnOfProxy(a policy.Access, visit policy.Visit, p policy.Passage, c Caller) {
	if !c.claimed.IsValid() {
		return
	}
	visit.Client = c.claimed
	if a.Decide(visit).Allowed == p.Allowed {
		return
	}
	s.proxied.Do(func() {
		s.Log.Warn("X-Forwarded-For is ignored: its sender is not in http.proxies",
			"peer", c.Client.String(), "claimed", c.claimed.String())
	})
}

// ShutOut asks ShutOut now.
func (s *Server) ShutOut(ctx context.Context, a policy.Access) ([]store.Token, error) {
	return ShutOut(ctx, s.DB, a, s.Now())
}

// ShutOut are the tokens that stand at that time and were last used from an address that
// would be refused: what an access may break.
func ShutOut(ctx context.Context, db *store.DB, a policy.Access, now time.Time) (
	tokens []store.Token, err error) {
	var used []store.Token // all first: a question within another may wait for the connection of that
	for t, err := range db.Tokens(ctx) {
		if err != nil {
			return nil, err
		}
		if t.Stands(now) && t.LastClient != "" {
			used = append(used, t)
		}
	}
	for _, t := range used {
		role, err := roleOf(ctx, db, t.Owner)
		if err != nil {
			return nil, err
		}
		if !a.Decide(policy.Visit{Client: plainAddr(t.LastClient), Known: true, Role: role}).Allowed {
			tokens = append(tokens, t)
		}
	}
	return tokens, nil
}

// roleOf is the role of the profile of an address; an end-user's if there is none.
func roleOf(ctx context.Context, db *store.DB, email string) (policy.Role, error) {
	a, err := message.ParseAddress(email)
	if err != nil {
		return policy.EndUser, nil
	}
	u, err := db.User(ctx, a)
	if errors.Is(err, store.ErrNotFound) {
		return policy.EndUser, nil
	}
	if err != nil {
		return policy.EndUser, err
	}
	return policy.ParseRole(u.Role)
}
