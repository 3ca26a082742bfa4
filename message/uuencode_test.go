package message

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// uuencoded is a file as uuencode writes it.
func uuencoded(name string, data []byte) string {
	var b strings.Builder
	fmt.Fprintf(&b, "begin 644 %s\n", name)
	for len(data) > 0 {
		line := data[:min(45, len(data))]
		data = data[len(line):]
		b.WriteByte(byte(32 + len(line)))
		for len(line) > 0 {
			var x [3]byte
			line = line[copy(x[:], line):]
			for _, six := range []byte{x[0] >> 2, x[0]<<4 | x[1]>>4, x[1]<<2 | x[2]>>6, x[2]} {
				b.WriteByte("`!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_"[six&63])
			}
		}
		b.WriteByte('\n')
	}
	return b.String() + "`\nend\n"
}

// TestUuencode: a file in the middle of a text is an attachment, and the text stays.
func TestUuencode(t *testing.T) {
	data := make([]byte, 1000)
	for i := range data {
		data[i] = byte(i * 7)
	}
	file := uuencoded("order 4711.bin", data)
	const named = "\n+ \"order 4711.bin\" application/octet-stream 1000"
	spaces := strings.ReplaceAll(file, "`", " ")
	var trimmed strings.Builder
	for line := range strings.Lines(spaces) {
		trimmed.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	for name, c := range map[string]struct{ in, want string }{
		"alone":          {file, named},
		"with text":      {"Hello\n\n" + file + "\nBye\n", "Hello\n\n\nBye" + named},
		"twice":          {file + "and\n" + file, "and" + named + named},
		"spaces":         {"Hello\n" + spaces + "Bye\n", "Hello\nBye" + named},
		"spaces trimmed": {"Hello\n" + trimmed.String() + "Bye\n", "Hello\nBye" + named},
		"check octets":   {strings.ReplaceAll(file, "\n`\n", "\n`\n"), named},
		"no end":         {strings.TrimSuffix(file, "`\nend\n") + "Bye\n", "Bye" + named},
		"short":          {uuencoded("a", []byte("hi")), "\n+ \"a\" application/octet-stream 2"},
		"empty":          {"x\n" + uuencoded("a", nil), "x\n+ \"a\" application/octet-stream 0"},
		"a path": {uuencoded("../../etc/x\x1b", []byte("hi")),
			"\n+ \"x\ufffd\" application/octet-stream 2"},
		"quoted": {"> " + strings.ReplaceAll(uuencoded("a", []byte("hi")), "\n", "\n> "),
			"> begin 644 a\n> \":&D`\n> `\n> end\n> "},
		"talk": {"begin 644 file\nis how such a file begins.\n",
			"begin 644 file\nis how such a file begins."},
		"talk in capitals": {"begin 644 FILE\nTHE FILE\nend\n", "begin 644 FILE\nTHE FILE\nend"},
		"talk of an end":   {"begin 644 file\nend\n", "begin 644 file\nend"},
		"begin alone":      {"x\nbegin 644 a", "x\nbegin 644 a"},
		"no mode":          {"begin the day\nM\n", "begin the day\nM"},
		"no name":          {"begin 644\n`\nend\n", "begin 644\n`\nend"},
		"within a line":    {strings.Repeat("x", 5000) + file, ""},
	} {
		got := read("Subject: x\n\n"+c.in, 3000)
		if c.want == "" {
			c.want = strings.Repeat("x", 3000) + "\n[the text goes on]"
		}
		if got != c.want {
			t.Errorf("%s:\n got %q\nwant %q", name, got, c.want)
		}
	}
}

// TestUuencodeExtract: the file is decoded, behind a text that is longer than what is shown,
// and beside attachments of MIME, in the order in which they are listed.
func TestUuencodeExtract(t *testing.T) {
	data := bytes.Repeat([]byte("lamp\x00\xff"), 2000)
	raw := mixed("mixed", "Content-Type: image/png; name=a.png\n\nPNG",
		"Content-Type: text/plain\n\n"+strings.Repeat("long\n", 1000)+uuencoded("b.bin", data),
		"Content-Type: image/png; name=c.png\n\nC")
	m, body := bodyOf(strings.ReplaceAll(raw, "\n", "\r\n"))
	for _, limit := range []int{0, 100, 100000} {
		_, files := m.Text(body(), limit)
		if len(files) != 3 || files[1].Name != "b.bin" || files[1].Size != int64(len(data)) {
			t.Fatalf("limit %d: %v", limit, files)
		}
	}
	for n, want := range []string{"PNG", string(data), "C"} {
		var b bytes.Buffer
		if err := m.Extract(body(), n, &b); err != nil || b.String() != want {
			t.Errorf("attachment %d has %d octets, %v", n, b.Len(), err)
		}
	}
}

// TestUuencodeIsBounded: no more files than parts, and no line is kept that has no end.
func TestUuencodeIsBounded(t *testing.T) {
	text := read("Subject: x\n\n"+strings.Repeat(uuencoded("a", []byte("hi")), 3000), 1000)
	if n := strings.Count(text, "\n+ "); n != maxParts {
		t.Errorf("%d files", n)
	}
	text = read("Subject: x\n\nbegin 644 a\nM"+strings.Repeat("!", 1<<20), 1000)
	if len(text) > 1100 {
		t.Errorf("%d octets", len(text))
	}
}
