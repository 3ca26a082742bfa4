package zendesk

import (
	"strings"
	"unicode"

	"gatepost/message"
	"gatepost/policy"
	"gatepost/store"
)

// A record is a user or an organisation as a file has it.
type record struct {
	file      string
	line      int
	name      string
	emails    []string // cells, of which each may hold several
	role      string
	suspended bool
	deleted   bool
}

func (e *Export) mend(r record, was, is string) {
	e.Mended = append(e.Mended, Finding{File: r.file, Line: r.line, Was: was, Is: is})
}

func (e *Export) leave(r record, what, why string) {
	e.Left = append(e.Left, Finding{File: r.file, Line: r.line, Was: what, Why: why})
}

// addUser adds each address of a user.
func (e *Export) addUser(r record) {
	e.Rows++
	if r.deleted {
		e.Deleted++
		return
	}
	found := false
	for _, cell := range r.emails {
		for _, text := range addressesIn(cell) {
			found = true
			if a, ok := e.address(r, text); ok {
				e.add(User{a, store.CleanName(r.name), roleOf(r.role), r.suspended})
			}
		}
	}
	if !found {
		e.Nowhere++
	}
}

// addressesIn are the addresses of a cell, which may hold several where a user has several.
func addressesIn(cell string) []string {
	if cell == "" || strings.Contains(cell, `"`) { // a quoted local part may hold anything
		return strings.Fields(cell)
	}
	return strings.FieldsFunc(cell, func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune(",;|", r)
	})
}

// address reads an address as it was meant.
func (e *Export) address(r record, text string) (message.Address, bool) {
	a, err := message.ParseAddress(text)
	if err == nil {
		return a, true
	}
	entries, _, _ := policy.MendEntries(policy.Org, text)
	if len(entries) == 1 {
		if mended, err := message.ParseAddress(entries[0].Target); err == nil {
			e.mend(r, text, entries[0].String())
			return mended, true
		}
	}
	e.leave(r, text, "it is no address: "+err.Error())
	return message.Address{}, false
}

// add takes an address once: with the rights of the first, suspended if any of them is.
func (e *Export) add(u User) {
	if e.byEmail == nil {
		e.byEmail = map[message.Address]int{}
	}
	at, there := e.byEmail[u.Email]
	if there {
		e.Twice++
		e.Users[at].Suspended = e.Users[at].Suspended || u.Suspended
		return
	}
	e.byEmail[u.Email] = len(e.Users)
	e.Users = append(e.Users, u)
}

// roleOf is a role as we have them: who has one of the help desk's own making is an agent.
func roleOf(text string) policy.Role {
	switch strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToLower(text)) {
	case "", "enduser", "null":
		return policy.EndUser
	case "admin", "administrator", "owner", "accountowner", "billingadmin":
		return policy.Admin
	}
	return policy.Agent
}

// addOrg adds an organisation, or to one of the same name.
func (e *Export) addOrg(r record, domains string) {
	name := store.CleanName(r.name)
	if err := store.CheckOrganization(name); err != nil {
		e.leave(r, r.name, err.Error())
		return
	}
	if name != r.name {
		e.mend(r, r.name, name)
	}
	entries, mended, left := policy.MendEntries(policy.Org, domains)
	for _, m := range mended {
		e.mend(r, m.Was, m.Is)
	}
	for _, p := range left {
		e.leave(r, p.Entry, p.Reason+"; "+p.Remedy)
	}
	if e.byOrg == nil {
		e.byOrg = map[string]int{}
	}
	at, there := e.byOrg[name]
	if !there {
		at = len(e.Organizations)
		e.byOrg[name] = at
		e.Organizations = append(e.Organizations, store.NewOrganization{Name: name})
	}
	e.Organizations[at].Entries = append(e.Organizations[at].Entries, entries...)
}
