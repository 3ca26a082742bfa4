package store

import (
	"context"
	"database/sql"
	"sync"
)

// A lane is of those who ask for what every message asks for. What sessions ask at the same time goes
// to the server together: whoever comes while nobody asks leads, as one who writes does.
type lane struct {
	lock    sync.Mutex
	waiting []*question
	leading bool
}

// A question has its answer read by who leads.
type question struct {
	statement
	err  error
	turn chan bool // true: lead now; false: it is answered
}

// ask tries once more, by itself, what failed among others or by a connection that had ended.
func (p *postgres) ask(stmt *sql.Stmt, query string, read func(scanner) error, args ...any) error {
	a := &question{statement{query, args, read}, nil, make(chan bool, 1)}
	if p.asking.join(a) || <-a.turn {
		p.leadAsking()
	}
	if a.err != nil && (p.stale(a.err) || sqlState(a.err) != "") {
		return read(stmt.QueryRow(args...))
	}
	return a.err
}

func (l *lane) join(a *question) (lead bool) {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.waiting = append(l.waiting, a)
	lead = !l.leading
	l.leading = true
	return lead
}

// leadAsking asks for all who wait, and lets the first of those who came meanwhile lead.
func (p *postgres) leadAsking() {
	l := &p.asking
	l.lock.Lock()
	all := l.waiting
	l.waiting = nil
	l.lock.Unlock()

	p.askAll(all)

	l.lock.Lock()
	if l.leading = len(l.waiting) > 0; l.leading {
		l.waiting[0].turn <- true
	}
	l.lock.Unlock()
	for _, a := range all[1:] {
		a.turn <- false
	}
}

func (p *postgres) askAll(all []*question) {
	statements := make([]statement, len(all))
	for i, a := range all {
		statements[i] = a.statement
		statements[i].read = func(row scanner) error {
			a.err = a.read(row)
			return nil // it is no failure of the others that there is no such row
		}
	}
	done := 0
	conn, err := p.conn.Conn(context.Background()) // mail waits for no report
	if err == nil {
		done, err = p.sendAll(conn, statements)
		_ = conn.Close() // gives it back
	}
	for _, a := range all[done:] {
		a.err = err
	}
}
