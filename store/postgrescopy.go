package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// turnOfCopy is the number of the advisory lock that a copy holds.
const turnOfCopy = turnOfWriter + 1

// keepOut refuses a database that servers have, and keeps other copies out. It does not keep a server
// from starting: see started.
func (p *postgres) keepOut(ctx context.Context) (letIn func() error, err error) {
	conn, err := p.conn.Conn(ctx)
	if err != nil {
		return nil, advised(err)
	}
	// What was killed a moment ago is forgotten a moment later.
	got := false
	for deadline := time.Now().Add(time.Second); !got && err == nil; pause() {
		if time.Now().After(deadline) {
			break
		}
		var serving bool
		if serving, err = p.locked(ctx); serving || err != nil {
			continue
		}
		err = conn.QueryRowContext(ctx, `select pg_try_advisory_lock($1, $2)`, applicationID,
			turnOfCopy).Scan(&got)
	}
	if err == nil && !got {
		err = fmt.Errorf("a server has %s open, or another copy: stop it, or name another database",
			p.name)
	}
	if err != nil {
		breakOff(conn)
		return nil, err
	}
	return func() error {
		breakOff(conn)
		return nil
	}, nil
}

// started is an error once a server has the database: what that writes the copy may not have.
func (p *postgres) started(ctx context.Context) error {
	serving, err := p.locked(ctx)
	if err == nil && serving {
		err = fmt.Errorf("a server was started on %s meanwhile: stop it, and give the command again", p.name)
	}
	return err
}

// catalog reads a table by what numbers its rows, if there is such a column, else by its key.
func (*postgres) catalog() catalog {
	const numbered = `attidentity = 'a' and not attisdropped`
	const tables = `from pg_class t where t.relnamespace = current_schema()::regnamespace
		and t.relkind = 'r'`
	return catalog{
		columns: `select t.relname::text, a.attname::text, format_type(a.atttypid, null) ` +
			strings.Replace(tables, " where", ` join pg_attribute a on a.attrelid = t.oid
			and a.attnum > 0 and not attisdropped and attidentity <> 'a' where`, 1) + ` order by 1, 2`,
		refers: `select t.relname::text, r.relname::text, '' ` + strings.Replace(tables, " where",
			` join pg_constraint f on f.conrelid = t.oid and f.contype = 'f'
			join pg_class r on r.oid = f.confrelid where`, 1),
		orders: `select t.relname::text, coalesce((select attname::text from pg_attribute
				where attrelid = t.oid and ` + numbered + `), (select string_agg(a.attname, ', ' order by k.n)
				from pg_index i cross join unnest(i.indkey) with ordinality k (at, n)
				join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.at
				where i.indrelid = t.oid and i.indisprimary), ''), '' ` + tables,
	}
}

// isCopy reports whether a database is a copy that has not come to its end.
func (p *postgres) isCopy(ctx context.Context) (is bool, err error) {
	return is, p.read.QueryRowContext(ctx, `select to_regclass('copying') is not null`).Scan(&is)
}

// onConn gives a connection as the driver has it.
func (p *postgres) onConn(ctx context.Context, do func(*pgx.Conn) error) error {
	conn, err := p.conn.Conn(ctx)
	if err != nil {
		return advised(err)
	}
	defer conn.Close()
	return conn.Raw(func(conn any) error { return do(conn.(cleaningConn).Conn.Conn()) })
}

// fill adds rows to a table, and counts them, in one transaction.
func (p *postgres) fill(ctx context.Context, of copiedTable, rows [][]any) error {
	names := strings.Split(of.list(), ", ")
	return p.onConn(ctx, func(conn *pgx.Conn) error {
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			_, err := tx.CopyFrom(ctx, pgx.Identifier{of.name}, names, pgx.CopyFromRows(rows))
			if err != nil {
				return err
			}
			_, err = tx.Exec(ctx, `update copying set rows = rows + $1 where name = $2`, len(rows), of.name)
			return err
		})
	})
}

// copied tells the planner what there is, has numbers go on behind those that are there, and the copy
// be a database.
func (p *postgres) copied(ctx context.Context, tables []copiedTable) error {
	names := make([]string, len(tables))
	for i, t := range tables {
		names[i] = t.name
	}
	return p.onConn(ctx, func(conn *pgx.Conn) error {
		if _, err := conn.Exec(ctx, "vacuum analyze "+strings.Join(names, ", ")); err != nil {
			return fmt.Errorf("vacuum: %w", err)
		}
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, `do $$ declare of record; begin
				for of in select relname, attname from pg_class t join pg_attribute a on a.attrelid = t.oid
					where relnamespace = current_schema()::regnamespace and relkind = 'r' and attidentity = 'd'
				loop
					execute format('select setval(pg_get_serial_sequence(%1$L, %2$L),
						(select coalesce(max(%2$I), 0) + 1 from %1$I), false)', of.relname, of.attname);
				end loop; end $$`)
			if err == nil {
				_, err = tx.Exec(ctx, "drop table copying")
			}
			return err
		})
	})
}
