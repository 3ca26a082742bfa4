package store

import (
	"context"
	"errors"
)

// auditedImport is what the audit log says of an import: the first of the profiles, and how
// many have which role or are suspended.
type auditedImport struct {
	auditedEntries
	Roles     map[string]int `json:"roles"`
	Suspended int            `json:"suspended,omitempty"`
}

// Imported is what an import did.
type Imported struct {
	Added     int      // profiles that were not there
	Suspended int      // profiles that were there, and are suspended now
	Admins    []string // that stay as they are, since no other could sign in
}

// ImportUsers makes the profiles that are not there, all or none. Those that are there stay as
// they are, but for what is to be suspended: that is so afterwards.
func (h *Editor) ImportUsers(ctx context.Context, users []NewUser) (did Imported, err error) {
	err = h.do(ctx, func(t *tx) error {
		did = Imported{}
		made := auditedImport{Roles: map[string]int{}}
		for _, u := range users {
			isNew, err := insertUser(t, u, h.db.now())
			switch {
			case err != nil:
				return err
			case isNew:
				made.add(u)
			case u.Suspended:
				if err := h.importSuspension(t, u, &did); err != nil {
					return err
				}
			}
		}
		if did.Added = made.Count; did.Added == 0 {
			return nil
		}
		_, err := h.note(t, event{action: UsersImported, after: made})
		return err
	})
	return did, err
}

func (i *auditedImport) add(u NewUser) {
	i.list(u.Email.String())
	i.Roles[u.Role.String()]++
	if u.Suspended {
		i.Suspended++
	}
}

// importSuspension suspends a profile that was there, as SetSuspended does.
func (h *Editor) importSuspension(t *tx, n NewUser, did *Imported) error {
	u, err := t.user(n.Email)
	if err != nil || u.Suspended {
		return err
	}
	err = t.checkAdmins(u)
	if errors.Is(err, ErrLastAdmin) {
		did.Admins = append(did.Admins, u.Email)
		return nil
	}
	if err == nil {
		_, err = h.setSuspended(t, u, true, event{action: UserSuspended})
		did.Suspended++
	}
	return err
}
