package courier

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/iotest"

	"gatepost/mailfile"
)

func newMaildir(t *testing.T, c MaildirConfig) *Maildir {
	t.Helper()
	m, err := NewMaildir(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

// inFolder are the messages of a maildir, as mailfile reads them, and that nothing is in tmp.
func inFolder(t *testing.T, dir string) (messages []string) {
	t.Helper()
	if left, err := os.ReadDir(filepath.Join(dir, "tmp")); err != nil || len(left) > 0 {
		t.Errorf("in tmp: %v, %v", left, err)
	}
	found, err := mailfile.Find([]string{dir}, func(path, why string) {
		if path != filepath.Join(dir, "tmp") {
			t.Errorf("%s: %s", path, why)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range found.Files {
		for entry, err := range file.Messages() {
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(entry.OnWire())
			if err != nil {
				t.Fatal(err)
			}
			messages = append(messages, string(text))
		}
	}
	return messages
}

// TestMaildir makes the folders, whatever the umask is, and puts a message there once.
func TestMaildir(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o077))
	dir := filepath.Join(t.TempDir(), "support")
	m := newMaildir(t, MaildirConfig{Path: dir, Create: true, FileMode: 0o640, FolderMode: 0o750})
	p := mailOf(mail)
	r := m.Carry(context.Background(), p, nil)
	if r.Outcome != Done || !regexp.MustCompile(`^new/1795946400\.K[0-9a-f]{32}\.gatepost$`).MatchString(r.Said) {
		t.Fatalf("%+v", r)
	}
	want := "Return-Path: <sam@bounce.test>\r\n" + mail
	if got := inFolder(t, dir); len(got) != 1 || got[0] != want {
		t.Errorf("%q, want %q", got, want)
	}
	for name, want := range map[string]fs.FileMode{"": 0o750, "tmp": 0o750, "new": 0o750, "cur": 0o750,
		r.Said: 0o640} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%q: mode %v, %v, want %v", name, info.Mode().Perm(), err, want)
		}
	}
}

// TestMaildirTakesAKeyOnce: in new, in cur with and without flags, and several at once.
func TestMaildirTakesAKeyOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "support")
	m := newMaildir(t, MaildirConfig{Path: dir, Create: true})
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if r := m.Carry(context.Background(), mailOf(mail), nil); r.Outcome != Done {
				t.Errorf("%+v", r)
			}
		})
	}
	all.Wait()
	again := func(where string, p *Parcel, want int) {
		t.Helper()
		if r := m.Carry(context.Background(), p, nil); r.Outcome != Done ||
			strings.HasSuffix(r.Said, "is there already") == (want > 1) {
			t.Errorf("%s: %+v", where, r)
		}
		if got := inFolder(t, dir); len(got) != want {
			t.Errorf("%s: %d messages, want %d", where, len(got), want)
		}
	}
	again("in new", mailOf(mail), 1)
	name := filepath.Base(newFile(t, dir))
	move(t, dir, "new/"+name, "cur/"+name)
	again("seen", mailOf(mail), 1)
	move(t, dir, "cur/"+name, "cur/"+name+":2,FRS")
	again("answered", mailOf(mail), 1)
	other := mailOf(mail)
	other.Key += "2"
	again("another key", other, 2)
}

func newFile(t *testing.T, dir string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "new", "*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%q, %v", files, err)
	}
	return files[0]
}

func move(t *testing.T, dir, from, to string) {
	t.Helper()
	if err := os.Rename(filepath.Join(dir, from), filepath.Join(dir, to)); err != nil {
		t.Fatal(err)
	}
}

// TestMaildirThatIsNotThere pauses the target; a message that cannot be read does not, and leaves
// nothing.
func TestMaildirThatIsNotThere(t *testing.T) {
	base := t.TempDir()
	file, good := filepath.Join(base, "file"), filepath.Join(base, "good")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"tmp", "new", "cur"} {
		if err := os.MkdirAll(filepath.Join(good, folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	torn := func() (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(strings.NewReader(mail),
			iotest.ErrReader(&fs.PathError{Op: "read", Path: "content", Err: fs.ErrNotExist}))), nil
	}
	absent := func() (io.ReadCloser, error) { return nil, fs.ErrNotExist }
	full := func() (io.ReadCloser, error) { return nil, errors.New("no such row") }
	for _, test := range []struct {
		name   string
		config MaildirConfig
		open   func() (io.ReadCloser, error)
		pause  bool
		said   string
	}{
		{"absent", MaildirConfig{Path: base + "/absent"}, nil, true, "or set create"},
		{"above it is absent", MaildirConfig{Path: base + "/absent/a", Create: true}, nil, true,
			"make the folder that it is to be in"},
		{"a file", MaildirConfig{Path: file}, nil, true, "set path to a folder"},
		{"a file, made", MaildirConfig{Path: file, Create: true}, nil, true, "set path to a folder"},
		{"torn", MaildirConfig{Path: good}, torn, false, "read the message"},
		{"no content", MaildirConfig{Path: good}, absent, false, "open the message"},
		{"no row", MaildirConfig{Path: good}, full, false, "no such row"},
	} {
		p := mailOf(mail)
		if test.open != nil {
			p.Open = test.open
		}
		r := newMaildir(t, test.config).Carry(context.Background(), p, nil)
		if r.Outcome != Retry || r.Pause != test.pause || !strings.Contains(r.Said, test.said) {
			t.Errorf("%s: %+v, want pause %v, said %q", test.name, r, test.pause, test.said)
		}
	}
	ctx, end := context.WithCancel(context.Background())
	end()
	r := newMaildir(t, MaildirConfig{Path: good}).Carry(ctx, mailOf(mail), nil)
	if r.Outcome != Retry || r.Pause {
		t.Errorf("ended: %+v", r)
	}
	for _, folder := range []string{"tmp", "new", "cur"} {
		if left, err := os.ReadDir(filepath.Join(good, folder)); err != nil || len(left) > 0 {
			t.Errorf("%s: %v, %v", folder, left, err)
		}
	}
}

// TestMaildirDialogue and the line ends of Unix.
func TestMaildirDialogue(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "support")
	m := newMaildir(t, MaildirConfig{Path: dir, Create: true,
		Wrapping: Wrapping{UnixEnds: true, WithoutReturnPath: true}})
	var said strings.Builder
	r := m.Carry(context.Background(), mailOf(mail), &said)
	if want := "* " + r.Said + "\n"; said.String() != want {
		t.Errorf("%q, want %q", said.String(), want)
	}
	got, err := os.ReadFile(newFile(t, dir))
	if want := strings.ReplaceAll(mail, "\r\n", "\n"); err != nil || string(got) != want {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
}

func TestMaildirSettings(t *testing.T) {
	for _, test := range []struct {
		config MaildirConfig
		want   string
	}{
		{MaildirConfig{}, "path: \"\" does not begin at the root"},
		{MaildirConfig{Path: "mail"}, "write it as in /var/mail/support"},
		{MaildirConfig{Path: "/m", FileMode: 0o755}, "file_mode: 0755 is no mode of a message"},
		{MaildirConfig{Path: "/m", FileMode: 0o440}, "file_mode: 0440"},
		{MaildirConfig{Path: "/m", FolderMode: 0o600}, "folder_mode: 0600 is no mode of a folder"},
		{MaildirConfig{Path: "/m", FolderMode: 0o750 | fs.ModeSticky}, "folder_mode: "},
	} {
		if _, err := NewMaildir(test.config); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v, want %q", err, test.want)
		}
	}
}
