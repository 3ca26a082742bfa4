package api

import (
	"net/http"
	"time"

	"gatepost/httpd"
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

func (s *handlers) securityOperations() []operation {
	return tagged("security", []operation{
		{pattern: "GET /api/v2/security_settings", role: httpd.Admin, handler: s.getSecurity,
			id: "showSecuritySettings", summary: "IP restrictions",
			gives: answers("the settings", "SecuritySettings")},
		{pattern: "PUT /api/v2/security_settings", role: httpd.Admin, handler: s.putSecurity,
			id:      "updateSecuritySettings",
			summary: "Change IP restrictions; what is not said stays",
			sends:   and("SecuritySettings", fields{"force": "boolean: even if it shuts out its author"}),
			gives: answers(
				"the settings, and the tokens that were last used from an address that is now "+
					"refused",
				and("SecuritySettings", fields{"shut_out_tokens": "[]Token"})),
			fails: []int{http.StatusConflict}},
	})
}

func (s *handlers) getSecurity(w http.ResponseWriter, r *http.Request, _ httpd.Caller) error {
	a, generation, err := s.DB.AccessAt(r.Context())
	if err != nil {
		return err
	}
	return httpd.AnswerJSON(w, http.StatusOK, securityBody(a, generation))
}

func securityBody(a policy.Access, generation int64) body {
	ranges := a.Ranges.String()
	return body{"security_settings": map[string]any{"generation": generation,
		"ip": ipSettings{Enabled: &a.Enabled, Ranges: &ranges, StaffOnly: &a.CustomersBypass}}}
}

// putSecurity changes IP restrictions. Who would shut themselves out says "force". The answer
// lists tokens that were last used from an address that is now refused. Whoever says at which
// generation they read them is refused if they were changed since.
func (s *handlers) putSecurity(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	var in struct {
		Settings struct {
			IP         ipSettings `json:"ip"`
			Force      bool       `json:"force"`
			Generation *int64     `json:"generation"`
		} `json:"security_settings"`
		Force bool `json:"force"`
	}
	if err := readOwnJSON(r, &in); err != nil {
		return err
	}
	change, err := in.Settings.IP.change()
	if err != nil {
		return err
	}
	seen, err := since(in.Settings.Generation)
	if err != nil {
		return err
	}
	a, generation, err := s.As(c).ChangeAccess(r.Context(), seen, change,
		c.Client, c.Role, in.Force || in.Settings.Force)
	if err != nil {
		return err
	}
	b := securityBody(a, generation)
	tokens, err := s.ShutOut(r.Context(), a)
	if err != nil {
		return err
	}
	if len(tokens) > 0 {
		b["shut_out_tokens"] = tokenBodies(tokens)
	}
	return httpd.AnswerJSON(w, http.StatusOK, b)
}

// change is what is said, to be laid over the restrictions that stand.
func (in ipSettings) change() (func(policy.Access) policy.Access, error) {
	if in == (ipSettings{}) {
		return nil, httpd.Invalid("security_settings",
			"name what to change: {\"security_settings\": {\"ip\": {\"ip_ranges\": \"…\"}}}")
	}
	var ranges *policy.Ranges
	if in.Ranges != nil {
		var err error
		if ranges, err = policy.ParseRanges(*in.Ranges); err != nil {
			return nil, inField("ip_ranges", err)
		}
	}
	return func(a policy.Access) policy.Access {
		if in.Enabled != nil {
			a.Enabled = *in.Enabled
		}
		if in.StaffOnly != nil {
			a.CustomersBypass = *in.StaffOnly
		}
		if ranges != nil {
			a.Ranges = ranges
		}
		return a
	}, nil
}

// since is the generation that a program has read, if it says so.
func since(generation *int64) (int64, error) {
	switch {
	case generation == nil:
		return store.AnyGeneration, nil
	case *generation < 0:
		return 0, httpd.Invalid("generation", "%d is none: send the one that you have read", *generation)
	}
	return *generation, nil
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
