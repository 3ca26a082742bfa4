package store

import (
	"context"
	"database/sql"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// onlyOfPostgres are what its tables have and SQLite's have not: what SQLite's have otherwise, or by
// itself.
var onlyOfPostgres = []string{
	"table contents", "table writers", "table layout", "table nodes",
	"table leases", "table secrets", "table attempts",
	"column rules.rowid", "index rules (rowid) unique",
	"index tickets (message)",
	"index contents (decision_id, n) unique", "index writers (id) unique",
	"index nodes (id) unique", "index leases (name) unique",
	"index secrets (name) unique", "index attempts (account, client) unique", "index attempts (since)",
	"trigger tell_queue", "trigger tell_handoffs", "trigger tell_sessions",
	"trigger tell_people",
	"trigger audit_emptied", "trigger audit_rules_emptied", "trigger audit_mail_emptied",
	"trigger audit_organizations_emptied",
}

// onlyOfSQLite are triggers against "insert or replace", which PostgreSQL does not know.
var onlyOfSQLite = []string{"trigger audit_once", "trigger audit_rules_once",
	"trigger audit_mail_once", "trigger audit_organizations_once"}

// The tables of both engines are the same: their columns with type, default and whether there may be
// nothing, what is unique, the indexes, and what keeps the audit log as it is.
func TestLayoutOfPostgres(t *testing.T) {
	ctx := context.Background()
	onServerOnly(t)
	file, err := Open(filepath.Join(t.TempDir(), "gatepost.db"), Options{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	server := open(t)
	ours, theirs := layoutOfFile(t, ctx, file.read), layoutOfDatabase(t, ctx, server.read)
	for _, what := range slices.Sorted(maps.Keys(theirs)) {
		table, _, _ := strings.Cut(strings.TrimPrefix(what, "column "), ".")
		if !ours[what] && !isListed(onlyOfPostgres, what) &&
			!slices.Contains(onlyOfPostgres, "table "+table) {
			t.Errorf("only PostgreSQL has %s", what)
		}
	}
	for _, what := range slices.Sorted(maps.Keys(ours)) {
		if !theirs[what] && !slices.Contains(onlyOfSQLite, what) {
			t.Errorf("only SQLite has %s", what)
		}
	}
}

// isListed also finds a column by its name alone.
func isListed(list []string, what string) bool {
	return slices.ContainsFunc(list, func(s string) bool {
		return what == s || strings.HasPrefix(what, s+" ") && strings.HasPrefix(s, "column ")
	})
}

// described are the texts of the only column of a query.
func described(t *testing.T, ctx context.Context, db *sql.DB, query string) map[string]bool {
	t.Helper()
	all, err := texts(ctx, db, query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	found := map[string]bool{}
	for _, text := range all {
		found[text] = true
	}
	return found
}

func layoutOfFile(t *testing.T, ctx context.Context, db *sql.DB) map[string]bool {
	found := described(t, ctx, db, `select 'table ' || name from sqlite_master
			where type = 'table' and name not like 'sqlite\_%' escape '\'
		union all select 'trigger ' || name from sqlite_master where type = 'trigger'
		union all select 'column ' || m.name || '.' || c.name || ' ' ||
				case lower(c.type) when 'integer' then 'bigint' when 'blob' then 'bytea'
					else lower(c.type) end ||
				case when c."notnull" or c.pk then ' not null' else '' end ||
				coalesce(' default ' || c.dflt_value, '')
			from sqlite_master m, pragma_table_info(m.name) c
			where m.type = 'table' and m.name not like 'sqlite\_%' escape '\'
		union all select 'index ' || m.name || ' (' || c.name || ') unique'
			from sqlite_master m, pragma_table_info(m.name) c
			where m.type = 'table' and c.pk = 1 and lower(c.type) = 'integer'
		union all select 'index ' || m.name || ' (' || (select group_concat(i.name, ', ' order by i.seqno)
				from pragma_index_info(l.name) i) || ') unique'
			from sqlite_master m, pragma_index_list(m.name) l where m.type = 'table' and l.origin <> 'c'`)
	all, err := texts(ctx, db, `select sql from sqlite_master where type = 'index' and sql is not null`)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range all {
		found[indexOf(text)] = true
	}
	return found
}

func layoutOfDatabase(t *testing.T, ctx context.Context, db *sql.DB) map[string]bool {
	found := described(t, ctx, db, `select 'table ' || table_name from information_schema.tables
			where table_schema = current_schema()
		union all select 'trigger ' || tgname from pg_trigger where not tgisinternal
		union all select 'column ' || table_name || '.' || column_name || ' ' || data_type ||
				case when is_nullable = 'NO' then ' not null' else '' end ||
				coalesce(' default ' || replace(column_default, '::text', ''), '')
			from information_schema.columns where table_schema = current_schema()`)
	all, err := texts(ctx, db, `select indexdef from pg_indexes where schemaname = current_schema()`)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range all {
		found[indexOf(text)] = true
	}
	return found
}

// madeIndex finds whether an index is unique, the table, and what it is of.
var madeIndex = regexp.MustCompile(`(?i)^create( unique)? index \S+ on (?:\w+\.)?(\w+) ?(?:using btree )?(.*)$`)

// indexOf is what an index is of, and on what condition, whatever it is called.
func indexOf(text string) string {
	parts := madeIndex.FindStringSubmatch(strings.Join(strings.Fields(text), " "))
	if parts == nil {
		return text
	}
	columns, condition, _ := strings.Cut(strings.ToLower(parts[3]), " where ")
	of := "index " + parts[2] + " " + strings.TrimSpace(columns) + strings.ToLower(parts[1])
	if condition != "" {
		of += " where " + strings.NewReplacer("::text", "", "(", "", ")", "", "array[", "", "]", "",
			"= any ", "in ").Replace(condition)
	}
	return of
}
