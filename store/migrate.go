package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the tables to the newest layout, one transaction for each step. What it
// cannot be sure of it refuses. Where the layout is the newest nobody waits for a turn to write.
func migrate(ctx context.Context, read *sql.DB, w *writer) error {
	steps, err := migrationSteps()
	if err != nil {
		return err
	}
	version, err := soundLayout(ctx, read)
	if err != nil || version == len(steps) {
		return err
	}
	for {
		done := false
		err := w.do(ctx, func(t *tx) error {
			version, err := layout(t.row(layoutQuery))
			if err != nil {
				return err
			}
			if err := notNewer(version, len(steps)); err != nil {
				return err
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

// migrationSteps are the names of all migrations, in their order.
func migrationSteps() ([]string, error) {
	steps, err := fs.Glob(migrations, "migrations/*.sql")
	slices.Sort(steps)
	return steps, err
}

// soundLayout is the layout of a database whose tables are as it should have them; of one that
// is newer than this program nobody can tell.
func soundLayout(ctx context.Context, db *sql.DB) (version int, err error) {
	steps, err := migrationSteps()
	if err != nil {
		return 0, err
	}
	snapshot, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true}) // others may bring it up to date
	if err != nil {
		return 0, damaged(err)
	}
	defer func() { err = errors.Join(err, snapshot.Rollback()) }()
	version, err = layout(snapshot.QueryRowContext(ctx, layoutQuery))
	if err != nil || version > len(steps) {
		return version, err
	}
	return version, checkSchema(ctx, snapshot, version)
}

func notNewer(version, newest int) error {
	if version > newest {
		return fmt.Errorf("its layout %d is newer than the newest this program knows (%d): use "+
			"a newer gatepost", version, newest)
	}
	return nil
}

// checkLayout refuses a database that migrate would refuse, and changes nothing.
func checkLayout(ctx context.Context, db *sql.DB) error {
	version, err := soundLayout(ctx, db)
	if err != nil {
		return err
	}
	if version == 0 {
		return fmt.Errorf("it has no tables: name another")
	}
	steps, err := migrationSteps()
	if err != nil {
		return err
	}
	return notNewer(version, len(steps))
}

const layoutQuery = `select application_id, user_version, (select count(*) from sqlite_master)
	from pragma_application_id, pragma_user_version`

// layout is the number of migrations that a database has had.
func layout(row scanner) (int, error) {
	var owner, version, tables int
	err := row.Scan(&owner, &version, &tables)
	if err != nil {
		return 0, damaged(err)
	}
	if owner != applicationID && (owner != 0 || tables > 0) {
		return 0, fmt.Errorf("it is a database of another program: name another file with --db")
	}
	return version, nil
}

// threadsStep is what SQL has no words for, a SHA-256, done to the rows that are there.
const threadsStep = "0011_threads.sql"

func step(t *tx, name string, version int) error {
	text, err := migrations.ReadFile(name)
	if err != nil {
		return err
	}
	if err := t.script(string(text)); err != nil {
		return fmt.Errorf("migration %s: %w", path.Base(name), err)
	}
	if path.Base(name) == threadsStep {
		if err := t.fillThreads(); err != nil {
			return fmt.Errorf("migration %s: %w", path.Base(name), err)
		}
	}
	return t.script(fmt.Sprintf("pragma application_id = %d; pragma user_version = %d",
		applicationID, version))
}
