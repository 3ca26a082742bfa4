package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// What the names of a rescued database, and of one that is not finished, have behind that of
// the database.
const (
	rescuedMark  = ".rescued-"
	rescuingMark = ".rescuing-"
	asideMark    = ".replaced-"
)

// A Rescue is a database that was written out of open files which have no path any more.
type Rescue struct {
	Path     string // "" where the files are whole, be it in a folder that was moved
	Messages int    // whose contents are all there
	Missing  int    // contents that are nowhere any more
	Commands string // what an operator types to get the mail back, one line for sh(1)
}

// Rescue writes the database out of the open files into a new one beside its path, with the
// large contents if their folder is not at its path. It is for after ErrReplaced, and for one
// caller. An error leaves nothing behind; it may be called again.
func (db *DB) Rescue(ctx context.Context) (r Rescue, err error) {
	db.writer.drain()
	if db.files.onlyLock() {
		return r, nil
	}
	if folder := db.files.movedFolder(); folder != "" {
		dir := filepath.Dir(db.files.list[0].path)
		return Rescue{Commands: "mv -T -- " + quote(folder) + " " + quote(dir)}, nil
	}
	dir, err := db.rescueFolder()
	if err != nil {
		return r, err
	}
	temp, err := os.CreateTemp(dir, filepath.Base(db.path)+rescuingMark)
	if err != nil {
		return r, err
	}
	defer func() {
		err = errors.Join(err, os.Remove(temp.Name()), os.RemoveAll(contentDir(temp.Name())))
	}()
	if err := db.writeOut(ctx, temp, &r); err != nil {
		return r, errors.Join(err, temp.Close())
	}
	stamp := db.now().UTC().Format("20060102T150405.000Z")
	base := filepath.Join(dir, filepath.Base(db.path))
	r.Path = base + rescuedMark + stamp
	if err := db.publish(temp.Name(), r.Path); err != nil {
		return r, err
	}
	r.Commands = commands(db.files.list[0].path, r.Path, stamp)
	return r, syncDir(dir)
}

// onlyLock reports whether nothing but the lock is gone.
func (f *files) onlyLock() bool {
	for i := range f.list {
		there, err := f.list[i].there()
		if f.list[i].suffix != lockSuffix && (!there || err != nil) {
			return false
		}
	}
	return true
}

// movedFolder is where all the files are, if they were moved as one and nothing took their
// place; else "".
func (f *files) movedFolder() string {
	dir := filepath.Dir(f.list[0].path)
	if _, err := os.Lstat(dir); !errors.Is(err, os.ErrNotExist) {
		return ""
	}
	folder := filepath.Dir(f.list[0].now())
	for i := range f.list {
		o := &f.list[i]
		if o.now() != filepath.Join(folder, filepath.Base(o.path)) {
			return ""
		}
	}
	return folder
}

// rescueFolder is where a rescued database can be made: beside the path of the old one, which
// is made anew if it is missing, or where the contents are.
func (db *DB) rescueFolder() (string, error) {
	dir := filepath.Dir(db.files.list[0].path)
	err := os.MkdirAll(dir, 0o700)
	if err == nil {
		if err = unixAccess(dir); err == nil {
			return dir, nil
		}
	}
	if now := db.files.of(contentSuffix).now(); now != "" && unixAccess(filepath.Dir(now)) == nil {
		return filepath.Dir(now), nil
	}
	return "", fmt.Errorf("no folder for the rescued database: make %s and let this user write "+
		"in it: %w", dir, err)
}

// writeOut has SQLite copy what it has open, and holds the copy against it.
func (db *DB) writeOut(ctx context.Context, temp *os.File, r *Rescue) error {
	_, err := db.writer.conn.ExecContext(ctx, "vacuum into ?1", temp.Name())
	if err != nil {
		return fmt.Errorf("write the database out: %w", err)
	}
	if err := errors.Join(temp.Sync(), temp.Close()); err != nil {
		return err
	}
	copied, err := sql.Open("sqlite3", "file:"+escapePath(temp.Name())+"?"+
		url.Values{"mode": {"ro"}, "immutable": {"1"}}.Encode())
	if err != nil {
		return err
	}
	defer copied.Close()
	if err := db.verify(ctx, copied, r); err != nil {
		return err
	}
	return db.rescueContents(ctx, copied, contentDir(temp.Name()), r)
}

// countQuery counts what a copy must have as much of.
const countQuery = `select (select count(*) from messages), (select count(*) from suspended),
	(select count(*) from tickets), (select value from meta where name = 'sequence')`

