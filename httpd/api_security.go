package httpd

import (
	"context"
	"errors"
	"net/http"
	"time"

	"gatepost/policy"
	"gatepost/store"
)

// ipSettings are IP restrictions in the vendor's words. What is not said stays as it is.
type ipSettings struct {
	Enabled *bool   `json:"ip_restriction_enabled"`
	Ranges  *string `json:"ip_ranges"`

	// StaffOnly is true when customers bypass: only agents and admins are restricted.
	StaffOnly *bool `json:"enable_agent_ip_restrictions"`
}

func (s *Server) getSecurity(w http.ResponseWriter, r *http.Request, _ visitor) error {
	a, err := s.DB.Access(r.Context())
	if err != nil {
		return err
	}
	return answerJSON(w, http.StatusOK, securityBody(a))
}

func securityBody(a policy.Access) body {
	ranges := a.Ranges.String()
	return body{"security_settings": map[string]any{"ip": ipSettings{Enabled: &a.Enabled,
		Ranges: &ranges, StaffOnly: &a.CustomersBypass}}}
}

// putSecurity changes IP restrictions. Who would shut themselves out says "force". The answer
// lists tokens that were last used from an address that is now refused.
func (s *Server) putSecurity(w http.ResponseWriter, r *http.Request, v visitor) error {
	var in struct {
		Settings struct {
			IP    ipSettings `json:"ip"`
			Force bool       `json:"force"`
		} `json:"security_settings"`
		Force bool `json:"force"`
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	a, err := s.change(r.Context(), v, in.Settings.IP, in.Force || in.Settings.Force)
	if err != nil {
		return err
	}
	b := securityBody(a)
	tokens, err := s.shutOut(r.Context(), a)
	if err != nil {
		return err
	}
	if len(tokens) > 0 {
		b["shut_out_tokens"] = tokenBodies(tokens)
	}
	return answerJSON(w, http.StatusOK, b)
}

// change lays what is said over the restrictions that stand. If somebody changes them
// meanwhile it does so again: what was not said stays as they have it.
func (s *Server) change(ctx context.Context, v visitor, in ipSettings, force bool) (
	a policy.Access, err error) {
	for range 3 {
		stands, generation, err := s.DB.AccessAt(ctx)
		if err != nil {
			return a, err
		}
		if a, err = in.over(stands); err != nil {
			return a, err
		}
		err = s.hand(v).SetAccessSince(ctx, generation, a, v.Client, v.Role, force)
		if !errors.Is(err, store.ErrAccessChanged) {
			return a, err
		}
	}
	return a, store.ErrBusy
}

// over is a with what is said changed.
func (in ipSettings) over(a policy.Access) (policy.Access, error) {
	if in.Enabled != nil {
		a.Enabled = *in.Enabled
	}
	if in.StaffOnly != nil {
		a.CustomersBypass = *in.StaffOnly
	}
	if in.Ranges != nil {
		ranges, err := policy.ParseRanges(*in.Ranges)
		if err != nil {
			return a, inField("ip_ranges", err)
		}
		a.Ranges = ranges
	}
	if a.Enabled && a.Ranges.Empty() {
		return a, invalid("ip_ranges", "without a range everybody would be shut out: "+
			"name one, such as 192.0.2.0/24")
	}
	return a, nil
}

// A tokenBody is a token without its secret, which nobody knows.
type tokenBody struct {
	ID         int64  `json:"id"`
	Name       string `json:"name"`
	Owner      string `json:"owner"`
	LastClient string `json:"last_ip_address"`
	LastUsedAt *stamp `json:"last_used_at"`
}

func tokenBodies(tokens []store.Token) []tokenBody {
	list := make([]tokenBody, len(tokens))
	for i, t := range tokens {
		list[i] = tokenBody{ID: t.ID, Name: t.Name, Owner: t.Owner, LastClient: t.LastClient,
			LastUsedAt: stampOf(t.LastUsedAt)}
	}
	return list
}

func stampOf(at *time.Time) *stamp {
	if at == nil {
		return nil
	}
	t := stamp(*at)
	return &t
}
