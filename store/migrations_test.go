package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A layoutTest is what TestEveryMigration does once a migration is done.
type layoutTest struct {
	want    map[string]string // what queries find in the rows that were there before
	rows    string            // what is put into the tables and columns that are new
	changed []string          // columns of older tables, as table.column, whose values it changes
}

// layoutTests has one for each migration. Of the first there is nothing to find.
var layoutTests = map[string]layoutTest{
	"0001_first.sql": {rows: `
		insert into rules values ('block', 'reject:', 'junk.test', 'reject:junk.test', 'why', 1, 1,
			false, 5), ('allow', '', 'fine.test', 'fine.test', '', 2, 2, true, 5);
		update meta set value = 2 where name = 'generation';
		insert into users values (1, 'ann@acme.test', 'Ann', 'admin', false, true, 'cli', 'hash', 5, 6),
			(2, 'bob@acme.test', '', 'end-user', true, false, 'mail', '', 7, 8)`},
	"0002_authentication.sql": {
		want: map[string]string{
			`select group_concat(id || ':' || null_path || piped || tls || smtputf8 || claimed ||
				received_at || proof || results, ' ' order by id) from messages`: "1:100000 2:000000 " +
				"3:000000 4:100000"},
		rows: `insert into bands values ('ann@acme.test', '', 60000, 3);
			update messages set received_at = 77, proof = '{}', results = 'mx.test; none' where id = 4`},
	"0003_people.sql": {
		want: map[string]string{
			`select group_concat(list || ' ' || target || ' ' || since, ', ' order by position)
				from rules`: "block junk.test 0, allow fine.test 0",
			`select group_concat(id || ' ' || requester, ', ' order by id) from tickets`: "3 " +
				"a@acme.test, 5 a@acme.test",
			`select search from suspended where id = 1`:                "hello\nann\na@acme.test\ns@acme.test",
			`select value from meta where name = 'removed_user'`:       "0",
			`select enabled || ranges || customers_bypass from access`: "00"},
		rows: `
			insert into tokens values (1, 1, 'ci', x'01', 5, null, null, null, '');
			insert into sessions values (x'02', 1, '192.0.2.1', 'curl', 5, 6);
			insert into audit values (1, 5, 'ann', 'cli', '', 'rules.add', 'block', 'null', '{}', 1,
				true, null, null);
			insert into audit_rules values (1, 'block', 'reject:', 'junk.test', 'reject:junk.test', '',
				1, 5, true)`},
	"0004_conservation.sql": {
		want: map[string]string{
			`select group_concat(name || ' ' || value, ', ' order by name) from meta where name in
				('accepted', 'deleted', 'expired', 'lost', 'rejected', 'set_aside')`: "accepted 11, " +
				"deleted 0, expired 0, lost 0, rejected 7, set_aside 0"}},
	"0005_deleted.sql": {
		want: map[string]string{`select count(*) from deleted`: "0"},
		rows: `insert into deleted select *, 9 from suspended where id = 2;
			delete from suspended where id = 2;
			insert into audit values (2, 6, 'ann', 'cli', '', 'suspended.delete', '2',
				'{"decision_id":"d","author":"a@acme.test","cause":"spam"}', 'null', 0, false, null, null),
				(3, 7, 'ann', 'cli', '', 'suspended.recover', '9', '{"author":"b@acme.test"}',
				'{"ticket":10,"made_profile":true}', 0, false, null, null)`},
	"0006_again.sql": {want: map[string]string{
		`select value from meta where name = 'duplicates'`:                                "0",
		`select group_concat(id) from messages indexed by messages_sum where sum = x'00'`: "1,2,3,4"}},
	"0007_audited_mail.sql": {
		want: map[string]string{
			`select group_concat(audit || ' ' || message || ' ' || author || ' ' || ticket || ' ' ||
				made_profile, ', ' order by audit) from audit_mail`: "2 2 a@acme.test 0 0, " +
				"3 9 b@acme.test 10 1"}},
	"0008_alike.sql": {want: map[string]string{
		`select group_concat(id) from messages indexed by messages_alike
			where substr(sum, 1, 8) = x'00'`: "1,2,3,4"}},
	"0009_outbox.sql": {
		want: map[string]string{
			`select (select count(*) from targets) || (select count(*) from handoffs) ||
				(select sum(value) from meta where name in ('targets', 'courier_run'))`: "000"},
		rows: `insert into targets values ('desk', 'smtp', 'localhost', 'ticket.created', '', false,
				true, 0, '');
			insert into handoffs (target, event, ticket, message, thread, recipient, key, created_at,
				due_at) values ('desk', 'ticket.created', 3, 3, 3, '', 'k', 5, 5)`},
	"0010_find.sql": {
		want: map[string]string{
			`select search || '|' || keys from tickets where id = 3`: "hello\nann\na@acme.test\n" +
				"s@acme.test|<m3@acme.test>\nd3\n192.0.2.1\n[\"s@acme.test\"]",
			`select keys from suspended where id = 1`: "<m1@acme.test>\nd1\n192.0.2.1\n[\"s@acme.test\"]",
			`select keys from deleted where id = 2`:   "<m2@acme.test>\nd2\n\n[\"s@acme.test\"]"},
		rows: `insert into tombstones values (9, 'd9', 'spam', 'a@acme.test', '<m@acme.test>',
			'192.0.2.1', 'deleted', 'ann', 5, 6, 'd9')`},
	"0011_threads.sql": {
		want: map[string]string{
			`select group_concat(message || ' ' || ticket || ' ' || key, ', ' order by message)
				from threads`: "3 3 4660652447459848207, 4 5 1595019871074195884",
			`select group_concat(addressed) from tickets`: ","},
		rows: `insert into comments values (6, 3, 1, 'Ann', 'a@acme.test', false, false, 'hello',
			's@acme.test', 'hello', 'd1', 'email', 5, '')`},
	"0012_notices.sql": {
		want: map[string]string{
			`select sum(value) from meta where name in ('digest_at', 'digest_last', 'quiet_since')`: "0"},
		rows: `insert into notices values (10, 'k', 'gatepost@mx.test', 'Held', '<k@mx.test>',
			'Received: by mx.test', x'00', 5)`},
	"0013_dated.sql": {want: map[string]string{
		`select group_concat(id) from messages indexed by messages_alike
			where dated = 0 and substr(sum, 1, 8) = x'00'`: "1,2,3,4"}},
	"0014_organizations.sql": {
		want: map[string]string{`select value from meta where name = 'organizations'`: "0",
			`select (select count(*) from organizations) ||
				(select count(*) from organization_entries)`: "00"},
		rows: `insert into organizations values (1, 'Acme', 'acme.test', 5, 5);
			insert into organization_entries values ('acme.test', 1, 2, false);
			insert into audit values (4, 5, 'ann', 'cli', '', 'org.add', 'organisation Acme', 'null',
				'{"name":"Acme","domain_names":"acme.test"}', 2, true, null, null);
			insert into audit_organizations values (4, 1, 'null',
				'{"name":"Acme","domain_names":"acme.test"}')`},
	"0019_hits.sql": {
		want: map[string]string{`select value > 0 from meta where name = 'hits_from'`: "1"},
		rows: `insert into rule_hits values ('block', 'junk.test', 'reject:', 3, 9)`},
	"0017_expires.sql": {
		want: map[string]string{`select (select count(*) from rules where expires_at is not null) ||
			(select count(*) from audit_rules where expires_at is not null)`: "00"},
		rows: `update rules set expires_at = 9 where list = 'block'`},
	"0015_facts.sql": {
		want: map[string]string{`select value - (select value from meta where name = 'sequence')
			from meta where name = 'facts_from'`: "0"},
		rows: `insert into facts values (6, 5, '{"from":{"a":"a@acme.test"}}')`},
	"0016_handed_off.sql": {want: map[string]string{
		`select value from meta where name = 'handed_off'`: "0"}},
	"0020_nodes.sql": {want: map[string]string{
		`select group_concat(node, ',') from messages`: ",,,"}},
	"0018_shadow.sql": {
		want: map[string]string{`select value from meta where name = 'shadows'`: "0",
			`select count(*) from shadow`: "0"},
		rows: `insert into shadow values (1, 5, 'ann', 2, 6, 0);
			insert into shadow_changes values ('block', 'reject:', 'junk.test', 'reject:junk.test', true);
			insert into shadow_rejections values ('suspend', 'blank', 1)`},
}

