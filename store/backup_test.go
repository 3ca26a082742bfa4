package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// untold is the progress that nobody watches.
func untold(string, int64, int64) {}

// large is a body whose message is kept in a file.
func large(letter string) string { return strings.Repeat(letter, 2*inline) }

// A saved is a store with held messages, large and small, and a folder for its backup.
type saved struct {
	*fixture
	ctx context.Context
	dir string
	ids []int64 // of the messages: large, small, large
}

func newSaved(t *testing.T) *saved {
	s := &saved{fixture: open(t), ctx: context.Background(), dir: filepath.Join(t.TempDir(), "b")}
	s.rules("block", "*")
	for i, body := range []string{large("a"), "small", large("c")} {
		_, id := s.receive(mail("a@acme.test", fmt.Sprint("n", i), body))
		s.ids = append(s.ids, id)
	}
	return s
}

// backUp wants a summary of what was done.
func (s *saved) backUp(want string) {
	s.Helper()
	b, err := BackUp(s.ctx, s.path, s.dir, untold)
	s.told(want, b, err)
}

func (s *saved) told(want string, b Backup, err error) {
	s.Helper()
	got := fmt.Sprintf("%d messages: %d new, %d kept, %d removed, damaged %v", b.Messages, b.New,
		b.Kept, b.Removed, b.Damaged)
	if got != want || err != nil {
		s.Errorf("%s, %v, want %s", got, err, want)
	}
}

// verified wants the backup to be whole but for the contents of these messages.
func (s *saved) verified(messages int64, damaged ...int64) {
	s.Helper()
	b, err := VerifyBackup(s.ctx, s.dir, untold)
	if err != nil || b.Messages != messages || !slices.Equal(b.Damaged, damaged) {
		s.Errorf("verified %+v, %v, want %d messages, damaged %v", b, err, messages, damaged)
	}
}

// restored opens what is restored of the backup.
func (s *saved) restored(o RestoreOptions) *fixture {
	s.Helper()
	o.Progress = untold
	path := filepath.Join(s.TempDir(), "r.db")
	if _, err := Restore(s.ctx, s.dir, path, o); err != nil {
		s.Fatal(err)
	}
	return openAt(s.T, path)
}

func (s *saved) content(id int64) string {
	s.Helper()
	entry, err := s.Suspended(s.ctx, id)
	if err != nil {
		s.Fatal(err)
	}
	return contentName(entry.DecisionID)
}

