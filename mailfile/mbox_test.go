package mailfile

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// dated spells From_ lines with a date where {a} stands.
func dated(mbox string) string {
	for _, sender := range []string{"a", "b", "d"} {
		mbox = strings.ReplaceAll(mbox, "{"+sender+"}",
			"From "+sender+"@x.test Mon Oct  5 09:00:00 2026")
	}
	return mbox
}

// parts are the messages of an mbox file.
func parts(t testing.TB, mbox string) (all []string) {
	t.Helper()
	err := partMbox(strings.NewReader(mbox), int64(len(mbox)), func(p *Entry) bool {
		p.unix = false // as it lies there
		raw, err := io.ReadAll(p.OnWire())
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(raw))
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestPartMbox(t *testing.T) {
	for _, c := range []struct {
		why, mbox string
		want      []string
	}{
		{"nothing", "", nil},
		{"a separator and nothing else", "{a}\n", []string{""}},
		{"the first of a file bears no date", "From a\nA: b\n", []string{"A: b\n"}},
		{"one message, no blank line at its end", "{a}\nA: b\n\nc\n", []string{"A: b\n\nc\n"}},
		{"the blank line between two is the file's", "{a}\nA: b\n\nc\n\n{d}\nE: f\n\ng\n\n",
			[]string{"A: b\n\nc\n", "E: f\n\ng\n"}},
		{"a blank line of the message stays", "{a}\nA: b\n\nc\n\n\n{d}\n\n",
			[]string{"A: b\n\nc\n\n", "\n"}},
		{"From within a paragraph parts nothing", "{a}\nA: b\n\nc\nFrom here on\n",
			[]string{"A: b\n\nc\nFrom here on\n"}},
		{"nor does one behind a blank line, without a date", "{a}\nA: b\n\nFrom here on it was\n\nc\n",
			[]string{"A: b\n\nFrom here on it was\n\nc\n"}},
		{"no blank line before, but a header behind",
			"{a}\nA: b\n\nc\n{d}\nTo: f\nFrom: e\n\ng\n",
			[]string{"A: b\n\nc\n", "To: f\nFrom: e\n\ng\n"}},
		{"nor a field behind it", "{a}\nA: b\n\nc\n{d}\nFrom: e\nNote this.\n",
			[]string{dated("A: b\n\nc\n{d}\nFrom: e\nNote this.\n")}},
		{"neither is text", "{a}\nA: b\n\nc\n{d}\nand so on\n",
			[]string{dated("A: b\n\nc\n{d}\nand so on\n")}},
		{"one > is taken off, however many there are",
			"{a}\n\n>From x\n>>>From y\n> From z\n>Fromage\n",
			[]string{"\nFrom x\n>>From y\n> From z\n>Fromage\n"}},
		{"line ends of the wire", "{a}\r\nA: b\r\n\r\nc\r\n\r\n{d}\r\nE: f\r\n\r\ng",
			[]string{"A: b\r\n\r\nc\r\n", "E: f\r\n\r\ng"}},
		{"a From field is no separator", "{a}\nA: b\n\nFrom: c\n", []string{"A: b\n\nFrom: c\n"}},
	} {
		t.Run(c.why, func(t *testing.T) {
			if got := parts(t, dated(c.mbox)); !slices.Equal(got, c.want) {
				t.Errorf("%q parts into %q; want %q", c.mbox, got, c.want)
			}
		})
	}
}

// Where all messages have a Content-Length a body that is as long as it says is not read:
// whatever it holds is its own.
func TestPartMboxByLength(t *testing.T) {
	body := dated("c\n\n{b}\nFrom: b@x.test\n\n>From x\n")
	for _, c := range []struct {
		why, field, behind string
		want               int
	}{
		{"a message behind a blank line", "Content-Length: 66", "\n{d}\nContent-Length: 2\n\ng\n", 2},
		{"a message at once", "content-length:66 ", "{d}\nContent-Length: 2\n\ng\n", 2},
		{"the end", "Content-Length: 66", "", 1},
		{"the end behind a blank line", "Content-Length: 66", "\n", 1},
		{"twice the same", "Content-Length: 66\nContent-Length: 66", "\n{d}\nContent-Length: 2\n\ng\n", 2},
		{"two lengths", "Content-Length: 66\nContent-Length: 2", "\n{d}\nE: f\n\ng\n", 3},
		{"a message that has none", "Content-Length: 66", "\n{d}\nE: f\n\ng\n", 3},
		{"one too short", "Content-Length: 60", "\n{d}\nE: f\n\ng\n", 3},
		{"one too long", "Content-Length: 6600", "\n{d}\nE: f\n\ng\n", 3},
		{"no number", "Content-Length: -1", "\n{d}\nE: f\n\ng\n", 3},
		{"too large a number", "Content-Length: 99999999999999999999", "\n{d}\nE: f\n\ng\n", 3},
	} {
		t.Run(c.why, func(t *testing.T) {
			if len(body) != 66 {
				t.Fatalf("the body has %d octets", len(body))
			}
			message := "A: b\n" + c.field + "\n\n" + body
			got := parts(t, dated("{a}\n"+message+c.behind))
			if len(got) != c.want || c.want < 3 && got[0] != message {
				t.Errorf("parts into %q; want %d messages, the first %q", got, c.want, message)
			}
		})
	}
}

func TestFromLine(t *testing.T) {
	for _, line := range []string{
		"From ann@a.test Mon Oct  5 09:00:00 2026", // RFC 4155
		"From ann@a.test  Mon Oct 05 09:00:00 2026 +0200",
		"From 1234567890 Mon Sep 17 00:00:00 2001", // git
		"From - Mon Oct 05 09:00:00 2026",          // Thunderbird
		"From 123@xxx Mon Oct 05 09:00:00 +0000 2026",
		"From ann Mon Oct  5 09:00 2026",
		"From ann Mon Oct  5 09:00:00 MET DST 2026 remote from mx",
		"From ann at a.test  Mon Oct  5 09:00:00 2026", // Mailman
		`From "ann b"@a.test Mon Oct  5 09:00:00 2026`,
		"From ann@a.test Mon, 5 Oct 2026 09:00:00 +0200",
		"From Mon Oct  5 09:00:00 2026",
	} {
		if !beginsMessage([]byte(line + "\n")) {
			t.Errorf("%s: no message begins", line)
		}
	}
	for _, line := range []string{"From the start it was so.", "From Monday on", "From: ann@a.test",
		"From ann and ben on Mon Oct  5 09:00:00 2026", ">From a Mon Oct  5 09:00:00 2026",
		"From ann@a.test Mon Oct  5 09:00:00 2026 we met", "From a Mon Oct 5 2026"} {
		if beginsMessage([]byte(line + "\n")) {
			t.Errorf("%s: a message begins", line)
		}
	}
}

func TestPartMboxStops(t *testing.T) {
	n, mbox := 0, dated("{a}\n\n{b}\n\n{d}\n")
	err := partMbox(strings.NewReader(mbox), int64(len(mbox)), func(*Entry) bool { n++; return false })
	if n != 1 || err != nil {
		t.Errorf("asked for one message, got %d, %v", n, err)
	}
}

// Whatever is exported is read back as so many messages, with the octets that it had but for a
// length that its sender wrote.
func FuzzMbox(f *testing.F) {
	f.Add("A: b\n\nc\n", dated("Content-Length: 70\n\nc\n\n{b}\nFrom: b@x.test\n"))
	f.Add(dated("{a}\n\n>From x"), "content-length : 1\n b\n\n\n\n")
	f.Add("\n", "\r\r\n")
	f.Fuzz(func(t *testing.T, one, two string) {
		if one == "" || two == "" {
			t.Skip("no message")
		}
		var mbox bytes.Buffer
		var want []string
		for _, text := range []string{one, two} {
			at := time.Unix(1790000000, 0)
			if err := WriteMbox(&mbox, "a@x.test", at, strings.NewReader(text)); err != nil {
				t.Fatal(err)
			}
			var exported bytes.Buffer
			header := true
			for line := range strings.Lines(text) {
				line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
				if header = header && line != ""; header &&
					contentLengthName(line) {
					line = "X-" + line
				}
				exported.WriteString(line + "\n")
			}
			want = append(want, exported.String())
		}
		got := parts(t, mbox.String())
		if len(got) != len(want) {
			t.Fatalf("%q: %d messages, want %d", mbox.String(), len(got), len(want))
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("message %d is %q, want %q", i, got[i], want[i])
			}
		}
	})
}

// contentLengthName reports whether a line is the field of that name, for a second reader.
func contentLengthName(line string) bool {
	name, _, field := strings.Cut(line, ":")
	return field && strings.ToLower(strings.TrimRight(name, " \t")) == "content-length"
}

// Mail lies in folders as each program has it, and what else lies there is no mail.
func TestFindMailOfPrograms(t *testing.T) {
	dir := t.TempDir()
	message := "From: ann@a.test\nSubject: hi\n\nhi\n"
	for name, content := range map[string]string{
		"Inbox":            dated("{a}\n" + message + "\n{b}\n" + message),
		"Inbox.msf":        "// <!-- <mdb:mork:z v=\"1.4\"/> -->\n",
		"Inbox.sbd/Orders": dated("{a}\n" + message),
		"mh/1":             message,
		"mh/2":             "a list of things\n",
		"mh/.mh_sequences": "cur: 1\n",
		"apple/4711.emlx":  "33\n" + message + "<?xml version=\"1.0\"?>\n",
		"notes":            "From the start it was so.\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w, err := Find([]string{dir}, func(string, string) {})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, f := range w.Files {
		for p, err := range f.Messages() {
			if err != nil {
				t.Fatal(err)
			}
			raw, err := io.ReadAll(p.OnWire())
			if want := strings.ReplaceAll(message, "\n", "\r\n"); err != nil || string(raw) != want {
				t.Errorf("%s: %q, %v; want %q", f.Path, raw, err, want)
			}
			n++
		}
	}
	if n != 5 || w.Others != 4 {
		t.Errorf("%d messages and %d other files, want 5 and 4", n, w.Others)
	}
}

func TestEmlxRefused(t *testing.T) {
	read := func(raw string) (*Entry, error) { return emlx(strings.NewReader(raw), int64(len(raw))) }
	for _, raw := range []string{"", "33", "x\nA: b\n", "99\nA: b\n", "-1\nA: b\n"} {
		if _, err := read(raw); err == nil || !strings.Contains(err.Error(), "no emlx file") {
			t.Errorf("%q: %v", raw, err)
		}
	}
	p, err := read("5 \nA: b\n<plist>")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(p.OnWire()); err != nil || string(got) != "A: b\r\n" {
		t.Errorf("%q, %v", got, err)
	}
}

// A file that cannot be read is an error, not the end of the mail.
func TestPartMboxBroken(t *testing.T) {
	mbox := dated("{a}\nA: b\n\nc\n")
	if err := partMbox(strings.NewReader(mbox), int64(len(mbox))+1,
		func(*Entry) bool { return true }); err != io.EOF {
		t.Errorf("a file that became shorter: %v", err)
	}
}
