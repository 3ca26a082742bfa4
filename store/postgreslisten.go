package store

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// relistenAfter is how long a server whose connection broke is left alone.
	relistenAfter = time.Second

	// listenCheck is how long nothing may be heard until the server is asked whether it is there, and
	// how long it may take to say so: of one that was frozen, or cut off, nothing else is noticed.
	listenCheck = 5 * time.Second
)

// What is told to those who listen, by triggers. It is a hint: who wants to know looks.
const (
	toldHandOffs = "hand-offs"
	toldQueue    = "queue" // or people: who may see it
)

// A bell is rung for whoever waits.
type bell struct {
	lock sync.Mutex
	next chan struct{}
}

// heard is closed when it is rung next.
func (b *bell) heard() <-chan struct{} {
	b.lock.Lock()
	defer b.lock.Unlock()
	if b.next == nil {
		b.next = make(chan struct{})
	}
	return b.next
}

func (b *bell) ring() {
	b.lock.Lock()
	defer b.lock.Unlock()
	if b.next != nil {
		close(b.next)
		b.next = nil
	}
}

// Changed is closed once the queue, or who may see it, was changed, by whatever node or command; also
// when that may be. Nil, which never is, of a file: there each looks now and then, as it does here.
func (db *DB) Changed() <-chan struct{} { return db.engine.changed() }

func (sqlite) changed() <-chan struct{} { return nil }

func (p *postgres) changed() <-chan struct{} { return p.bell.heard() }

// listens listens until ctx ends, with a connection of its own.
func (p *postgres) listens(ctx context.Context) {
	for ctx.Err() == nil {
		_ = p.listen(ctx) // whoever wants to know has looked meanwhile
		select {
		case <-ctx.Done():
		case <-time.After(relistenAfter):
		}
	}
}

// listen returns once the connection is broken.
func (p *postgres) listen(ctx context.Context) error {
	conn, err := p.dial(ctx)
	if err != nil {
		return err
	}
	defer hangUp(conn)
	for _, what := range []string{toldHandOffs, toldQueue} {
		p.hear(what) // it may have been missed
	}
	for {
		told, err := wait(ctx, conn)
		switch {
		case err == nil:
			p.hear(told)
		case ctx.Err() != nil || !pgconn.Timeout(err):
			return err
		default:
			if err := within(ctx, conn, "select 1"); err != nil {
				return err
			}
		}
	}
}

func (p *postgres) dial(ctx context.Context) (*pgx.Conn, error) {
	connecting, cancel := context.WithTimeout(ctx, 2*connectWait)
	defer cancel()
	conn, err := pgx.ConnectConfig(connecting, p.config)
	if err != nil {
		return nil, err
	}
	if err := within(ctx, conn, "listen gatepost"); err != nil { // a standby does not let anybody
		hangUp(conn)
		return nil, err
	}
	return conn, nil
}

// hangUp closes a connection, which may be broken.
func hangUp(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), connectWait)
	defer cancel()
	_ = conn.Close(ctx)
}

func wait(ctx context.Context, conn *pgx.Conn) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, listenCheck)
	defer cancel()
	n, err := conn.WaitForNotification(ctx)
	if err != nil {
		return "", err
	}
	return n.Payload, nil
}

func within(ctx context.Context, conn *pgx.Conn, statement string) error {
	ctx, cancel := context.WithTimeout(ctx, listenCheck)
	defer cancel()
	_, err := conn.Exec(ctx, statement)
	return err
}

// hear wakes who waits for what was told.
func (p *postgres) hear(told string) {
	switch told {
	case toldHandOffs:
		select {
		case p.writer.handed <- struct{}{}:
		default: // whoever carries has not looked since
		}
	default:
		p.bell.ring()
	}
}
