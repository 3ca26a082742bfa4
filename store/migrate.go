package store

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the tables to the newest layout, one transaction for each step. What it
// cannot be sure of it refuses.
func migrate(ctx context.Context, w *writer) error {
	steps, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	slices.Sort(steps)
	for {
		done := false
		err := w.do(ctx, func(t *tx) error {
			version, err := layout(t)
			if err != nil {
				return err
			}
			if version > len(steps) {
				return fmt.Errorf("its layout %d is newer than the newest this program "+
					"knows (%d): use a newer gatepost", version, len(steps))
			}
			if done = version == len(steps); done {
				return nil
			}
			return step(t, steps[version], version+1)
		})
		if err != nil || done {
			return err
		}
	}
}

// layout is the number of migrations that this database has had.
func layout(t *tx) (int, error) {
	var owner, version, tables int
	err := t.row(`select application_id, user_version, (select count(*) from sqlite_master)
		from pragma_application_id, pragma_user_version`).Scan(&owner, &version, &tables)
	if err != nil {
		return 0, damaged(err)
	}
	if owner != applicationID && (owner != 0 || tables > 0) {
		return 0, fmt.Errorf("it is a database of another program: name another file with --db")
	}
	return version, nil
}

func step(t *tx, name string, version int) error {
	text, err := migrations.ReadFile(name)
	if err != nil {
		return err
	}
	if err := t.script(string(text)); err != nil {
		return fmt.Errorf("migration %s: %w", path.Base(name), err)
	}
	return t.script(fmt.Sprintf("pragma application_id = %d; pragma user_version = %d",
		applicationID, version))
}