// A backup of a database in use brings what is new, keeps what is whole, and removes what no
// message has any more; what is restored of it is the same byte for byte.
func TestBackUpAndRestore(t *testing.T) {
	s := newSaved(t)
	s.backUp("3 messages: 2 new, 0 kept, 0 removed, damaged []")
	_, id := s.receive(mail("b@acme.test", "more", large("d")))
	if _, err := s.editor().DeleteSuspended(s.ctx, s.ids[:1]); err != nil {
		t.Fatal(err)
	}
	s.backUp("3 messages: 1 new, 1 kept, 1 removed, damaged []")
	s.verified(3)
	s.private(s.dir)
	r := s.restored(RestoreOptions{})
	s.private(r.Dir())
	for _, id := range append(s.ids[1:], id) {
		if r.raw(id) != s.raw(id) {
			t.Errorf("message %d is another one", id)
		}
	}
	if r.text("block") != s.text("block") {
		t.Errorf("the blocklist is %s", r.text("block"))
	}
	unlock, err := r.Lock(s.ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := unlock(); err != nil {
		t.Error(err)
	}
	if _, id := r.receive(mail("b@acme.test", "after", "x")); id != 5 {
		t.Errorf("the next id is %d", id)
	}
}

// private wants files that their owner alone can read, and that share no block with others.
func (s *saved) private(dir string) {
	s.Helper()
	err := filepath.WalkDir(dir, func(name string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		links := info.Sys().(*syscall.Stat_t).Nlink
		if info.Mode().Perm()&0o077 != 0 || !entry.IsDir() && links != 1 {
			s.Errorf("%s has mode %v and %d links", name, info.Mode(), links)
		}
		return nil
	})
	if err != nil {
		s.Error(err)
	}
}

// A message that is deleted while its content is not copied yet is not in the backup.
func TestBackUpWhileMessagesAreDeleted(t *testing.T) {
	s := newSaved(t)
	if err := os.Remove(filepath.Join(s.Dir(), s.content(s.ids[0]))); err != nil {
		t.Fatal(err)
	}
	copies := 0
	b, err := BackUp(s.ctx, s.path, s.dir, func(step string, done, total int64) {
		if step != "database" || done < total {
			return
		}
		if copies++; copies == 1 {
			if _, err := s.editor().DeleteSuspended(s.ctx, s.ids[:1]); err != nil {
				t.Error(err)
			}
		}
	})
	s.told("2 messages: 1 new, 0 kept, 0 removed, damaged []", b, err)
	if copies != 2 {
		t.Errorf("the database was copied %d times", copies)
	}
	s.verified(2)
}

// What is written while the database is copied, page by page, is not in the copy, and does not
// have it begin anew.
func TestBackUpWhileMailComes(t *testing.T) {
	s := newSaved(t)
	for range 120 {
		s.receive(mail("a@acme.test", "x", strings.Repeat("y", 20000)))
	}
	steps := 0
	b, err := BackUp(s.ctx, s.path, s.dir, func(step string, _, _ int64) {
		if step == "database" {
			steps++
			s.receive(mail("b@acme.test", "meanwhile", strings.Repeat("z", 20000)))
		}
	})
	s.told("123 messages: 2 new, 0 kept, 0 removed, damaged []", b, err)
	if steps != 3 {
		t.Errorf("it was copied in %d steps", steps)
	}
	s.verified(123)
}

// A content that the store has lost, or that is damaged in one place, is taken from the other.
// Where it is nowhere the others have a backup all the same, and can be restored.
func TestBackUpOfDamagedContents(t *testing.T) {
	s := newSaved(t)
	s.backUp("3 messages: 2 new, 0 kept, 0 removed, damaged []")
	live := filepath.Join(s.Dir(), s.content(s.ids[0]))
	kept := filepath.Join(s.dir, backupContents, filepath.Base(live))
	spoil := func(name string) {
		if err := os.WriteFile(name, []byte("spoilt"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	spoil(kept)
	s.verified(3, s.ids[0])
	s.backUp("3 messages: 1 new, 1 kept, 0 removed, damaged []")
	spoil(live)
	s.backUp("3 messages: 0 new, 2 kept, 0 removed, damaged []")
	spoil(kept)
	s.backUp(fmt.Sprintf("3 messages: 0 new, 1 kept, 0 removed, damaged [%d]", s.ids[0]))
	s.script(fmt.Sprintf("update messages set raw = x'00' where id = %d", s.ids[1]))
	s.backUp("3 messages: 0 new, 1 kept, 0 removed, damaged [1 2]")
	s.verified(3, s.ids[:2]...)
	path := filepath.Join(t.TempDir(), "r.db")
	_, err := Restore(s.ctx, s.dir, path, RestoreOptions{Progress: untold})
	if !errors.Is(err, ErrIncomplete) {
		t.Errorf("%v", err)
	}
	for _, suffix := range []string{"", contentSuffix, restoringMark} {
		if _, err := os.Lstat(path + suffix); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s was made", path+suffix)
		}
	}
	r := s.restored(RestoreOptions{Incomplete: true})
	if r.raw(s.ids[2]) != s.raw(s.ids[2]) {
		t.Error("what was whole is not")
	}
	if _, err := r.Raw(s.ctx, s.ids[0]); !errors.Is(err, ErrContentGone) {
		t.Errorf("a content that is not what was received is shown: %v", err)
	}
}

// What an interrupted backup has left is cleared away by the next, which fails as long as the
// database is damaged, and the last one stays.
func TestBackUpKeepsTheLast(t *testing.T) {
	s := newSaved(t)
	s.backUp("3 messages: 2 new, 0 kept, 0 removed, damaged []")
	for _, left := range append(unfinished(), "contents/new-1") {
		if err := os.WriteFile(filepath.Join(s.dir, left), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(s.ctx)
	_, err := BackUp(ctx, s.path, s.dir, func(string, int64, int64) { stop() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	forget(t, s.path, "sqlite_autoindex_messages_1", "messages",
		"update messages set decision_id = 'x' || decision_id")
	_, err = BackUp(s.ctx, s.path, s.dir, untold)
	if err == nil || !strings.Contains(err.Error(), "damaged (row 1 missing from index") {
		t.Errorf("%v", err)
	}
	s.verified(3)
	if entries, err := os.ReadDir(s.dir); err != nil || len(entries) != 3 {
		t.Errorf("%v, %v", entries, err)
	}
}

// Folders that are not for backups are refused, and left as they are.
func TestBackUpRefuses(t *testing.T) {
	s := newSaved(t)
	other := t.TempDir()
	if err := os.WriteFile(filepath.Join(other, "mine"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	lookalike := t.TempDir()
	if err := os.Mkdir(filepath.Join(lookalike, backupContents), 0o700); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(filepath.Dir(s.path), link); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{
		filepath.Dir(s.path):                    "is the folder of the database itself",
		link:                                    "is the folder of the database itself",
		s.Dir():                                 "is in the folder of the database's contents",
		filepath.Join(s.Dir(), "b"):             "is in the folder of the database's contents",
		other:                                   "has something else in it (mine)",
		lookalike:                               "has something else in it (contents",
		filepath.Join(other, "mine"):            "not a directory",
		filepath.Join(other, "absent", "below"): "no such file",
	} {
		_, err := BackUp(s.ctx, s.path, dir, untold)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", dir, err, want)
		}
	}
	if err := checkRoom(other, 1<<60); err == nil || !strings.Contains(err.Error(), "make room") {
		t.Errorf("a disk that is too small: %v", err)
	}
	if _, err := VerifyBackup(s.ctx, other, untold); err == nil ||
		!strings.Contains(err.Error(), "there is no backup in") {
		t.Errorf("%v", err)
	}
	s.backUp("3 messages: 2 new, 0 kept, 0 removed, damaged []")
	f, err := lockBackup(s.dir, os.O_RDONLY, syscall.LOCK_SH)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := BackUp(s.ctx, s.path, s.dir, untold); err == nil ||
		!strings.Contains(err.Error(), "is being made, or used") {
		t.Errorf("two at once: %v", err)
	}
	s.verified(3)
}

// A backup is restored where nothing is and no server runs, and nowhere else.
func TestRestoreRefuses(t *testing.T) {
	s := newSaved(t)
	s.backUp("3 messages: 2 new, 0 kept, 0 removed, damaged []")
	unlock, err := s.Lock(s.ctx)
	if err != nil {
		t.Fatal(err)
	}
	refuses := func(path, want string) {
		t.Helper()
		_, err := Restore(s.ctx, s.dir, path, RestoreOptions{Progress: untold})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	refuses(s.path, "another server has")
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	refuses(s.path, "is there, and nothing is overwritten")
	refuses(filepath.Join(t.TempDir(), "none", "x.db"), "make its folder")
	for _, suffix := range []string{"-wal", "-shm", "-journal", contentSuffix + "/x.eml"} {
		path := filepath.Join(t.TempDir(), "x.db")
		if err := errors.Join(os.MkdirAll(filepath.Dir(path+suffix), 0o700),
			os.WriteFile(path+suffix, nil, 0o600)); err != nil {
			t.Fatal(err)
		}
		refuses(path, "is there, and nothing is overwritten")
	}
	copied := filepath.Join(s.dir, backupDatabase)
	for change, want := range map[string]string{
		"pragma user_version = 99":  "layout 99 is newer than the newest this program knows",
		"pragma application_id = 7": "another program",
	} {
		before, err := os.ReadFile(copied)
		if err != nil {
			t.Fatal(err)
		}
		runSQL(t, copied, change)
		refuses(filepath.Join(t.TempDir(), "x.db"), want)
		if err := os.WriteFile(copied, before, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.verified(3)
}

// A backup of an older layout is made without bringing the database up to date, restored as it
// is, and brought up to date where it is opened.
func TestBackUpOfTheFirstLayout(t *testing.T) {
	s := &saved{fixture: &fixture{T: t}, ctx: context.Background(),
		dir: filepath.Join(t.TempDir(), "b")}
	path := firstLayout(t)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := BackUp(s.ctx, path, s.dir, untold); err != nil {
		t.Fatal(err)
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("the database was changed, %v", err)
	}
	r := s.restored(RestoreOptions{Incomplete: true}) // it has no sums
	r.checkBalance("restored", "11 accepted; 2 tickets, 2 held, 7 rejected, 0 deleted, 0 expired")
}

// runSQL does to a database what no program of ours would.
func runSQL(t *testing.T, path, script string) {
	t.Helper()
	db, err := sql.Open("sqlite3", path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.Exec(script)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}
