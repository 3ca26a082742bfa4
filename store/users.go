package store

import (
	"context"
	"database/sql"
	"errors"
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
	MadeBy   string // mail, recover, import, cli
	Password string // a hash of HashPassword, or empty
}

const userColumns = `id, email, name, role, suspended, made_by, created_at, updated_at`

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

// AddUser makes a profile. If there is one already the error is ErrExists.
func (db *DB) AddUser(ctx context.Context, u NewUser) error {
	return db.writer.do(ctx, func(t *tx) error {
		added, err := insertUser(t, u, db.now())
		if err == nil && !added {
			err = fmt.Errorf("%s: %w", u.Email, ErrExists)
		}
		return err
	})
}

// ImportUsers makes the profiles that are not there, all or none, and says how many.
func (db *DB) ImportUsers(ctx context.Context, users []NewUser) (added int, err error) {
	err = db.writer.do(ctx, func(t *tx) error {
		added = 0
		for _, u := range users {
			isNew, err := insertUser(t, u, db.now())
			if err != nil {
				return err
			}
			if isNew {
				added++
			}
		}
		return nil
	})
	return added, err
}

func insertUser(t *tx, u NewUser, at time.Time) (added bool, err error) {
	n, err := t.change(`insert into users (id, email, name, role, suspended, verified, made_by,
			password, created_at, updated_at)
		values ((select coalesce(max(id), 0) + 1 from users), $1, $2, $3, false, false, $4, $5, $6, $6)
		on conflict (email) do nothing`,
		u.Email.String(), message.Clean(u.Name), u.Role.String(), u.MadeBy, u.Password,
		at.UnixMilli())
	if err != nil {
		return false, fmt.Errorf("profile of %s: %w", u.Email, err)
	}
	return n > 0, nil
}

// SetRole gives a profile another role. The last admin keeps theirs (ErrLastAdmin).
func (db *DB) SetRole(ctx context.Context, a message.Address, role policy.Role) error {
	return db.changeUser(ctx, a, role != policy.Admin,
		`update users set role = $1, updated_at = $2 where email = $3`, role.String())
}

// SetSuspended suspends a profile, or lets it be heard again. The last admin cannot be
// suspended (ErrLastAdmin).
func (db *DB) SetSuspended(ctx context.Context, a message.Address, suspended bool) error {
	return db.changeUser(ctx, a, suspended,
		`update users set suspended = $1, updated_at = $2 where email = $3`, suspended)
}

// SetPassword keeps a hash of HashPassword, or none if it is empty.
func (db *DB) SetPassword(ctx context.Context, a message.Address, hash string) error {
	return db.changeUser(ctx, a, false,
		`update users set password = $1, updated_at = $2 where email = $3`, hash)
}

// RemoveUser removes a profile: its address is a stranger's again. The last admin stays
// (ErrLastAdmin).
func (db *DB) RemoveUser(ctx context.Context, a message.Address) error {
	return db.writer.do(ctx, func(t *tx) error {
		if err := checkUser(t, a, true); err != nil {
			return err
		}
		return t.exec(`delete from users where email = $1`, a.String())
	})
}

func (db *DB) changeUser(ctx context.Context, a message.Address, losesAdmin bool,
	update string, value any) error {
	return db.writer.do(ctx, func(t *tx) error {
		if err := checkUser(t, a, losesAdmin); err != nil {
			return err
		}
		return t.exec(update, value, db.now().UnixMilli(), a.String())
	})
}

// checkUser makes sure that there is such a profile, and another admin if this one goes.
func checkUser(t *tx, a message.Address, losesAdmin bool) error {
	var isAdmin bool
	var others int
	err := t.row(`select role = 'admin' and not suspended, (select count(*) from users
			where role = 'admin' and not suspended and email <> $1)
		from users where email = $1`, a.String()).Scan(&isAdmin, &others)
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("no profile of %s: %w", a, ErrNotFound)
	}
	if err != nil {
		return damaged(err)
	}
	if losesAdmin && isAdmin && others == 0 {
		return fmt.Errorf("%s is %w: make another admin first", a, ErrLastAdmin)
	}
	return nil
}
