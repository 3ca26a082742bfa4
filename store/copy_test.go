package store

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gatepost/store/storetest"
)

// everything is an SQLite database with rows in each table, and large contents.
func everything(t *testing.T) string {
	t.Helper()
	path := firstLayout(t)
	conn, err := sql.Open("sqlite3", path)
	if err != nil {
		t.Fatal(err)
	}
	steps, err := migrationSteps()
	if err != nil {
		t.Fatal(err)
	}
	for i, step := range steps {
		text, err := migrations.ReadFile(step)
		if i > 0 && err == nil {
			_, err = conn.Exec(string(text))
		}
		if err == nil {
			_, err = conn.Exec(layoutTests[filepath.Base(step)].rows)
		}
		if err != nil {
			t.Fatalf("%s: %v", step, err)
		}
	}
	_, err = conn.Exec(fmt.Sprintf(`pragma user_version = %d;
		update meta set value = 100 where name = 'sequence'`, len(steps)))
	if err := errors.Join(err, conn.Close()); err != nil {
		t.Fatal(err)
	}
	db, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{T: t, DB: db, clock: noon}
	f.rules("block", "held.test")
	for i, size := range []int{2 * inline, contentPiece + 7, 9, inline, inline + 1} {
		f.receive(mail(fmt.Sprintf("a%d@held.test", i), "größe", strings.Repeat("x", size)))
	}
	f.script(`insert into tombstones values (99, 'd99', 'spam', 'nul' || char(0), cast(x'ff' as text), '', '', '',
		5, 6, ''); insert into threads values (7, 3, 3)`)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// contentsAt are all rows of all tables that are copied, and large contents, in an order of their own.
func contentsAt(t *testing.T, place string) map[string][]string {
	t.Helper()
	ctx := context.Background()
	db, err := Open(place, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tables, err := tablesOf(ctx, db)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	for name, of := range tables {
		if slices.Contains(notCopied, name) {
			continue
		}
		found[name] = []string{}
		for row := range readRows(ctx, db, *of, 0) {
			found[name] = append(found[name], fmt.Sprintf("%T %q", row, row))
		}
		slices.Sort(found[name])
	}
	for c, err := range each(ctx, db, scanCopiedContent, `select id, decision_id, size, sum from messages
		where raw is null`) {
		if err != nil {
			t.Fatal(err)
		}
		sum, _, err := sumOfContent(ctx, db, c)
		if err != nil {
			t.Fatal(err)
		}
		found["contents"] = append(found["contents"], fmt.Sprintf("%d %x", c.id, sum))
	}
	slices.Sort(found["contents"])
	// The order in which entries were made is that of their rows.
	found["order"], err = texts(ctx, db.read, `select list || target from rules order by rowid`)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func sameContents(t *testing.T, what, from, to string) {
	t.Helper()
	theirs, ours := contentsAt(t, from), contentsAt(t, to)
	for _, table := range slices.Sorted(maps.Keys(theirs)) {
		if !slices.Equal(theirs[table], ours[table]) {
			t.Errorf("%s: %s is\n%s, want\n%s", what, table, strings.Join(ours[table], "\n"),
				strings.Join(theirs[table], "\n"))
		}
		if len(theirs[table]) == 0 {
			t.Errorf("nothing was in %s", table)
		}
	}
}

func emptyServer(t *testing.T, name string) string {
	t.Helper()
	return at(t, filepath.Join(t.TempDir(), name))
}

// A database that is copied to PostgreSQL, from there to another of it and back to a file has all that
// it had, and goes on.
func TestCopy(t *testing.T) {
	onServerOnly(t)
	ctx := t.Context()
	from := everything(t)
	places := []string{from, emptyServer(t, "copy_a"), emptyServer(t, "copy_b"),
		filepath.Join(t.TempDir(), "back.db")}
	for i, to := range places[1:] {
		c, err := Copy(ctx, places[i], to, CopyOptions{Tell: untold})
		if err != nil || c.Contents != 4 || c.Resumed || len(c.Tables) < 29 {
			t.Fatalf("to the copy %d: %+v, %v", i, c, err)
		}
		sameContents(t, fmt.Sprint("copy ", i), from, to)
		db, err := Open(to, Options{})
		if err != nil {
			t.Fatal(err)
		}
		f := &fixture{T: t, DB: db, clock: noon}
		before, err := one(ctx, db, scanCount, `select value from meta where name = 'sequence'`)
		if err != nil {
			t.Fatal(err)
		}
		f.targets(Target{Name: "more", Kind: "smtp"})
		if _, id := f.receive(mail("new@mail.test", "new", "x")); id != before+1 {
			t.Errorf("the next id behind %d is %d", before, id)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		from = to
	}
}

// copyKilled is the variable that has this test copy what it names, to be killed.
const copyKilled = "GATEPOST_COPY_KILLED"

// A copy that is killed anywhere is opened by nobody, and goes on where it was.
func TestCopyKilled(t *testing.T) {
	if from, to, is := strings.Cut(os.Getenv(copyKilled), "|"); is {
		_, err := Copy(t.Context(), from, to, CopyOptions{most: 1, Tell: func(step string, _, _ int64) {
			fmt.Println(step)
		}})
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	onServerOnly(t)
	file, server := everything(t), emptyServer(t, "copy_source")
	if _, err := Copy(t.Context(), file, server, CopyOptions{Tell: untold}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ from, to string }{
		"to PostgreSQL": {file, emptyServer(t, "copy_parts")},
		"to a file":     {server, filepath.Join(t.TempDir(), "parts.db")},
	} {
		killed := 0
		for killCopy(t, c.from, c.to, 1+killed*9) {
			killed++
			db, err := Open(c.to, Options{})
			if err == nil {
				err = db.Close()
			}
			if err == nil || !strings.Contains(err.Error(), "is a copy of") {
				t.Errorf("%s: a part of a copy is opened: %v", name, err)
			}
		}
		if killed < 4 {
			t.Errorf("%s: killed %d times", name, killed)
		}
		sameContents(t, name, c.from, c.to)
	}
}

// killCopy kills a copy after a number of steps. It reports false if it had come to its end.
func killCopy(t *testing.T, from, to string, steps int) bool {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestCopyKilled$")
	cmd.Env = append(os.Environ(), copyKilled+"="+from+"|"+to)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	for lines := bufio.NewScanner(out); lines.Scan(); steps-- {
		said.WriteString(lines.Text() + "\n")
		if steps == 0 {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err != nil && steps > 0 {
		t.Fatalf("%v: %s", err, said.String())
	}
	return cmd.ProcessState.ExitCode() != 0
}

// A connection that is lost ends the copy, which goes on with the next.
func TestCopyLosesItsConnection(t *testing.T) {
	onServerOnly(t)
	from, to := everything(t), emptyServer(t, "copy_lost")
	lost := false
	copyOn := func() error {
		_, err := Copy(t.Context(), from, to, CopyOptions{Tell: func(step string, done, _ int64) {
			if lost || step != "contents" || done < 2 {
				return
			}
			lost = true
			if err := storetest.Run(to, `select pg_terminate_backend(pid) from pg_stat_activity
				where datname = current_database() and pid <> pg_backend_pid()`); err != nil {
				t.Error(err)
			}
		}})
		return err
	}
	for range 3 {
		if err := copyOn(); err == nil {
			break
		}
	}
	if !lost {
		t.Error("nothing was cut off")
	}
	sameContents(t, "lost", from, to)
}

// What is in use, has something in it or is a part of another copy is refused and stays as it is.
func TestCopyRefuses(t *testing.T) {
	onServerOnly(t)
	file, served, filled := everything(t), everything(t), emptyServer(t, "copy_filled")
	if _, err := Copy(t.Context(), file, filled, CopyOptions{Tell: untold}); err != nil {
		t.Fatal(err)
	}
	part := emptyServer(t, "copy_part")
	ctx, cut := context.WithCancel(t.Context())
	_, err := Copy(ctx, file, part, CopyOptions{Tell: func(string, int64, int64) { cut() }})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	busy := emptyServer(t, "copy_busy")
	serving, err := Open(served, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer serving.Close()
	unlock, err := serving.Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	other, err := Open(busy, Options{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	unlockBusy, err := other.Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer unlockBusy()
	later := func(name string) string { return filepath.Join(t.TempDir(), name) }
	empty := emptyServer(t, "copy_empty")
	for name, c := range map[string]struct{ from, to, want string }{
		"two files":       {file, later("x.db"), "`gatepost backup`"},
		"not there":       {later("none.db"), empty, "not found"},
		"served":          {served, empty, "another server has"},
		"a busy target":   {file, busy, "a server has"},
		"a busy source":   {busy, later("x.db"), "a server has"},
		"something in it": {file, filled, "has something in it (table "},
		"the same":        {filled, filled, "both are postgres://"},
		"another's part":  {everything(t), part, "has a part of a copy of " + file},
		"of a part":       {part, later("x.db"), "it is a copy of " + file},
	} {
		_, err := Copy(t.Context(), c.from, c.to, CopyOptions{Tell: untold})
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	sameContents(t, "filled", file, filled)
}

// What was changed on either side since it was copied is found.
func TestCopyFindsChanges(t *testing.T) {
	onServerOnly(t)
	from, to := everything(t), emptyServer(t, "copy_changed")
	for _, change := range [][2]string{
		{"update messages set size = size + 1 where id = 1", "update messages set size = size - 1 where id = 1"},
		{"delete from threads", "insert into threads values (7, 3, 3)"},
		{"update contents set octets = 'other'", ""},
	} {
		changed := false
		_, err := Copy(t.Context(), from, to, CopyOptions{Tell: func(step string, done, total int64) {
			if step == "contents" && done == total && !changed {
				changed = true
				if err := storetest.Run(to, change[0]); err != nil {
					t.Error(err)
				}
			}
		}})
		if err == nil || !strings.Contains(err.Error(), "begin anew") {
			t.Errorf("%s: %v", change[0], err)
		}
		if err := storetest.Run(to, change[1]); err != nil {
			t.Error(err)
		}
	}
}

// Every table of either engine is copied, but for those that are of the engine.
func TestCopiesEveryTable(t *testing.T) {
	onServerOnly(t)
	file, err := Open(filepath.Join(t.TempDir(), "gatepost.db"), Options{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	server := open(t)
	all, err := commonTables(t.Context(), file, server.DB)
	if err != nil {
		t.Fatal(err)
	}
	copied := map[string]bool{}
	for _, table := range all {
		copied[table.name] = true
		if n, err := one(t.Context(), file, scanCount, "select count(*) from "+table.name); err != nil ||
			(n > 0) != slices.Contains(madeWithRows, table.name) {
			t.Errorf("a new table %s has %d rows, %v", table.name, n, err)
		}
	}
	for _, db := range []*DB{file, server.DB} {
		tables, err := tablesOf(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		for name := range tables {
			if copied[name] == slices.Contains(notCopied, name) {
				t.Errorf("table %s: copied is %t: have it on both engines, or name it in notCopied", name,
					copied[name])
			}
		}
	}
}
