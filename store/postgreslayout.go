package store

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
)

//go:embed migrations/postgres/*.sql
var postgresMigrations embed.FS

// postgresSteps are the names of all migrations, in their order.
var postgresSteps = func() []string {
	steps, err := fs.Glob(postgresMigrations, "migrations/postgres/*.sql")
	if err != nil {
		panic(err) // the pattern is right
	}
	slices.Sort(steps)
	return steps
}()

// migrate brings the tables to the newest layout, one transaction for each step, and reports whether
// it made them. Of several nodes one does so, and the others wait. A newer layout is taken as it is if
// it says that it can be; what cannot be sure of it refuses.
func (p *postgres) migrate(ctx context.Context, create bool) (created bool, err error) {
	p.node.Layout = newestPostgres
	version, err := layoutOfServer(func(query string) scanner {
		return p.read.QueryRowContext(ctx, query)
	})
	if err == nil && version == 0 && !create {
		err = fmt.Errorf("%w: it has no tables: start `gatepost serve` once, or name another "+
			"with --db", ErrNotFound)
	}
	if err != nil || version >= newestPostgres {
		return false, err
	}
	if err := p.checkStandby(ctx); err != nil {
		return false, err
	}
	for _, step := range postgresSteps {
		err := p.writer.do(ctx, func(t *tx) error {
			version, err := layoutOfServer(func(query string) scanner { return t.row(query) })
			if err != nil || version >= layoutOf(step) {
				return err
			}
			created = created || version == 0
			return p.step(t, step)
		})
		if err != nil {
			return false, err
		}
	}
	return created, nil
}

// newestPostgres is the newest layout that this program knows.
var newestPostgres = layoutOf(postgresSteps[len(postgresSteps)-1])

// layoutOf is the layout that a migration leads to.
func layoutOf(step string) int64 {
	n, _ := strconv.ParseInt(path.Base(step)[:4], 10, 64) // of embedded files
	return n
}

// layoutOfServer is the number of migrations that a database has had. One is refused that says of its
// layout that this program, which knows others, cannot use it: usable_since.
func layoutOfServer(row func(string) scanner) (version int64, err error) {
	var ours bool
	var tables int64
	err = row(`select to_regclass('layout') is not null, count(*) from pg_class
		where relnamespace = current_schema()::regnamespace and relkind = 'r'`).Scan(&ours, &tables)
	switch {
	case err != nil:
		return 0, err
	case ours:
		var usable int64 // from layout 20 on
		err = row(`select version, coalesce(cast(to_jsonb(layout) ->> 'usable_since' as bigint), version)
			from layout`).Scan(&version, &usable)
		if err == nil && usable > newestPostgres {
			err = notNewer(int(version), int(newestPostgres))
		}
	}
	if err == nil && !ours && tables > 0 || sqlState(err) == "42703" {
		err = errors.New("it is a database of another program: name another with --db")
	}
	return version, err
}

func (p *postgres) step(t *tx, name string) error {
	text, err := postgresMigrations.ReadFile(name)
	if err == nil {
		err = t.script(string(text))
	}
	if err == nil {
		err = t.exec(`update layout set version = $1`, layoutOf(name))
	}
	if err != nil {
		return fmt.Errorf("migration %s: %w", path.Base(name), err)
	}
	return nil
}
