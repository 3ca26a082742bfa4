package console

import (
	"database/sql"
	"fmt"
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"gatepost/httpd/httpdtest"
)

// queued is how many messages the queue of the benchmark holds.
const queued = 100_000

// fullQueue is a site with a full queue: a thousand messages came in by the door, and the tables
// hold each of them a hundred times, with senders and subjects of their own.
func fullQueue(b *testing.B) *httpdtest.Site {
	b.Helper()
	st := testServer(b)
	for i := range queued / 100 {
		if i == 0 {
			st.Stranger("how the rules come to be")
			continue
		}
		st.Receive(httpdtest.Message(fmt.Sprintf("Person %d <person%d@mx%d.example.com>", i, i, i%7),
			fmt.Sprintf("a question about order %d of mine", i), "Hello\r\nthere."))
	}
	file, err := sql.Open("sqlite3", "file:"+st.Path+"?_busy_timeout=10000")
	st.Must(err)
	defer func() { st.Must(file.Close()) }()
	_, err = file.Exec(multiply)
	st.Must(err)
	return st
}

// multiply has ids begin where those of the messages do, which profiles come before.
const multiply = `
create temp table times as with recursive n(i) as (
	select 1 union all select i + 1 from n where i < 99) select i from n;
insert into messages select id + i * 1000, decision_id || '-' || i, action, cause, rule, why,
	reasons, authentication, client, helo, mail_from, recipients, trace, sender, reply_to,
	message_id, size, sum, raw, received_at, null_path, smtputf8, tls, piped, claimed, proof,
	results from times cross join messages;
insert into suspended select id + i * 1000, cause, author_name, i || author_email,
	i || ' ' || subject, recipient, created_at + i * 1000, expires_at, i || ' ' || search, keys
	from times cross join suspended;
update meta set value = value + 100000 where name = 'sequence';
drop table times;`

// BenchmarkQueue asks for pages of a queue of 100,000 held messages, through all of Handler:
// the session, the restrictions, the list, the counts and the template.
func BenchmarkQueue(b *testing.B) {
	st := fullQueue(b)
	who := st.Browser("agent@acme.test")
	first := who.Get("/suspended", http.StatusOK)
	who.Says(first, fmt.Sprintf(`All held mail <span class="n">%d</span>`, queued))
	open := regexp.MustCompile(`data-id="(\d+)"`).FindStringSubmatch(first)[1]
	for _, c := range []struct {
		name, path string
		lines      bool // there are some
	}{
		{"first page", "/suspended", true},
		{"by sender", "/suspended?sort=author", true},
		{"search with hits", "/suspended?q=77+order+person777", true},
		{"search without", "/suspended?q=nowhere", false},
		{"a message open", "/suspended/" + open, true},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				page := who.Get(c.path, http.StatusOK)
				if strings.Contains(page, "<li data-id=") != c.lines {
					b.Fatalf("%s has lines: %t", c.path, !c.lines)
				}
			}
		})
	}
	b.Run("next pages", func(b *testing.B) {
		path := nextOf(first)
		for b.Loop() {
			if path = nextOf(who.Get(path, http.StatusOK)); path == "" {
				path = "/suspended"
			}
		}
	})
}

// nextOf is where the next page of a list is, "" at its end.
func nextOf(page string) string {
	m := regexp.MustCompile(`<a rel="next" href="([^"]+)"`).FindStringSubmatch(page)
	if m == nil {
		return ""
	}
	return html.UnescapeString(m[1])
}
