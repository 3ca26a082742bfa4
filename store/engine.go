package store

import (
	"context"
	"database/sql"
)

// An engine is what SQLite and PostgreSQL have each of its own beneath one set of queries. These are
// written so that both take them, with $1 for an argument, and in SQLite's words where there are
// none that both know.
type engine interface {
	// text is a query as the engine takes it.
	text(query string) string

	// ask reads the row of a query that every message asks for, see sqlite.ask.
	ask(stmt *sql.Stmt, query string, read func(scanner) error, args ...any) error

	// await asks what a message needs to know, and waits as what is written does while the engine cannot
	// be asked.
	await(ctx context.Context, ask func() error) error

	// begin starts a transaction that may write, once nobody else has one. It may have what its batch
	// asks for be asked by the way.
	begin(t *tx) error

	// exec writes. An error of it may come to be known only with what is read next, or with the commit.
	exec(t *tx, query string, args []any) error

	// send has what was written and waits be written.
	send(t *tx) error

	// rollback ends it too, with nothing of it left.
	rollback(t *tx)

	// commit ends it. Without an error all of it is where it will not be lost.
	commit(t *tx) error

	// passes reports whether an error has to do with the engine and with none of what was to be
	// written: whatever else is written now fails as well.
	passes(err error) bool

	// again reports whether a batch that failed so is to be written once more.
	again(err error) bool

	// stale reports whether who reads is to ask once more: the connection was no more.
	stale(err error) bool

	// leave is for before the writer's connection is closed for good.
	leave(w *writer)

	// isConstraint reports whether a row was refused since the tables cannot have it.
	isConstraint(err error) bool

	// lock is Lock.
	lock(ctx context.Context) (unlock func() error, err error)

	// locked reports whether a server has the database.
	locked(ctx context.Context) (bool, error)

	// nodes are the servers that have it, where it may be several, and those that had.
	nodes(ctx context.Context) ([]Node, error)

	// changed is Changed.
	changed() <-chan struct{}

	// onDuty is OnDuty.
	onDuty(ctx context.Context, duty Duty, do func(context.Context) error) error

	// checkQueue reports damage of the tables that recovering and deleting change.
	checkQueue(ctx context.Context) error

	// keepOut, started, catalog, isCopy, fill and copied are for Copy.
	keepOut(ctx context.Context) (letIn func() error, err error)
	started(ctx context.Context) error
	catalog() catalog
	isCopy(ctx context.Context) (bool, error)
	fill(ctx context.Context, of copiedTable, rows [][]any) error
	copied(ctx context.Context, tables []copiedTable) error

	// emptyLog has octets that were erased be nowhere else.
	emptyLog(ctx context.Context) error
}

// Lock is what a server takes: one file has one server. It checks the database, makes indexes
// anew that are damaged where nothing else is, then sweeps away what a crash left, and records the
// start. unlock gives the lock up. A database of PostgreSQL has any number of servers, and to lock it
// is to be one of them.
func (db *DB) Lock(ctx context.Context) (unlock func() error, err error) {
	return db.engine.lock(ctx)
}

// text is a query as the engine of the database takes it.
func (db *DB) text(query string) string { return db.engine.text(query) }

// context is that of the calls of a transaction. It does not end: a connection to a server has its own
// deadlines, and a context that can end would cost the driver a goroutine a query.
func (t *tx) context() context.Context { return context.Background() }
