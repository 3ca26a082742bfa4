package store

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"gatepost/policy"
	"gatepost/store/storetest"
)

// queued is how many messages the queue of the page benchmarks holds: thousands.
var queued = func() int64 {
	if n, err := strconv.ParseInt(os.Getenv("GATEPOST_HELD"), 10, 64); err == nil {
		return n
	}
	return 100_000
}()

// manyHeld is a store with a full queue: a thousand messages came in by the door, and the
// tables hold each of them a hundred times, with subjects and senders of their own.
func manyHeld(b *testing.B) *DB {
	b.Helper()
	ctx := context.Background()
	place := at(b, filepath.Join(b.TempDir(), "gatepost.db"))
	db, err := Open(place, Options{Create: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := db.Close(); err != nil {
			b.Error(err)
		}
	})
	entries, err := policy.ParseList(policy.Block, "* suspend:blocked.test")
	if err == nil {
		_, err = db.By(Actor{Via: machine}).AddRules(ctx, policy.Block, entries, Life{})
	}
	for i := range 1000 {
		if err == nil {
			from := fmt.Sprintf("Person %d <person%d@mx%d.example.com>", i, i, i%7)
			if i%3 == 0 {
				from = fmt.Sprintf("person%d@blocked.test", i)
			}
			err = receiveOne(ctx, db, mail(from, fmt.Sprintf("a question about order %d of mine", i),
				strings.Repeat("x", 3000)))
		}
	}
	script := fmt.Sprintf(multiply, queued/1000-1, queued)
	switch {
	case err != nil:
	case IsPostgres(place): // for longer than a transaction of ours may take
		if err = storetest.Run(place, script); err == nil {
			err = storetest.Run(place, "vacuum analyze")
		}
	default:
		err = db.writer.do(ctx, func(t *tx) error { return t.script(script) })
	}
	if err != nil {
		b.Fatal(err)
	}
	return db
}

const multiply = `
create temp table times as with recursive n(i) as (
	select 1 union all select i + 1 from n where i < %d) select i from n;
insert into messages select id + i * 1000, decision_id || i, action, cause, rule, why, reasons,
	authentication, client, helo, mail_from, recipients, trace, sender, reply_to, message_id, size,
	sum, raw, received_at, null_path, smtputf8, tls, piped, claimed, proof, results, dated, node
	from times cross join messages where id <= 1000;
insert into suspended select id + i * 1000, cause, author_name, i || author_email,
	case when id %% 10 = 0 then subject else i || ' ' || subject end, recipient,
	created_at + i * 1000, expires_at, i || ' ' || search, keys from times cross join suspended where id <= 1000;
update meta set value = %d where name = 'sequence';
drop table times;`

// BenchmarkPages reads the pages of a queue of 100,000 held messages. The worst page of each
// walk is to stay under 50 ms.
func BenchmarkPages(b *testing.B) {
	db := manyHeld(b)
	ctx := context.Background()
	if n, err := db.CountSuspended(ctx, Query{}); err != nil || n != queued {
		b.Fatalf("%d are held, %v", n, err)
	}
	for _, c := range []struct {
		name  string
		query Query
	}{
		{"newest", Query{}},
		{"author", Query{Sort: "author"}},
		{"subject", Query{Sort: "subject"}},
		{"cause", Query{Sort: "cause"}},
		{"of a cause", Query{Cause: "blocklisted"}},
		{"of a cause by subject", Query{Cause: "blocklisted", Sort: "subject"}},
		{"search for all", Query{Search: "question"}},
		{"search for few", Query{Search: "77 order person777"}},
		{"search for one", Query{Search: "person997@mx 98 question"}},
		{"search for none", Query{Search: "nowhere"}},
		{"search for none by subject", Query{Search: "nowhere", Sort: "subject"}},
		{"of a domain", Query{From: "mx3.example.com"}},
		{"of an absent domain", Query{From: "absent.test"}},
	} {
		b.Run(c.name, func(b *testing.B) { walk(b, db, c.query) })
	}
	b.Run("counts by cause", func(b *testing.B) {
		for b.Loop() {
			if _, err := db.CauseCounts(ctx); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("nothing changed", func(b *testing.B) {
		version, _, _ := db.Changes(ctx, -1)
		for b.Loop() {
			if v, _, err := db.Changes(ctx, version); err != nil || v != version {
				b.Fatal(v, err)
			}
		}
	})
}

// walk goes through all pages, and back, and begins again at the end of the list.
func walk(b *testing.B, db *DB, q Query) {
	var worst time.Duration
	r, forward := PageRequest{Descending: true}, true
	for b.Loop() {
		began := time.Now()
		p, err := db.SuspendedPage(context.Background(), q, r)
		worst = max(worst, time.Since(began))
		if err != nil {
			b.Fatal(err)
		}
		switch {
		case forward && p.HasMore:
			r.After = p.Last
		case p.HasPrevious:
			r.After, r.Before, forward = "", p.First, false
		default:
			r.After, r.Before, forward = "", "", true
		}
	}
	b.ReportMetric(float64(worst.Microseconds())/1000, "worst-ms")
}
