package store

import (
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"gatepost/policy"
	"gatepost/store/storetest"
)

// taking are statements after which a program of the layout before could not go on.
var taking = regexp.MustCompile(`(?i)\b(drop|rename|truncate|delete from|set not null|alter column|` +
	`add (constraint|check|unique|primary|foreign)|unique index|set schema)\b`)

// required are columns that are added to a table, and that a program which does not know them leaves
// out in vain.
var required = regexp.MustCompile(`(?i)\badd column\b[^,;]*\bnot null\b[^,;]*`)

// Nodes of the layout before go on while one of the next brings a database of PostgreSQL up to date: a
// migration adds, and takes nothing away.
func TestPostgresMigrationsOnlyAdd(t *testing.T) {
	taken := func(text string) []string {
		text = comment.ReplaceAllString(text, "")
		found := taking.FindAllString(text, -1)
		for _, column := range required.FindAllString(text, -1) {
			if !strings.Contains(strings.ToLower(column), " default ") {
				found = append(found, column)
			}
		}
		return found
	}
	for _, name := range postgresSteps[1:] { // the first makes all there is
		text, err := fs.ReadFile(postgresMigrations, name)
		if err != nil {
			t.Fatal(err)
		}
		if found := taken(string(text)); found != nil {
			t.Errorf("%s has %q, and a node of the layout before may be running", path.Base(name), found)
		}
	}
	for _, text := range []string{"drop table a", "alter table a rename b to c", "truncate a",
		"alter table a alter column b type text", "alter table a add column b text not null",
		"create unique index on a (b)", "alter table a add constraint c check (b > 0)",
		"alter table a add column b text not null, add column c text not null default ''"} {
		if taken(text) == nil {
			t.Errorf("%s would be let through", text)
		}
	}
	if found := taken("alter table a add column b text not null default ''; -- drop nothing"); found != nil {
		t.Errorf("refused for %q", found)
	}
}

// oldestLayout is a new database of the first layout that PostgreSQL had.
func oldestLayout(t *testing.T, name string) (url string) {
	t.Helper()
	url = storetest.Make(t, name, "template template0 "+storetest.As)
	text, err := fs.ReadFile(postgresMigrations, postgresSteps[0])
	if err == nil {
		err = storetest.Run(url, string(text)+"; update layout set version = 19")
	}
	if err != nil {
		t.Fatal(err)
	}
	return url
}

// Of nodes that are started at once one brings the tables up to date, and the others wait for it. Who
// has the database open by the layout before goes on with the statements that it has prepared.
func TestUpgradedAtOnce(t *testing.T) {
	onServerOnly(t)
	ctx, url := t.Context(), oldestLayout(t, "oldest")
	older, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer older.Close(ctx)
	stores := func(id int) {
		t.Helper()
		_, err := older.Exec(ctx, `insert into messages (id, decision_id, action, cause, rule, why, reasons,
			authentication, client, helo, mail_from, recipients, trace, sender, reply_to, message_id,
			size, sum, raw, dated, proof, results, claimed, piped, tls, smtputf8, null_path, received_at)
			values ($1, $2, 'suspend', 'spam', '', '', '{}', 'none', '', '', '', '[]', '', '', '[]', '',
			1, 'x', 'x', 0, '', '', false, false, false, false, false, 5)`, id, "d"+string(rune('0'+id)))
		if err != nil {
			t.Fatal(err)
		}
	}
	stores(1)
	var all sync.WaitGroup
	var nodes [4]*DB
	for i := range nodes {
		all.Go(func() {
			var err error
			if nodes[i], err = Open(url, Options{Create: true}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	stores(2)
	for _, db := range nodes {
		if db == nil {
			continue
		}
		if db.Created() != "" {
			t.Error("it was there, and was made")
		}
		for _, id := range []string{"1", "2"} {
			if e, err := db.Explain(ctx, id); err != nil || e.Node != "" {
				t.Errorf("message %s of the layout before: %+v, %v", id, e, err)
			}
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Several that find no tables make them once.
func TestMadeAtOnce(t *testing.T) {
	onServerOnly(t)
	url := storetest.Make(t, "fresh", "template template0 "+storetest.As)
	var all sync.WaitGroup
	var lock sync.Mutex
	made := 0
	for range 4 {
		all.Go(func() {
			db, err := Open(url, Options{Create: true})
			if err != nil {
				t.Error(err)
				return
			}
			defer db.Close()
			lock.Lock()
			defer lock.Unlock()
			if db.Created() != "" {
				made++
			}
		})
	}
	all.Wait()
	if made != 1 {
		t.Errorf("%d say that they made the tables", made)
	}
}

// A node goes on when a newer one has added to the tables, and one of its layout can be started as long
// as the newer says that it can use them.
func TestNewerLayoutBeside(t *testing.T) {
	onServerOnly(t)
	path := filepath.Join(t.TempDir(), "gatepost.db")
	f, _ := node(t, path, "mx1")
	f.rules(policy.Block, "held.test")
	f.receive(mail("a@held.test", "before", "x"))
	f.nodeRows(`alter table messages add column later text not null default '';
		alter table suspended add column later bigint; create table later (id bigint primary key);
		update layout set version = 99`)
	f.receive(mail("a@held.test", "after", "x"))
	other, _ := node(t, path, "mx2")
	other.receive(mail("a@held.test", "of another", "x"))
	if held := all(t, f.ListSuspended(t.Context(), Query{})); len(held) != 3 {
		t.Errorf("%d are held", len(held))
	}
	f.nodeRows(`update layout set usable_since = 99`)
	f.receive(mail("a@held.test", "at last", "x"))
	if db, err := Open(at(t, path), Options{}); err == nil || !strings.Contains(err.Error(), "newer") {
		t.Errorf("opened: %v, %v", db, err)
	}
}