// Each migration is done to a database that began with the first and has rows in every table of
// each layout: it keeps what was there, and finds in it what it should. In the end the tables
// are those of a new database. A migration that is not in layoutTests fails.
func TestEveryMigration(t *testing.T) {
	steps, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil || len(steps) < len(layoutTests) {
		t.Fatalf("%d migrations, %d tests of them, %v", len(steps), len(layoutTests), err)
	}
	slices.Sort(steps)
	name := firstLayout(t)
	db, err := openSQLite(name, writing)
	if err != nil {
		t.Fatal(err)
	}
	w, err := newWriter(context.Background(), db, contentDir(name))
	if err != nil {
		t.Fatal(err)
	}
	w.files = &files{found: make(chan struct{})}
	m := &migration{T: t, conn: w.conn}
	for i, file := range steps {
		test, known := layoutTests[path.Base(file)]
		if !known {
			t.Fatalf("%s has no test: add one to layoutTests", file)
		}
		if i > 0 { // firstLayout has done that
			before := m.values()
			err := w.do(context.Background(), func(t *tx) error { return step(t, file, i+1) })
			if err != nil {
				t.Fatal(err)
			}
			m.keeps(file, before, test.changed)
		}
		m.finds(file, test)
	}
	if err := errors.Join(w.stop(), db.Close()); err != nil {
		t.Fatal(err)
	}
	m.isAsNew(name)
}

