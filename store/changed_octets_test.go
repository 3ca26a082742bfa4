package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"gatepost/policy"
)

// TestChangedOctets changes octets of a database at random, each run its own, with nobody at
// work on it. Every message whose rows are whole is listed, shown, and recovered: in the
// database as it is, or in what Salvage makes of it where that cannot be written any more.
//
// A row is whole where SQLite finds it by its key in its table, without any index, and each
// column has what it had; a message, where its rows in suspended and messages are.
// GATEPOST_LONG=1 makes 400 runs of it.
func TestChangedOctets(t *testing.T) {
	if testing.Short() {
		t.Skip("it kills, damages or replaces again and again")
	}
	runs := 8
	if os.Getenv("GATEPOST_LONG") != "" {
		runs = 400
	}
	shapes := []string{manyMessages(t, 400, 200, 20), manyMessages(t, 120, 20, 500, 9000, 40000)}
	var sum trial
	for seed := range runs {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			sum.add(tryChanged(t, shapes[seed%2], uint64(seed)))
		})
	}
	t.Logf("%d runs: %+v", runs, sum)
	if sum.Whole == 0 || sum.Damaged == 0 {
		t.Error("the runs show nothing: none of the rows was whole, or all of them")
	}
}

// A trial is what became of messages.
type trial struct {
	Unreadable int // databases whose list of tables is damaged
	Whole      int // messages
	Damaged    int
	Recovered  int // in place
	Salvaged   int // and recovered then
}

func (t *trial) add(o trial) {
	t.Unreadable += o.Unreadable
	t.Whole += o.Whole
	t.Damaged += o.Damaged
	t.Recovered += o.Recovered
	t.Salvaged += o.Salvaged
}

