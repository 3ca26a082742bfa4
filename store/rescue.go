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
	remainsMark  = ".remains-"
	asideMark    = ".replaced-"
)

// A Rescue is a database that was written out of open files which have no path any more, or of
// the second copy of one whose main file was written over.
type Rescue struct {
	Path     string // "" where the files are whole, be it in a folder that was moved
	Messages int    // whose contents are all there
	Missing  int    // contents that are nowhere any more
	Commands string // what an operator types to get the mail back, one line for sh(1)

	// Unsaved is how many of the last messages that were acknowledged are not in it.
	Unsaved int
	// Lost says why nothing but a backup has the mail any more, nil if it is rescued. At Path is
	// what remains then, for `gatepost doctor salvage`, and Commands make room for a backup.
	Lost error
}

// Rescue writes the database out of the open files, or the second copy, into a new one beside
// its path, with the large contents if their folder is not at its path. It is for after
// ErrReplaced, and for one caller. An error leaves nothing behind; it may be called again.
func (db *DB) Rescue(ctx context.Context) (r Rescue, err error) {
	db.writer.drain()
	over := db.writer.mirror.Load().wasWrittenOver()
	if !over && db.files.onlyLock() {
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
	write := db.writeOut
	if over {
		write = db.writeCopyOut
	}
	if err := write(ctx, temp, &r); err != nil {
		return r, errors.Join(err, temp.Close())
	}
	stamp := db.now().UTC().Format("20060102T150405.000Z")
	base, mark := filepath.Join(dir, filepath.Base(db.path)), rescuedMark
	if r.Lost != nil {
		mark = remainsMark
	}
	r.Path = base + mark + stamp
	if err := db.publish(temp.Name(), r.Path); err != nil {
		return r, err
	}
	r.Commands = commands(db.files.list[0].path, r.Path, stamp)
	if r.Lost != nil {
		r.Commands = makeRoom(db.files.list[0].path, stamp)
	}
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
	var was [5]int
	if err := scanCounts(db.writer.conn.QueryRowContext(ctx, countQuery), &was); err != nil {
		return err
	}
	return db.finish(ctx, temp, r, func(is [5]int) error {
		if was != is {
			return fmt.Errorf("what was written out has %v messages, held, tickets, ids and comments, "+
				"not %v", is, was)
		}
		return nil
	})
}

// finish has the copy on disk, reads all of it, and has right tell whether all is in it.
func (db *DB) finish(ctx context.Context, temp *os.File, r *Rescue,
	right func([5]int) error) error {
	if err := errors.Join(temp.Sync(), temp.Close()); err != nil {
		return err
	}
	copied, err := sql.Open("sqlite3", "file:"+escapePath(temp.Name())+"?"+
		url.Values{"mode": {"ro"}, "immutable": {"1"}}.Encode())
	if err != nil {
		return err
	}
	defer copied.Close()
	if err := verify(ctx, copied, r, right); err != nil {
		return err
	}
	return db.rescueContents(ctx, copied, contentDir(temp.Name()), r)
}

// countQuery counts what a copy must have as much of.
const countQuery = `select (select count(*) from messages), (select count(*) from suspended),
	(select count(*) from tickets), (select value from meta where name = 'sequence'),
	(select count(*) from comments)`

func scanCounts(row scanner, to *[5]int) error {
	return row.Scan(&to[0], &to[1], &to[2], &to[3], &to[4])
}

func verify(ctx context.Context, copied *sql.DB, r *Rescue, right func([5]int) error) error {
	var verdict string
	if err := copied.QueryRowContext(ctx, "pragma integrity_check(1)").Scan(&verdict); err != nil {
		return err
	}
	if verdict != "ok" {
		return fmt.Errorf("what was written out is damaged: %s", verdict)
	}
	var is [5]int
	if err := scanCounts(copied.QueryRowContext(ctx, countQuery), &is); err != nil {
		return err
	}
	r.Messages = is[0]
	return right(is)
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
	suffixes := databaseFiles()
	move := []string{"mv -T -- " + quote(rescued) + " " + quote(path)}
	if _, err := os.Lstat(contentDir(rescued)); err == nil {
		suffixes = append(suffixes, contentSuffix)
		move = append([]string{"mv -T -- " + quote(contentDir(rescued)) + " " +
			quote(contentDir(path))}, move...)
	}
	return strings.Join(append([]string{allAside(path, stamp, suffixes)}, move...), " && ")
}

// databaseFiles are the suffixes of the files of a database that SQLite has.
func databaseFiles() []string { return []string{"", "-wal", "-shm", "-journal"} }

// makeRoom moves all aside that a backup cannot be restored beside.
func makeRoom(path, stamp string) string {
	return allAside(path, stamp, append(databaseFiles(), contentSuffix))
}

func allAside(path, stamp string, suffixes []string) string {
	aside := quote(path + asideMark + stamp)
	all := []string{"mkdir -p -- " + aside}
	for _, suffix := range suffixes {
		all = append(all, moveAside(quote(path+suffix), aside))
	}
	return strings.Join(all, " && ")
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
