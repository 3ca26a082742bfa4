package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tape makes a recording of lines "C: …" and "S: …". Each, and each | in it, is the end of a line
// on the wire.
func tape(t *testing.T, lines string) string {
	t.Helper()
	var b bytes.Buffer
	for line := range strings.Lines(lines) {
		letter, text, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		text = strings.ReplaceAll(text, "|", "\r\n") + "\r\n"
		b.WriteByte(letter[0])
		b.Write(binary.BigEndian.AppendUint32(nil, uint32(len(text))))
		b.WriteString(text)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "00001.wire"), b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

const (
	one = "01a226a5-7376-7b65-ae1c-f1d3407b31b1"
	two = "01a226a5-7376-7b65-ae1c-f1d3407b31b2"
)

// pipelined is a transaction in one packet, with dots, and one in two chunks.
const pipelined = `S: 220 gate
C: EHLO a
S: 250-gate|250 CHUNKING
C: MAIL FROM:<SIZE@a.test> BODY=8BITMIME|RCPT TO:<x@b.test>|RCPT TO:<y@c.test>|DATA
S: 250 2.1.0 ok|250 2.1.5 ok|550 5.1.1 no
S: 354 go on
C: Subject: first||..|...x|DATA|.
S: 250 2.0.0 Ok: ` + one + `
C: MAIL FROM:<>|RCPT TO:<x@b.test>|BDAT 17|Subject: second|BDAT 6 LAST|.|x
S: 250 ok|250 ok|250 ok
L: 250 2.0.0 Ok: ` + two + `
`

func TestReadAll(t *testing.T) {
	all, err := readAll(tape(t, pipelined))
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	for _, c := range all.contents {
		fmt.Fprintf(&got, "%s %q %q %v %v %s %v\n",
			c.from, c.to, c.body, c.chunked, c.whole, c.id, c.seen)
	}
	want := `MAIL FROM:<SIZE@a.test> BODY=8BITMIME ["RCPT TO:<x@b.test>"] ` +
		`"Subject: first\r\n\r\n.\r\n..x\r\nDATA\r\n" false true ` + one + ` true
MAIL FROM:<> ["RCPT TO:<x@b.test>"] "Subject: second\r\n.\r\nx\r\n" true true ` + two + ` false
`
	if got.String() != want {
		t.Errorf("read\n%s, want\n%s", &got, want)
	}
	if s := fmt.Sprint(all.uses); s != "map[8BITMIME:true CHUNKING:true PIPELINING:true]" {
		t.Error(s)
	}
}

// TestCompare: what is not stored as it was on the wire is told.
func TestCompare(t *testing.T) {
	first, second := "Subject: first\r\n\r\n.\r\n..x\r\nDATA\r\n", "Subject: second\r\n.\r\nx\r\n"
	for _, c := range []struct {
		stored   [][2]string
		subjects string
		uses     []string
		want     string
	}{
		{[][2]string{{one, first}, {two, second}}, "first\nsecond\n", nil, ""},
		{[][2]string{{one, first}, {two, second}, {"copy", second}}, "first\nsecond\n", nil,
			`"second" is stored 2 times`},
		{[][2]string{{one, first}, {"copy", first}}, "first\n", nil, "stored 2 times"},
		{[][2]string{{one, first[:len(first)-2]}}, "first\n", nil, "with other octets"},
		{[][2]string{{one, first[:len(first)-2]}}, "first\n", nil, "never on the wire"},
		{[][2]string{{two, second}}, "second\n", nil, "which is not stored"},
		{[][2]string{{one, first}}, "first\nsecond\n", nil, `"second" is stored 0 times`},
		{[][2]string{{one, first}}, "first\n", []string{"STARTTLS"}, "STARTTLS was never used"},
		{[][2]string{{one, first}}, "", nil, "nothing was sent"},
	} {
		dir := tape(t, pipelined)
		err := compareWith(t, dir, c.stored, c.uses, c.subjects)
		if (err != nil) != (c.want != "") || !strings.Contains(fmt.Sprint(err), c.want) {
			t.Errorf("%q: %v, want %q", c.stored, err, c.want)
		}
	}
}

func compareWith(t *testing.T, dir string, stored [][2]string, uses []string,
	subjects string) error {
	t.Helper()
	all, err := readAll(dir)
	if err != nil {
		t.Fatal(err)
	}
	list := ""
	for _, s := range stored {
		file := filepath.Join(dir, s[0])
		if err := os.WriteFile(file, []byte(s[1]), 0o600); err != nil {
			t.Fatal(err)
		}
		list += s[0] + " " + file + "\n"
	}
	if err := os.WriteFile(filepath.Join(dir, "list"), []byte(list), 0o600); err != nil {
		t.Fatal(err)
	}
	return all.compare(filepath.Join(dir, "list"), uses, strings.NewReader(subjects), io.Discard)
}

// TestTwin: what came within TLS is held against what came in clear.
func TestTwin(t *testing.T) {
	dir := tape(t, `S: 220 gate
C: EHLO a
S: 250 gate
C: MAIL FROM:<a@a.test>
S: 250 ok
C: RCPT TO:<x@b.test>
S: 250 ok
C: DATA
S: 354 go on
C: Received: from a|	by b|Subject: clear x|Content-Type: multipart/x; boundary="one"||--one|clear x|.
S: 250 2.0.0 Ok: `+one+`
C: STARTTLS
S: 220 go on
C: *#+
`)
	mixed := func(boundary string) string {
		return "Content-Type: multipart/x; boundary=\"" + boundary + "\"\r\n\r\n--" + boundary + "\r\n"
	}
	in := [2]string{one,
		"Received: from a\r\n\tby b\r\nSubject: clear x\r\n" + mixed("one") + "clear x\r\n"}
	for body, want := range map[string]string{
		"Received: from c\r\nSubject: sealed x\r\n" + mixed("2") + "sealed x\r\n": "<nil>",
		"Subject: sealed x\r\n" + mixed("one") + "sealed x":                       "otherwise within TLS",
		"Subject: sealed y\r\n\r\nsealed y\r\n":                                   "within TLS alone",
	} {
		err := compareWith(t, dir, [][2]string{in, {two, body}}, []string{"STARTTLS"}, "clear x\n")
		if !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%q: %v, want %s", body, err, want)
		}
	}
}
