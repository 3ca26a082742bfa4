package httpd

import (
	"context"
	"net/http"
	"time"

	"gatepost/policy"
	"gatepost/store"
)

// checkAccess asks whether a visitor may come from there, at every request: a change of
// the ranges holds for sessions that stand. What is exempt asks nothing of the store.
func (s *Server) checkAccess(r *http.Request, rt route, v visitor) error {
	if rt.exempt != "" {
		return nil
	}
	access, err := s.DB.Access(r.Context())
	if err != nil {
		return err
	}
	visit := policy.Visit{Client: v.Client, Before: rt.who == signIn, Known: v.Known, Role: v.Role}
	passage := access.Decide(visit)
	s.warnOfProxy(access, visit, passage, v)
	if !passage.Allowed {
		s.warnOfUnknown(v)
		s.counts.refuse()
		return restricted(passage)
	}
	return nil
}

// warnOfUnknown says once that somebody was refused since a proxy of ours does not say whom
// it speaks for.
func (s *Server) warnOfUnknown(v visitor) {
	if v.Client.IsValid() {
		return
	}
	s.unnamed.Do(func() {
		s.Log.Warn("refused: the client is unknown, since a proxy in http.proxies sent no "+
			"X-Forwarded-For that names one; have it add the address that it hears",
			"peer", v.peer.String())
	})
}

// An Exemption is an endpoint that answers from any address, and why.
type Exemption struct {
	Endpoint string `json:"endpoint"` // "GET /livez"
	Reason   string `json:"reason"`
}

// Exempt are all endpoints that IP restrictions do not hold for.
func Exempt() (all []Exemption) {
	for _, rt := range new(Server).routes() {
		if rt.exempt != "" {
			all = append(all, Exemption{rt.pattern, rt.exempt})
		}
	}
	return all
}

// codeRestricted is the code of an answer to an address that nobody may come from.
const codeRestricted = "IPRestricted"

// restricted says no, and which address was seen.
func restricted(p policy.Passage) error {
	return &problem{status: http.StatusForbidden, code: codeRestricted, description: p.Why()}
}

// warnOfProxy says once that a peer names another client, and is not believed, where that
// would have made a difference.
func (s *Server) warnOfProxy(a policy.Access, visit policy.Visit, p policy.Passage, v visitor) {
	if !v.claimed.IsValid() {
		return
	}
	visit.Client = v.claimed
	if a.Decide(visit).Allowed == p.Allowed {
		return
	}
	s.proxied.Do(func() {
		s.Log.Warn("X-Forwarded-For is ignored: its sender is not in http.proxies",
			"peer", v.Client.String(), "claimed", v.claimed.String())
	})
}

// shutOut asks ShutOut now.
func (s *Server) shutOut(ctx context.Context, a policy.Access) ([]store.Token, error) {
	return ShutOut(ctx, s.DB, a, s.Now())
}

// ShutOut are the tokens that stand at that time and were last used from an address that
// would be refused: what an access may break.
func ShutOut(ctx context.Context, db *store.DB, a policy.Access, now time.Time) (
	tokens []store.Token, err error) {
	for t, err := range db.Tokens(ctx) {
		if err != nil {
			return nil, err
		}
		if !t.Stands(now) || t.LastClient == "" {
			continue
		}
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