// manyMessages is a closed database: n held messages and tickets of these sizes, some in files.
func manyMessages(t *testing.T, n int, sizes ...int) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "gatepost.db")
	f := &fixture{T: t, clock: noon}
	var err error
	f.DB, err = Open(at(t, path), Options{Create: true, Now: func() time.Time { return f.clock }})
	if err != nil {
		t.Fatal(err)
	}
	f.rules(policy.Block, "held.test")
	for i := range n {
		from := fmt.Sprintf("a%d@held.test", i)
		if i%10 == 0 {
			from = fmt.Sprintf("a%d@acme.test", i)
		}
		size := sizes[i%len(sizes)]
		if i%40 == 7 {
			size = inline + 1
		}
		f.receive(mail(from, fmt.Sprint("subject ", i), strings.Repeat("text ", size/5)))
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// rowTables are what a message is in.
var rowTables = []string{"suspended", "messages"}

func tryChanged(t *testing.T, pristine string, seed uint64) (sum trial) {
	path := filepath.Join(t.TempDir(), "gatepost.db")
	if err := os.CopyFS(contentDir(path), os.DirFS(contentDir(pristine))); err != nil {
		t.Fatal(err)
	}
	changeOctets(t, pristine, path, seed)
	columns := rowColumns(t, pristine)
	before, after := rawRows(t, pristine, columns), rawRows(t, path, columns)
	var whole []int64
	for id, row := range before["suspended"] {
		if reflect.DeepEqual(row, after["suspended"][id]) &&
			reflect.DeepEqual(before["messages"][id], after["messages"][id]) {
			whole = append(whole, id)
		}
	}
	db, err := Open(at(t, path), Options{Now: func() time.Time { return noon }})
	if err == nil {
		defer db.Close()
	} else if !strings.Contains(err.Error(), mendDamage) {
		t.Errorf("%v, want what to do", err)
	}
	if err != nil || len(whole) == 0 { // what SQLite could tell if it knew the tables
		whole = wholeWithSchema(t, pristine, path, columns, before)
		sum.Unreadable++
	}
	slices.Sort(whole)
	sum.Whole, sum.Damaged = len(whole), len(before["suspended"])-len(whole)
	ctx, ann := context.Background(), Actor{Name: "ann", Via: "cli"}
	if sum.Unreadable == 0 {
		checkShown(t, db, before, whole)
		done, err := db.By(ann).RecoverMany(ctx, whole)
		if err == nil && len(done) == len(whole) {
			sum.Recovered = len(done)
			return sum
		}
	}
	to := filepath.Join(filepath.Dir(path), "new.db")
	saved, err := SalvageTo(ctx, path, to, ann, Options{})
	if err != nil {
		t.Fatalf("%d messages are whole: %v", len(whole), err)
	}
	db2, err := Open(to, Options{Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	defer db2.Close()
	checkShown(t, db2, before, whole)
	if b, err := db2.Balance(ctx); err != nil || b.Difference() != 0 {
		t.Errorf("salvaged %+v: %s, %v", saved, b, err)
	}
	done, err := db2.By(ann).RecoverMany(ctx, whole)
	if sum.Salvaged = len(done); err != nil || len(done) != len(whole) {
		t.Errorf("salvaged: %d of %d recovered, %v", len(done), len(whole), err)
	}
	return sum
}

// wholeWithSchema are the messages that are whole in a database with the list of tables of the
// pristine one.
func wholeWithSchema(t *testing.T, pristine, damaged string, columns map[string]string,
	before map[string]map[int64][]any) (whole []int64) {
	was, err := os.ReadFile(pristine)
	if err != nil {
		t.Fatal(err)
	}
	is, err := os.ReadFile(damaged)
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range schemaPages(was) {
		copy(is[(page-1)*pageSize(was):page*pageSize(was)], was[(page-1)*pageSize(was):])
	}
	path := filepath.Join(t.TempDir(), "mended.db")
	if err := os.WriteFile(path, is, 0o600); err != nil {
		t.Fatal(err)
	}
	after := rawRows(t, path, columns)
	for id, row := range before["suspended"] {
		if reflect.DeepEqual(row, after["suspended"][id]) &&
			reflect.DeepEqual(before["messages"][id], after["messages"][id]) {
			whole = append(whole, id)
		}
	}
	return whole
}

// changeOctets copies a file and changes from 1 to 64 octets: anywhere, or all in one sector.
func changeOctets(t *testing.T, from, to string, seed uint64) {
	t.Helper()
	octets, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(seed, 9))
	const sector = 512
	n, first, within := 1<<random.IntN(7), 0, len(octets)
	if random.IntN(2) == 0 {
		first, within = random.IntN(len(octets)/sector)*sector, sector
	}
	for range n {
		octets[first+random.IntN(within)] ^= byte(1 + random.IntN(255))
	}
	if err := os.WriteFile(to, octets, 0o600); err != nil {
		t.Fatal(err)
	}
}

// rowColumns are all columns of a table, by its name; the sum of a content is the first. A quoted name that a table has not is a
// text to SQLite, but for one of a named table.
func rowColumns(t *testing.T, path string) map[string]string {
	t.Helper()
	db := openImmutable(t, path)
	all := map[string]string{}
	for _, table := range rowTables {
		names, err := texts(context.Background(), db, `select 't."' || name || '"'
			from pragma_table_info(?) order by name <> 'sum', cid`, table)
		if err != nil {
			t.Fatal(err)
		}
		all[table] = strings.Join(names, ", ")
	}
	return all
}

func openImmutable(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+path+"?mode=ro&immutable=1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// rawRows are the rows that SQLite finds by their keys.
func rawRows(t *testing.T, path string, names map[string]string) map[string]map[int64][]any {
	t.Helper()
	db := openImmutable(t, path)
	all := map[string]map[int64][]any{}
	for table, columns := range names {
		all[table] = map[int64][]any{}
		for id := range int64(420) {
			if row := rawRow(db, table, columns, id); row != nil {
				all[table][id] = row
			}
		}
	}
	return all
}

// rawRow is nil where the row cannot be read.
func rawRow(db *sql.DB, table, columns string, id int64) (values []any) {
	rows, err := db.Query("select "+columns+" from "+table+" t not indexed where t.rowid = ?", id)
	if err != nil {
		return nil
	}
	defer rows.Close()
	names, _ := rows.Columns()
	values = make([]any, len(names))
	to := make([]any, len(names))
	for i := range values {
		to[i] = &values[i]
	}
	if !rows.Next() || rows.Scan(to...) != nil || rows.Err() != nil {
		return nil
	}
	return values
}

func checkShown(t *testing.T, db *DB, before map[string]map[int64][]any, whole []int64) {
	t.Helper()
	ctx := context.Background()
	var queries []Query
	for _, order := range orders {
		queries = append(queries, Query{Sort: order})
	}
	if len(whole) > 0 { // all have the same cause
		queries = append(queries, Query{Cause: before["suspended"][whole[0]][1].(string)})
	}
	for _, query := range queries {
		listed := map[int64]Suspended{}
		for s, err := range db.ListSuspended(ctx, query) {
			if err != nil {
				continue // the last, which says that something is missing
			}
			if was, twice := listed[s.ID]; !twice || was.Damaged != nil {
				listed[s.ID] = s // a damaged one may bear the id of a whole one
			}
		}
		for _, id := range whole {
			if s, ok := listed[id]; !ok || s.Damaged != nil {
				t.Errorf("by %+v: %d is whole, and not listed as that: %v", query, id, s.Damaged)
			}
		}
	}
	for _, id := range whole {
		s, err := db.Suspended(ctx, id)
		if err != nil || s.Damaged != nil {
			t.Errorf("%d is whole: %v, %v", id, s.Damaged, err)
		}
		raw, err := db.Raw(ctx, id)
		if err != nil {
			t.Errorf("%d is whole: %v", id, err)
			continue
		}
		octets, err := io.ReadAll(raw)
		if err := errors.Join(err, raw.Close()); err != nil {
			t.Error(err)
		}
		row := before["messages"][id]
		if sum := sha256.Sum256(octets); !bytes.Equal(sum[:], row[0].([]byte)) {
			t.Errorf("%d is whole, and %d octets are shown that are not its own", id, len(octets))
		}
	}
}
