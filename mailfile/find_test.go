package mailfile

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What is no mail is an error that names it, wherever it lies and whatever it is called.
func TestForeignFormatIsNoMail(t *testing.T) {
	for start, want := range map[string]string{"\x1f\x8b\x08": "gzip", "PK\x03\x04": "zip",
		"!BDN": "pst", "\x01\x01\x01\x01\nFrom: a@b.test\n": "MMDF", "BABYL OPTIONS:\n": "Babyl",
		"SQLite format 3\x00": "SQLite", "\xcf\xad\x12\xfe": "dbx", "BZh9": "bzip2",
		"2 M1e C4f1a2b3c\n\x01\x02N                 00000000000000a1\nFrom: a@b.test\n\n": "dbox",
		"2 I0 M1e C4f1a2b3c \n": "dbox", "#! rnews 12\n": "rnews", "*mbx*\r\n": "mbx",
		"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "msg", "BEGIN:VCARD\nVERSION:4.0\n": "vCard",
		"\xff\xfeF\x00r\x00": "UTF-16", "\xfe\xff\x00F\x00r": "UTF-16",
		"\x1f\x9d\x90": "compress", "Rar!\x1a\x07": "rar",
		"a.eml" + strings.Repeat("\x00", 252) + "ustar": "tar"} {
		for _, name := range []string{"a.eml", "a.mbox", "a", "cur/a"} {
			dir := t.TempDir()
			for _, sub := range []string{"cur", "new"} {
				if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			path := filepath.Join(dir, name)
			if err := os.WriteFile(path, []byte(start), 0o600); err != nil {
				t.Fatal(err)
			}
			if filepath.Dir(name) == "cur" {
				path = dir
			}
			w, err := Find([]string{path}, func(string, string) {})
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s with %q: %v, %v; want an error about %s", name, start, w, err, want)
			}
		}
	}
}

// What is packed is found in a folder as if it were not; what else is packed is left out.
func TestFindPackedMail(t *testing.T) {
	dir := t.TempDir()
	for _, sub := range []string{"box/cur", "box/new", "mh"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	message := "From: ann@a.test\nSubject: hi\n\nhi\n"
	for name, text := range map[string]string{"one.eml.gz": message, "packed.eml": message,
		"mail.mbox.gz": dated("{a}\n" + message + "\n{b}\n" + message), "mh/1.gz": message,
		"2026-October.txt.gz": dated("{a}\n" + message), "box/cur/1.host,S=52:2,S": message,
		"4711.emlx.gz": "33\n" + message + "<?xml?>", "notes.txt.gz": "nothing\n",
		"all.tar.gz": "one.eml" + strings.Repeat("\x00", 250) + "ustar"} {
		writeGzip(t, filepath.Join(dir, name), 1, []byte(text))
	}
	if err := os.WriteFile(filepath.Join(dir, "bad.gz"), []byte(gzipMark), 0o600); err != nil {
		t.Fatal(err)
	}
	left := map[string]string{}
	w, err := Find([]string{dir}, func(path, why string) { left[filepath.Base(path)] = why })
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	var read, octets int64
	for m, err := range w.Messages(func(done, total int64) {
		if done < read || done > total {
			t.Errorf("%d octets of %d are read behind %d", done, total, read)
		}
		read, octets = done, total
	}) {
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(m.Entry.OnWire())
		if want := strings.ReplaceAll(message, "\n", "\r\n"); err != nil || string(raw) != want {
			t.Errorf("%s: %q, %v; want %q", m.File.Path, raw, err, want)
		}
		n++
	}
	if read != octets || octets == 0 {
		t.Errorf("%d octets of %d are read in the end", read, octets)
	}
	if n != 8 || len(left) != 3 || w.Others != 3 || left["all.tar.gz"] != "a tar archive: unpack it" ||
		left["bad.gz"] != "gzip that cannot be unpacked" || left["notes.txt.gz"] == "" {
		t.Errorf("%d messages, left out: %q", n, left)
	}
}

// A sender can write what a tar archive has at its mark, but not at the start of the file: one
// such message must not keep the mail beside it from being read.
func TestMailIsNoTar(t *testing.T) {
	for _, start := range []string{"Return-Path: <a@b.test>\n", "4711\n",
		mboxMark + "a@b.test Mon Oct  5 09:00:00 2026\n"} {
		dir := t.TempDir()
		text := start + "From: a@b.test\nX-Mark: "
		text += strings.Repeat("x", tarAt-len(text)) + "ustar\x00\n\nhi\n"
		for _, name := range []string{"a.eml", "Inbox", "cur/a"} {
			path := filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Join(filepath.Dir(path), "new"), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if s, err := readStart(path); err != nil || s.foreign() != "" {
				t.Errorf("%s begins with %q and is no mail (%v)", name, start, err)
			}
		}
		if _, err := Find([]string{dir}, func(string, string) {}); err != nil {
			t.Errorf("%q: %v", start, err)
		}
	}
}

// The mark that editors and exports put before a text in UTF-8 is the file's, and its sender
// never sent it.
func TestMessageBehindAMark(t *testing.T) {
	const message = "From: ann@a.test\r\nSubject: hi\r\n\r\nhi\r\n"
	for start, want := range map[string]string{byteOrderMark: message,
		byteOrderMark + mboxMark + "ann@a.test Mon Oct  5 09:00:00 2026\r\n": message,
		byteOrderMark + byteOrderMark:                                        byteOrderMark + message,
		"\xef\xbb":                                                           "\xef\xbb" + message} {
		path := filepath.Join(t.TempDir(), "a.eml")
		if err := os.WriteFile(path, []byte(start+message), 0o600); err != nil {
			t.Fatal(err)
		}
		w, err := Find([]string{path}, func(string, string) {})
		if err != nil {
			t.Fatal(err)
		}
		for p, err := range w.Files[0].Messages() {
			if err != nil {
				t.Fatal(err)
			}
			if raw, err := io.ReadAll(p.OnWire()); err != nil || string(raw) != want {
				t.Errorf("behind %q: %q, %v; want %q", start, raw, err, want)
			}
		}
	}
}
