package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// IsPostgres reports whether a database is one of PostgreSQL, and no file: whether it is named by
// a URL of it.
func IsPostgres(db string) bool {
	scheme, _, is := strings.Cut(db, "://")
	return is && (scheme == "postgres" || scheme == "postgresql")
}

// postgres is the engine of a database of PostgreSQL.
type postgres struct {
	*DB
	name    string // of the database, as people are shown it
	id      string // of this process among the writers and the nodes
	node    Node   // that this process is
	config  *pgx.ConnConfig
	bell    bell        // rung when people are to look
	batch   int64       // the number of its last transaction
	texts   sync.Map    // of what is sent together, by text
	asking  lane        // who ask for what every message asks for
	doubted atomic.Bool // the server has given up waiting for its standby
	opening atomic.Bool // its tables may have to be made or changed yet, for however long
	began   time.Time   // the last try of a transaction
	waits

	replicated bool // a commit has to wait for a standby
}

const (

	// mostConnected is how long a connection lives: after a switch of servers all come back.
	mostConnected = 30 * time.Minute
)

// openPostgres opens the database that a URL names. It is refused as Open refuses a file.
func openPostgres(url string, o Options) (*DB, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, err // which does not have the password
	}
	db := &DB{now: o.Now, watched: o.Now()}
	p := &postgres{DB: db, name: nameOf(config), id: uuid.NewString(),
		node: Node{Name: o.Node, Version: o.Version}, waits: o.waits, replicated: o.Replicated}
	if p.waits == (waits{}) {
		p.waits = usualWaits
	}
	p.opening.Store(true)
	db.engine, db.contents = p, contentRows{db}
	db.files.found = make(chan struct{})
	db.Configure(o.Settings)
	config.ConnectTimeout = cmp.Or(config.ConnectTimeout, p.connect)
	p.config = config.Copy()
	config.OnNotice = p.notice
	if err := p.open(config, o); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", p.name, err), db.Close())
	}
	return db, nil
}

// forReaders are settings of a connection that reads. A page of a list has one text for all filters and
// cursors, and is planned each time for those that it has: a plan for all of them reads the whole list.
// Nobody who looks has other processes of the server look as well: they would take more of its time,
// which mail waits for, and to count a million entries of an index they take longer.
const forReaders = "set plan_cache_mode = force_custom_plan; set max_parallel_workers_per_gather = 0; "

// nameOf is a database without the password, and without what is not its name. A host that may be spoken
// to in several ways is in its list as often.
func nameOf(c *pgx.ConnConfig) string {
	hosts := []string{net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port)))}
	for _, f := range c.Fallbacks {
		hosts = append(hosts, net.JoinHostPort(f.Host, strconv.Itoa(int(f.Port))))
	}
	return fmt.Sprintf("postgres://%s@%s/%s", c.User, strings.Join(slices.Compact(hosts), ","), c.Database)
}

// Name is what people are shown of which database it is: its path, or its URL without the password.
func (db *DB) Name() string {
	if p, is := db.engine.(*postgres); is {
		return p.name
	}
	return db.path
}

func (p *postgres) open(config *pgx.ConnConfig, o Options) (err error) {
	ctx := context.Background()
	p.read = p.pool(config, forReaders, func() time.Duration { return 0 })
	p.read.SetMaxOpenConns(readers())
	p.read.SetMaxIdleConns(readers())
	p.conn = p.pool(config, "", func() time.Duration {
		if p.opening.Load() {
			return 0
		}
		return p.patience
	})
	if err := p.checkServer(ctx); err != nil {
		return err
	}
	if p.spools, err = newSpoolDir(); err != nil {
		return err
	}
	p.writer = &writer{dir: p.Dir(), engine: p, contents: p.contents, files: &p.files, now: p.now,
		stmts: map[string]*sql.Stmt{}, failed: make(chan struct{}), handed: make(chan struct{}, 1),
		patience: mostRide, node: p.node.Name}
	if p.created, err = p.migrate(ctx, o.Create); err != nil {
		return err
	}
	if err := p.prepare(ctx, o.copying); err != nil {
		return err
	}
	p.opening.Store(o.copying) // a copy is looked through at its end, which may take as long
	return nil
}

// pool makes connections with settings, and a dialer of its own. A connection that was idle is not asked
// first whether it is sound: on a server that has stopped each such question would take its time.
func (p *postgres) pool(config *pgx.ConnConfig, settings string, most func() time.Duration) *sql.DB {
	config = config.Copy()
	config.DialFunc = (&dialer{p.answer - p.connect, p.connect, most}).dial
	pool := sql.OpenDB(cleaning{stdlib.GetConnector(*config, stdlib.OptionShouldPing(
		func(context.Context, stdlib.ShouldPingParams) bool { return false }),
		stdlib.OptionAfterConnect(func(ctx context.Context, conn *pgx.Conn) error {
			return tune(ctx, conn, settings)
		}))})
	pool.SetConnMaxLifetime(mostConnected)
	return pool
}

// tune has the server compile no statement: that takes it longer than any of ours does, and it thinks
// otherwise of a large table, or where an index is to be taken.
func tune(ctx context.Context, conn *pgx.Conn, settings string) error {
	_, err := conn.Exec(ctx, settings+"set jit = off")
	return err
}

// text puts the words that only SQLite knows into PostgreSQL's, and leaves out what tells SQLite
// how to go about it.
func (*postgres) text(query string) string { return inPostgres.Replace(query) }

var inPostgres = strings.NewReplacer(
	" not indexed", "", "indexed by handoffs_thread ", "",
	"order by +", "order by ", " +list =", " list =", "+r.list =", "r.list =",
	"char(10)", "chr(10)", "instr(", "strpos(",
	// What is stored in lower case to be searched is compared as it is, which takes half the time.
	".search like ", ".search like ", ".keys) like ", ".keys) like ", " like ", " ilike ",
	"select value from json_each(", "select value::bigint from json_array_elements_text(",
	"json_each(", "json_array_elements(",
)

func (*postgres) isConstraint(err error) bool { return strings.HasPrefix(sqlState(err), "23") }

// sqlState is the code of an error that the server gave, else empty
// (https://www.postgresql.org/docs/current/errcodes-appendix.html).
func sqlState(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// stale has the connections that nobody uses closed, once one was found to be broken: the others are
// likely to be so as well.
func (p *postgres) stale(err error) bool {
	if !isPassing(err) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	p.read.SetMaxIdleConns(0)
	p.read.SetMaxIdleConns(readers())
	return true
}

// checkQueue finds nothing: PostgreSQL looks after its pages by itself.
func (*postgres) checkQueue(context.Context) error { return nil }

// emptyLog has nothing to do: what is erased goes with the next vacuum of the server, and its log is
// the server's.
func (*postgres) emptyLog(context.Context) error { return nil }
