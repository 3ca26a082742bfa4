package zendesk

import (
	"encoding/json"
	"strings"

	"gatepost/policy"
)

// A Packed is what an export comes to, to be handed to Unpack later.
type Packed struct {
	Records      string // users and organisations, as Read reads them from JSON
	Allow, Block string // the lists
}

// Pack leaves out what does not come over.
func (e *Export) Pack() (p Packed, err error) {
	var records strings.Builder
	encoder := json.NewEncoder(&records)
	for _, u := range e.Users {
		err = encoder.Encode(map[string]any{"email": u.Email.String(), "name": u.Name,
			"role": u.Role.String(), "suspended": u.Suspended})
		if err != nil {
			return p, err
		}
	}
	for _, o := range e.Organizations {
		err = encoder.Encode(map[string]any{"name": o.Name, "domain_names": texts(o.Entries)})
		if err != nil {
			return p, err
		}
	}
	return Packed{records.String(), strings.Join(texts(e.Allow), "\n"),
		strings.Join(texts(e.Block), "\n")}, nil
}

func texts(entries []policy.Entry) []string {
	all := make([]string, len(entries))
	for i, e := range entries {
		all[i] = e.String()
	}
	return all
}

// Unpack reads what was packed.
func (p Packed) Unpack() (*Export, error) {
	e := &Export{}
	e.readList(policy.Allow, &e.Allow, "allowlist", p.Allow)
	e.readList(policy.Block, &e.Block, "blocklist", p.Block)
	return e, e.readJSON("records", []byte(p.Records), unknown)
}
