package store

import (
	"context"
	"fmt"
	"iter"
	"time"

	"gatepost/message"
	"gatepost/policy"
)

// A NewUser is a profile to be made.
type NewUser struct {
	Email    message.Address
	Name     string
	Role     policy.Role
	MadeBy   string // mail, recover, import, cli, console, api
	Password string // a hash of HashPassword, or empty

	Suspended bool
}

const userColumns = `users.id, users.email, users.name, users.role, users.suspended,
	users.made_by, users.created_at, users.updated_at`

func scanUser(row scanner) (u User, err error) {
	var created, updated int64
	err = row.Scan(&u.ID, &u.Email, &u.Name, &u.Role, &u.Suspended, &u.MadeBy, &created, &updated)
	u.CreatedAt, u.UpdatedAt = fromMillis(created), fromMillis(updated)
	return u, err
}

// Users are the profiles by address; those made one way only, unless madeBy is empty.
func (db *DB) Users(ctx context.Context, madeBy string) iter.Seq2[User, error] {
	return each(ctx, db, scanUser, `select `+userColumns+` from users
		where $1 in ('', made_by) order by email`, madeBy)
}

// User is the profile of an address, or ErrNotFound.
func (db *DB) User(ctx context.Context, a message.Address) (User, error) {
	return one(ctx, db, scanUser, `select `+userColumns+` from users where email = $1`, a.String())
}

// UserByID is the profile of that id, or ErrNotFound.
func (db *DB) UserByID(ctx context.Context, id int64) (User, error) {
	return one(ctx, db, scanUser, `select `+userColumns+` from users where id = $1`, id)
}

// AddUser makes a profile. If there is one already the error is ErrExists.
func (h *Editor) AddUser(ctx context.Context, u NewUser) error {
	return h.do(ctx, func(t *tx) error {
		added, err := insertUser(t, u, h.db.now())
		if err == nil && !added {
			err = fmt.Errorf("%s: %w", u.Email, ErrExists)
		}
		if err != nil {
			return err
		}
		_, err = h.note(t, event{action: UserAdded, subject: u.Email.String(),
			after: auditedUser{message.Clean(u.Name), u.Role.String(), u.Suspended,
				u.Password != ""}})
		return err
	})
}

// auditedUser is what the audit log says of a profile.
type auditedUser struct {
	Name      string `json:"name"`
	Role      string `json:"role"`
	Suspended bool   `json:"suspended"`
	Password  bool   `json:"password"` // there is one
}

const userInsert = `insert into users (id, email, name, role, suspended, verified, made_by,
		password, created_at, updated_at)
	values ((select id + 1 from (select coalesce(max(id), 0) as id from users union all
			select value from meta where name = 'removed_user') as ids order by id desc limit 1),
		$1, $2, $3, $4, false, $5, $6, $7, $7)
	on conflict (email) do nothing`

// row is what userInsert takes.
func (u NewUser) row(at time.Time) []any {
	return []any{u.Email.String(), message.Clean(u.Name), u.Role.String(), u.Suspended, u.MadeBy,
		u.Password, at.UnixMilli()}
}

func insertUser(t *tx, u NewUser, at time.Time) (added bool, err error) {
	n, err := t.change(userInsert, u.row(at)...)
	if err != nil {
		return false, fmt.Errorf("profile of %s: %w", u.Email, err)
	}
	return n > 0, nil
}
