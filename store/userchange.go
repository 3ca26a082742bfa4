package store

import (
	"context"
	"errors"
	"fmt"

	"gatepost/message"
	"gatepost/policy"
)

// SetRole gives a profile another role. The last admin keeps theirs (ErrLastAdmin).
func (h *Editor) SetRole(ctx context.Context, a message.Address, role policy.Role) error {
	return h.changeUser(ctx, a, role != policy.Admin, func(t *tx, u User) error {
		if u.Role == role.String() {
			return nil
		}
		_, err := h.setUser(t, u, "role", role.String(), event{action: RoleSet,
			before: map[string]string{"role": u.Role},
			after:  map[string]string{"role": role.String()}})
		return err
	})
}

// SetSuspended suspends a profile, which ends its sessions and revokes its tokens for good, or
// lets it be heard again. The last admin cannot be suspended (ErrLastAdmin).
func (h *Editor) SetSuspended(ctx context.Context, a message.Address, suspended bool) error {
	return h.changeUser(ctx, a, suspended, func(t *tx, u User) error {
		if u.Suspended == suspended {
			return nil
		}
		e := event{action: UserUnsuspended}
		if suspended {
			e.action = UserSuspended
		}
		_, err := h.setSuspended(t, u, suspended, e)
		return err
	})
}

func (h *Editor) setSuspended(t *tx, u User, suspended bool, e event) (audit int64, err error) {
	e.before = map[string]bool{"suspended": u.Suspended}
	e.after, e.undoable = map[string]bool{"suspended": suspended}, true
	if err := endSessions(t, u); err != nil {
		return 0, err
	}
	if audit, err = h.setUser(t, u, "suspended", suspended, e); err == nil && suspended {
		_, err = h.revokeAll(t, u)
	}
	return audit, err
}

// undoSuspension suspends a profile, or ends that, as it was before. What was revoked with it
// stays so.
func (h *Editor) undoSuspension(t *tx, was AuditEntry, e event) (audit int64, err error) {
	a, err := message.ParseAddress(was.Subject)
	if err != nil {
		return 0, err
	}
	u, err := t.user(a)
	if errors.Is(err, ErrNotFound) {
		return 0, errChangedSince
	}
	if err != nil {
		return 0, err
	}
	var later int
	err = t.row(`select count(*) from audit where subject = $1 and id > $2 and undone_by is null
		and action in ('user.suspend', 'user.unsuspend')`, was.Subject, was.ID).Scan(&later)
	suspended := was.Action == UserUnsuspended
	switch {
	case err != nil:
		return 0, damaged(err)
	case later > 0 || u.Suspended == suspended:
		return 0, errChangedSince
	case suspended:
		if err := t.checkAdmins(u); err != nil {
			return 0, fmt.Errorf("%w: %w", ErrCannotUndo, err)
		}
	}
	return h.setSuspended(t, u, suspended, e)
}

// SetPassword keeps a hash of HashPassword, or none if it is empty, and ends the sessions of
// the profile; its tokens are RevokeTokens' to end. The last admin who can sign in keeps one (ErrLastAdmin).
func (h *Editor) SetPassword(ctx context.Context, a message.Address, hash string) error {
	return h.changeUser(ctx, a, hash == "", func(t *tx, u User) error {
		if err := endSessions(t, u); err != nil {
			return err
		}
		_, err := h.setUser(t, u, "password", hash, event{action: PasswordSet,
			after: map[string]bool{"password": hash != ""}})
		return err
	})
}

// Rename gives a profile another display name.
func (h *Editor) Rename(ctx context.Context, a message.Address, name string) error {
	name = message.Clean(name)
	return h.changeUser(ctx, a, false, func(t *tx, u User) error {
		if u.Name == name {
			return nil
		}
		_, err := h.setUser(t, u, "name", name, event{action: UserRenamed,
			before: map[string]string{"name": u.Name}, after: map[string]string{"name": name}})
		return err
	})
}

// RemoveUser removes a profile with its tokens and sessions: its address is a stranger's
// again. The last admin stays (ErrLastAdmin).
func (h *Editor) RemoveUser(ctx context.Context, a message.Address) error {
	return h.changeUser(ctx, a, true, func(t *tx, u User) error {
		var was auditedUser
		err := t.row(`select name, role, suspended, password <> '' from users where id = $1`, u.ID).
			Scan(&was.Name, &was.Role, &was.Suspended, &was.Password)
		if err != nil {
			return damaged(err)
		}
		if err := t.removeUser(u.ID); err != nil {
			return err
		}
		_, err = h.note(t, event{action: UserRemoved, subject: u.Email, before: was})
		return err
	})
}

func (t *tx) removeUser(id int64) error {
	if err := t.exec(`delete from users where id = $1`, id); err != nil {
		return err
	}
	return t.exec(`update meta set value = $1 where name = 'removed_user' and value < $1`, id)
}

func (h *Editor) changeUser(ctx context.Context, a message.Address, losesAdmin bool,
	change func(*tx, User) error) error {
	return h.do(ctx, func(t *tx) error {
		u, err := t.user(a)
		if err == nil && losesAdmin {
			err = t.checkAdmins(u)
		}
		if err != nil {
			return err
		}
		return change(t, u)
	})
}

// setUser changes one column of a profile, and notes it.
func (h *Editor) setUser(t *tx, u User, column string, value any, e event) (audit int64, err error) {
	err = t.exec(`update users set `+column+` = $1, updated_at = $2 where id = $3`, value,
		h.now(), u.ID)
	if err != nil {
		return 0, err
	}
	e.subject = u.Email
	return h.note(t, e)
}

func endSessions(t *tx, u User) error {
	return t.exec(`delete from sessions where owner = $1`, u.ID)
}

func (t *tx) user(a message.Address) (User, error) {
	u, err := scanUser(t.row(`select `+userColumns+` from users where email = $1`, a.String()))
	if err != nil {
		return u, fmt.Errorf("no profile of %s: %w", a, absent(err))
	}
	return u, nil
}

// checkAdmins makes sure that there is another admin if this one goes; one who can sign in,
// if this one can, since nobody signs in while no admin does.
func (t *tx) checkAdmins(u User) error {
	if u.Role != policy.Admin.String() || u.Suspended {
		return nil
	}
	var signsIn bool
	err := t.row(`select password <> '' from users where id = $1`, u.ID).Scan(&signsIn)
	if err != nil {
		return damaged(err)
	}
	var others, withPassword int
	err = t.row(`select count(*), coalesce(sum(case when password <> '' then 1 else 0 end), 0)
		from users where role = 'admin' and not suspended and id <> $1`, u.ID).
		Scan(&others, &withPassword)
	switch {
	case err != nil:
		return damaged(err)
	case others == 0:
		return fmt.Errorf("%s is %w: make another admin first", u.Email, ErrLastAdmin)
	case signsIn && withPassword == 0:
		return fmt.Errorf("%s is %w who can sign in: give another admin a password first",
			u.Email, ErrLastAdmin)
	}
	return nil
}
