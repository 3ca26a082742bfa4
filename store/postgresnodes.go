package store

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// A Node is a server of a database that any number of servers may have open. Its times are by the
// clock of the database.
type Node struct {
	ID        string    `json:"id"` // of the process
	Name      string    `json:"name"`
	Version   string    `json:"version"`
	Layout    int64     `json:"layout"` // the newest that it knows
	StartedAt time.Time `json:"started_at"`
	SeenAt    time.Time `json:"seen_at"`
	Unseen    int64     `json:"unseen_seconds"` // for how long it has not been seen
	Serving   bool      `json:"serving"`        // it was seen lately
	Own       bool      `json:"-"`              // it is this process
}

const (
	// beatEvery is how often a node says that it is there, and keeps what it has taken on.
	beatEvery = 3 * time.Second

	// beatWait bounds one time of that, and the last.
	beatWait = 5 * time.Second

	// aliveFor is how long a node may not have been seen and still be taken for one that serves.
	aliveFor = 10 * time.Second

	// nodesKept is how long a node that was not seen any more is listed, and a process that has not
	// written is among the writers.
	nodesKept = 7 * 24 * time.Hour
)

// clockOfServer is the time by the clock of the database, in Unix milliseconds.
const clockOfServer = `cast(extract(epoch from clock_timestamp()) * 1000 as bigint)`

// lock has this process be one of the nodes until unlock. It also forgets those that have ended, and
// writers.
func (p *postgres) lock(ctx context.Context) (unlock func() error, err error) {
	if err := p.checkReplicated(ctx); err != nil {
		return nil, err
	}
	err = p.recordStart(ctx)
	if err == nil {
		err = p.writer.do(ctx, func(t *tx) error {
			return t.exec(`delete from writers where at < $1`, p.now().Add(-nodesKept).UnixMilli())
		})
	}
	if err == nil {
		err = p.beat(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("among the nodes of %s: %w", p.name, err)
	}
	here, end := context.WithCancel(context.Background())
	var ended sync.WaitGroup
	ended.Go(func() { p.beats(here) })
	ended.Go(func() { p.probes(here) })
	ended.Go(func() { p.listens(here) })
	return func() error {
		end()
		ended.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), beatWait)
		defer cancel()
		// What fails here is seen: the node is not there any more.
		_, _ = p.conn.ExecContext(ctx, `delete from nodes where id = $1`, p.id)
		return nil
	}, nil
}

// beats says that the node is there until ctx ends. What cannot be said now is said the next time, and
// nothing may be written now.
func (p *postgres) beats(ctx context.Context) {
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := p.beat(ctx); err != nil && ctx.Err() == nil {
				p.fails(time.Now(), err)
			}
		}
	}
}

// beat waits for nobody who writes messages: it has a connection and a transaction of its own.
func (p *postgres) beat(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, beatWait)
	defer cancel()
	_, err := p.conn.ExecContext(ctx, `insert into nodes (id, name, version, layout, started_at, seen_at)
		values ($1, $2, $3, $4, `+clockOfServer+`, `+clockOfServer+`)
		on conflict (id) do update set seen_at = excluded.seen_at`,
		p.id, p.node.Name, p.node.Version, p.node.Layout)
	if err == nil {
		_, err = p.conn.ExecContext(ctx, `delete from nodes where seen_at < `+clockOfServer+` - $1`,
			nodesKept.Milliseconds())
	}
	return err
}

// nodes are sorted by their names, of one name the newest first.
func (p *postgres) nodes(ctx context.Context) (all []Node, err error) {
	for n, err := range each(ctx, p.DB, func(row scanner) (n Node, err error) {
		var started, seen, unseen int64
		err = row.Scan(&n.ID, &n.Name, &n.Version, &n.Layout, &started, &seen, &unseen)
		n.StartedAt, n.SeenAt = fromMillis(started), fromMillis(seen)
		n.Own = n.ID == p.id
		n.Unseen, n.Serving = unseen/1000, unseen < aliveFor.Milliseconds()
		return n, err
	}, `select id, name, version, layout, started_at, seen_at, `+clockOfServer+` - seen_at from nodes
		order by name, started_at desc`) {
		if err != nil {
			return nil, fmt.Errorf("nodes: %w", err)
		}
		all = append(all, n)
	}
	return all, nil
}

// locked reports whether any node was seen lately.
func (p *postgres) locked(ctx context.Context) (is bool, err error) {
	return is, p.read.QueryRowContext(ctx, `select exists (select 1 from nodes
		where seen_at > `+clockOfServer+` - $1)`, aliveFor.Milliseconds()).Scan(&is)
}

// longest is since when the first of those that serve is there, or at where there are no nodes.
func longest(nodes []Node, at time.Time) *time.Time {
	some := false
	for _, n := range nodes {
		if n.Serving && (!some || n.StartedAt.Before(at)) {
			some, at = true, n.StartedAt
		}
	}
	return &at
}

// FirstStart is when the first of the nodes that serve was started; at, where there is one server.
func (db *DB) FirstStart(ctx context.Context, at time.Time) (time.Time, error) {
	nodes, err := db.engine.nodes(ctx)
	return *longest(nodes, at), err
}

// Nodes are the servers that have a database of PostgreSQL, and those that had of late; none of a file.
func (db *DB) Nodes(ctx context.Context) ([]Node, error) { return db.engine.nodes(ctx) }

// Namesakes are those of nodes that serve under a name which another bears at the same time: nobody can
// tell which of them decided a message. One that was killed and started anew has not been seen since.
func Namesakes(nodes []Node) (all []Node) {
	for i, n := range nodes {
		for j, other := range nodes {
			if i != j && n.Serving && other.Serving && n.Name == other.Name &&
				n.SeenAt.After(other.StartedAt) && other.SeenAt.After(n.StartedAt) {
				all = append(all, n)
				break
			}
		}
	}
	return all
}

// nodes are none: a file has one server.
func (sqlite) nodes(context.Context) ([]Node, error) { return nil, nil }
