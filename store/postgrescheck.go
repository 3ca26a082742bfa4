package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// oldestPostgres is the oldest server that is taken, as server_version_num has it.
const oldestPostgres = 150000

// How a database is to be made.
const makeDatabase = "make another: create database … template template0 encoding 'UTF8' locale 'C'"

// What to do about a server that cannot be written.
const namePrimary = "this server is a standby or read-only: name the primary, or all hosts with " +
	"target_session_attrs=read-write"

const serverQuery = `select cast(current_setting('server_version_num') as bigint),
		current_setting('server_version'), current_setting('server_encoding'), datcollate, datctype,
		datlocprovider = 'c', current_setting('transaction_read_only') = 'on',
		coalesce(current_schema(), ''), (select coalesce(string_agg(name || ' = ' || setting, ', '), '')
			from pg_settings where name in ('fsync', 'full_page_writes', 'synchronous_commit')
				and setting = 'off')
	from pg_database where datname = current_database()`

// checkServer refuses a server or a database that would not keep what it is given as it is.
func (p *postgres) checkServer(ctx context.Context) error {
	var version int64
	var number, encoding, collation, class, schema, off string
	var libc, readOnly bool
	err := p.read.QueryRowContext(ctx, serverQuery).Scan(&version, &number, &encoding, &collation,
		&class, &libc, &readOnly, &schema, &off)
	switch {
	case err != nil:
		return advised(err)
	case version < oldestPostgres:
		return fmt.Errorf("it is PostgreSQL %s: version 15 is the oldest that is supported", number)
	case encoding != "UTF8":
		return fmt.Errorf("its encoding is %s and not UTF8: %s", encoding, makeDatabase)
	case !libc || !isC(collation) || !isC(class):
		return fmt.Errorf("its collation is %s (%s) and not C: %s", collation, class, makeDatabase)
	case readOnly:
		return errors.New(namePrimary)
	case off != "":
		return fmt.Errorf("what it has committed may be lost (%s): set that to on", off)
	case schema == "":
		return errors.New("none of the schemas of its search_path is there: create one, or name " +
			"another with search_path in the URL")
	}
	return nil
}

func isC(collation string) bool { return collation == "C" || collation == "POSIX" }

// advised says what to do about an error of connecting, or of a server that cannot be written, unless it
// says so.
func advised(err error) error {
	if err == nil || errors.As(err, new(*connectError)) {
		return err
	}
	remedy := ""
	var connect *pgconn.ConnectError
	switch state := sqlState(err); {
	case strings.HasPrefix(state, "28"):
		remedy = "the server refuses the user or the password: see the URL, ~/.pgpass and pg_hba.conf"
	case state == "3D000":
		remedy = "there is no such database (of several hosts, those behind it were not asked): " +
			"create database … template template0 encoding 'UTF8' locale 'C'"
	case state == "53300":
		remedy = "the server has too few connections: raise max_connections"
	case state == "57P03":
		remedy = "the server is starting or stopping: try again"
	case state == "25006":
		remedy = namePrimary
	case strings.Contains(err.Error(), "read only connection"):
		remedy = "no host of it can be written: is the primary among them?"
	case errors.As(err, &connect):
		remedy = "the server cannot be reached: does it run, and is the URL right?"
	default:
		return err
	}
	return &connectError{remedy, err}
}

// A connectError says in one line what to do about an error.
type connectError struct {
	remedy string
	err    error
}

func (e *connectError) Error() string {
	return e.remedy + " (" + strings.Join(strings.Fields(e.err.Error()), " ") + ")"
}

func (e *connectError) Unwrap() error { return e.err }
