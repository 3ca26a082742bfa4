package store

import (
	"context"
	"strings"
)

// keepOut keeps servers from starting until it is undone.
func (db sqlite) keepOut(context.Context) (letIn func() error, err error) {
	f, err := takeLock(db.path, db.path)
	if err != nil {
		return nil, err
	}
	return f.Close, nil
}

// started is nothing: none can start.
func (sqlite) started(context.Context) error { return nil }

// catalog calls types as PostgreSQL does.
func (sqlite) catalog() catalog {
	const tables = ` from sqlite_master m%s where m.type = 'table' and m.name not like 'sqlite\_%%' escape '\'`
	from := func(more string) string { return strings.NewReplacer("%s", more, "%%", "%").Replace(tables) }
	return catalog{
		columns: `select m.name, c.name, case lower(c.type) when 'integer' then 'bigint'
			when 'blob' then 'bytea' else lower(c.type) end` + from(", pragma_table_info(m.name) c") +
			` order by 1, 2`,
		refers: `select m.name, f."table", ''` + from(", pragma_foreign_key_list(m.name) f"),
		orders: `select m.name, 'rowid', ''` + from(""),
	}
}

// isCopy reports whether a database is a copy that has not come to its end.
func (db sqlite) isCopy(ctx context.Context) (is bool, err error) {
	return is, db.read.QueryRowContext(ctx, `select exists (select 1 from sqlite_master
		where name = 'copying')`).Scan(&is)
}

// fill adds rows to a table, and counts them, in one transaction.
func (db sqlite) fill(ctx context.Context, of copiedTable, rows [][]any) error {
	insert := "insert into " + of.name + " (" + of.list() + ") values (?" +
		strings.Repeat(", ?", len(of.columns)-1) + ")"
	return db.writer.do(ctx, func(t *tx) error {
		for _, row := range rows {
			if err := t.exec(insert, row...); err != nil {
				return err
			}
		}
		return t.exec(`update copying set rows = rows + $1 where name = $2`, len(rows), of.name)
	})
}

// copied has the copy be a database.
func (db sqlite) copied(ctx context.Context, _ []copiedTable) error {
	return db.writer.do(ctx, func(t *tx) error { return t.script("drop table copying") })
}