// A migration is the database that is brought up to date.
type migration struct {
	*testing.T
	conn *sql.Conn
}

func (m *migration) texts(query string) []string {
	m.Helper()
	rows, err := m.conn.QueryContext(context.Background(), query)
	if err != nil {
		m.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	all := []string{}
	for rows.Next() {
		var text sql.NullString
		if err := rows.Scan(&text); err != nil {
			m.Fatal(err)
		}
		all = append(all, text.String)
	}
	if err := rows.Err(); err != nil {
		m.Fatal(err)
	}
	return all
}

// values are those of each column of each table, by table.column.
func (m *migration) values() map[string][]string {
	m.Helper()
	values := map[string][]string{}
	for _, column := range m.texts(`select t.name || '.' || c.name from sqlite_master t,
		pragma_table_info(t.name) c where t.type = 'table' and t.name not like 'sqlite\_%' escape '\'`) {
		table, name, _ := strings.Cut(column, ".")
		values[column] = m.texts(fmt.Sprintf(`select quote("%s") from "%s" order by rowid`, name, table))
	}
	return values
}

// keeps holds every value against what it was, but for new rows behind the old ones.
func (m *migration) keeps(file string, before map[string][]string, changed []string) {
	m.Helper()
	after := m.values()
	for column, was := range before {
		is, there := after[column]
		switch {
		case !there:
			m.Errorf("%s takes %s away", file, column)
		case len(is) < len(was):
			m.Errorf("%s takes %d rows of %s away", file, len(was)-len(is), column)
		case !slices.Contains(changed, column) && !slices.Equal(is[:len(was)], was):
			m.Errorf("%s changes %s from %q to %q", file, column, was, is)
		}
	}
}

// finds asks the queries of a test, adds its rows, and wants rows in every table then.
func (m *migration) finds(file string, test layoutTest) {
	m.Helper()
	if len(test.want) == 0 && path.Base(file) != "0001_first.sql" {
		m.Errorf("%s: nothing is asked of the rows that were there", file)
	}
	for query, want := range test.want {
		if got := strings.Join(m.texts(query), "|"); got != want {
			m.Errorf("%s: %s\nfinds %q, want %q", file, query, got, want)
		}
	}
	if _, err := m.conn.ExecContext(context.Background(), test.rows); err != nil {
		m.Fatalf("%s: %v", file, err)
	}
	for column, values := range m.values() {
		if len(values) == 0 {
			m.Errorf("%s: the column %s has no row: add one to layoutTests", file, column)
		}
	}
}

// isAsNew opens the database as the program does, and holds its tables against a new one's.
func (m *migration) isAsNew(name string) {
	ctx := context.Background()
	old, fresh := openAt(m.T, name), openAt(m.T, filepath.Join(m.TempDir(), "new.db"))
	if faults, err := old.Integrity(ctx); err != nil || faults != nil {
		m.Errorf("%q, %v", faults, err)
	}
	var schemas [2]map[string]bool
	for i, db := range []*fixture{old, fresh} {
		all, err := texts(ctx, db.read, `select type || ' ' || name || ' ' || coalesce(sql, '')
			from sqlite_master`)
		if err != nil {
			m.Fatal(err)
		}
		schemas[i] = map[string]bool{}
		for _, text := range all {
			schemas[i][text] = true
		}
	}
	if !maps.Equal(schemas[0], schemas[1]) {
		m.Errorf("its tables are %v, and of a new database %v", schemas[0], schemas[1])
	}
	if orphans, err := texts(ctx, old.read, "select \"table\" from pragma_foreign_key_check"); err != nil ||
		len(orphans) > 0 {
		m.Errorf("rows of %q refer to none, %v", orphans, err)
	}
}