func (db *DB) verify(ctx context.Context, copied *sql.DB, r *Rescue) error {
	var verdict string
	if err := copied.QueryRowContext(ctx, "pragma integrity_check(1)").Scan(&verdict); err != nil {
		return err
	}
	if verdict != "ok" {
		return fmt.Errorf("what was written out is damaged: %s", verdict)
	}
	var was, is [4]int
	for _, c := range []struct {
		row scanner
		to  *[4]int
	}{{db.writer.conn.QueryRowContext(ctx, countQuery), &was},
		{copied.QueryRowContext(ctx, countQuery), &is}} {
		if err := c.row.Scan(&c.to[0], &c.to[1], &c.to[2], &c.to[3]); err != nil {
			return err
		}
	}
	if was != is {
		return fmt.Errorf("what was written out has %v messages, held, tickets and ids, not %v",
			is, was)
	}
	r.Messages = is[0]
	return nil
}

// rescueContents gives the large contents a second name beside the copy, or copies them, if
// their folder is not at its path. Those that came after it was moved are at its path.
func (db *DB) rescueContents(ctx context.Context, copied *sql.DB, dir string, r *Rescue) error {
	open := db.files.of(contentSuffix)
	if there, err := open.there(); there || err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	rows, err := copied.QueryContext(ctx, `select decision_id from messages where raw is null`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return err
		}
		switch err := rescueContent(open, dir, contentName(id)); {
		case errors.Is(err, os.ErrNotExist):
			r.Missing++
		case err != nil:
			return fmt.Errorf("large content: %w", err)
		}
	}
	return errors.Join(rows.Err(), syncDir(dir))
}

func rescueContent(open *openFile, dir, name string) error {
	from := fmt.Sprintf("/proc/self/fd/%d/%s", open.file.Fd(), name)
	if _, err := os.Lstat(from); errors.Is(err, os.ErrNotExist) {
		from = filepath.Join(open.path, name)
	}
	if os.Link(from, filepath.Join(dir, name)) == nil {
		return nil
	}
	in, err := os.Open(from) // on another file system
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}

// publish gives the copy its name, which nothing has. The folder of contents comes first, so
// that a database of that name is whole.
func (db *DB) publish(temp, name string) error {
	dir := filepath.Dir(name)
	err := ignoreAbsent(os.Rename(contentDir(temp), contentDir(name)))
	return errors.Join(err, os.Link(temp, name), giveTo(name, dir),
		ignoreAbsent(giveTo(contentDir(name), dir)))
}

// commands move what is at the path aside, and the rescued in its place. An old write-ahead
// log must not stay: SQLite would write it into the rescued database. No double quotation mark
// or backslash is in them, which a log of text would escape.
func commands(path, rescued, stamp string) string {
	aside := quote(path + asideMark + stamp)
	all := []string{"mkdir -p -- " + aside}
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		all = append(all, moveAside(quote(path+suffix), aside))
	}
	if _, err := os.Lstat(contentDir(rescued)); err == nil {
		all = append(all, moveAside(quote(contentDir(path)), aside),
			"mv -T -- "+quote(contentDir(rescued))+" "+quote(contentDir(path)))
	}
	return strings.Join(append(all, "mv -T -- "+quote(rescued)+" "+quote(path)), " && ")
}

func moveAside(file, aside string) string {
	return "{ [ ! -e " + file + " ] || mv -- " + file + " " + aside + "; }"
}

// quote quotes a word for sh(1), if it needs that.
func quote(word string) string {
	if strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-") == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// checkRescued refuses to serve, or to make, a database whose mail was rescued and not yet put
// back: what is taken meanwhile would have to be put together with it by hand.
func checkRescued(path string) error {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return err
	}
	for _, entry := range entries {
		stamp, ok := strings.CutPrefix(entry.Name(), filepath.Base(path)+rescuedMark)
		if !ok || !entry.Type().IsRegular() || strings.HasSuffix(stamp, "-wal") ||
			strings.HasSuffix(stamp, "-shm") || strings.HasSuffix(stamp, "-journal") {
			continue
		}
		if whole, err := filepath.Abs(path); err == nil {
			path = whole
		}
		rescued := path + rescuedMark + stamp
		return fmt.Errorf("the mail of %s was rescued into %s and is not back yet: put it back "+
			"with `%s`, or, to do without it, move the latter to another folder", path, rescued,
			commands(path, rescued, stamp))
	}
	return nil
}
