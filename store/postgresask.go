package store

import (
	"cmp"
	"context"
	"database/sql"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
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
	answered bool
	err      error
	turn     chan bool // true: lead now; false: it is answered
}

// ask tries once more, by itself, what failed among others or by a connection that had ended.
func (p *postgres) ask(stmt *sql.Stmt, query string, read func(scanner) error, args ...any) error {
	a := &question{statement: statement{query, args, read}, turn: make(chan bool, 1)}
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

// askAll asks each query once, for all who ask it.
func (p *postgres) askAll(all []*question) {
	conn, err := p.conn.Conn(context.Background()) // mail waits for no report
	if err == nil {
		defer conn.Close() // gives it back
	}
	for len(all) > 0 {
		var same, others []*question
		for _, a := range all {
			if a.query == all[0].query {
				same = append(same, a)
			} else {
				others = append(others, a)
			}
		}
		if err == nil {
			err = p.askTogether(conn, same)
		}
		for _, a := range same {
			if !a.answered {
				a.err = cmp.Or(err, io.ErrUnexpectedEOF)
			}
		}
		all = others
	}
}

// askTogether asks the same for all of several arguments: to begin and end a query takes the server
// several times as long as to look one row up.
func (p *postgres) askTogether(through *sql.Conn, all []*question) (err error) {
	query, args := p.together(all)
	broken := through.Raw(func(conn any) error {
		rows, failed := conn.(cleaningConn).Conn.Conn().Query(context.Background(), query, args...)
		if err = failed; err != nil {
			return nil
		}
		defer rows.Close()
		for n := 0; n < len(all) && rows.Next(); n++ {
			all[n].err, all[n].answered = all[n].read(rowOrNone{rows}), true
		}
		rows.Close()
		err = rows.Err()
		return nil
	})
	return cmp.Or(err, broken)
}

// together is a query of texts, of which each has one row at most, with a row for each of the questions:
// in their order, and with whether there is one before it.
func (p *postgres) together(all []*question) (query string, args []any) {
	query = p.textOf(all[0].query)
	var arrays, columns []string
	for i := range all[0].args {
		texts := make([]string, len(all))
		for n, a := range all {
			texts[n] = cleanText(a.args[i].(string))
		}
		args = append(args, texts)
		number := strconv.Itoa(i + 1)
		arrays, columns = append(arrays, "$"+number+"::text[]"), append(columns, "arg"+number)
		query = strings.ReplaceAll(query, "$"+number, "asked.arg"+number)
	}
	return "select answer.* from unnest(" + strings.Join(arrays, ", ") + ") with ordinality as asked (" +
		strings.Join(columns, ", ") + ", n) left join lateral (select true, one.* from (" + query +
		") one) answer on true order by asked.n", args
}

// rowOrNone is a row of what is asked together.
type rowOrNone struct{ pgx.Rows }

func (r rowOrNone) Scan(dest ...any) error {
	if r.RawValues()[0] == nil {
		return sql.ErrNoRows
	}
	return r.Rows.Scan(slices.Insert(dest, 0, any(nil))...)
}
