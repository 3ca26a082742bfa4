package courier

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"gatepost/message"
)

func TestWithoutReplyTo(t *testing.T) {
	long := strings.Repeat("x", 9000)
	for _, test := range []struct{ name, in, want string }{
		{"one", "From: a\r\nReply-To: b\r\nTo: c\r\n\r\nbody", "From: a\r\nTo: c\r\n\r\nbody"},
		{"folded", "Reply-To: b,\r\n c,\r\n\td\r\nTo: e\r\n f\r\n\r\n", "To: e\r\n f\r\n\r\n"},
		{"two, any case", "reply-to: b\r\nTo: c\r\nREPLY-TO : d\r\n\r\n", "To: c\r\n\r\n"},
		{"in the body", "To: c\r\n\r\nReply-To: b\r\n", "To: c\r\n\r\nReply-To: b\r\n"},
		{"bare LF", "Reply-To: b\nTo: c\n\nReply-To: d\n", "To: c\n\nReply-To: d\n"},
		{"bare CR", "X: a\rReply-To: b\rTo: c\r\n\r\n", "X: a\rTo: c\r\n\r\n"},
		{"CR alone is no end of the header", "X: a\r\rReply-To: b\r\n\r\n", "X: a\r\r\r\n"},
		{"other names", "Reply-Too: b\r\nX-Reply-To: c\r\nReply: d\r\n\r\n",
			"Reply-Too: b\r\nX-Reply-To: c\r\nReply: d\r\n\r\n"},
		{"long", "X: " + long + "\r\nReply-To: " + long + "\r\n " + long + "\r\nTo: c\r\n\r\n" + long,
			"X: " + long + "\r\nTo: c\r\n\r\n" + long},
		{"many blanks", "Reply-To" + strings.Repeat(" ", 9000) + ": b\r\nTo: c\r\n\r\n", "To: c\r\n\r\n"},
		{"mark", "\xef\xbb\xbfReply-To: b\r\nTo: c\r\n\r\n", "\xef\xbb\xbfTo: c\r\n\r\n"},
		{"mbox line", "From a@b Mon Nov 29 10:00:00\r\nReply-To: b\r\n\r\n",
			"From a@b Mon Nov 29 10:00:00\r\n\r\n"},
		{"no end", "To: c\r\nReply-To: b", "To: c\r\n"},
		{"CR at the end", "To: c\r", "To: c\r"},
		{"NUL and 8-bit", "X: \x00\xff\r\n\r\n\x00\xff\r", "X: \x00\xff\r\n\r\n\x00\xff\r"},
		{"empty", "", ""},
	} {
		for name, in := range map[string]io.Reader{
			"at once": strings.NewReader(test.in),
			"by one":  iotest.OneByteReader(strings.NewReader(test.in)),
			"by half": iotest.HalfReader(strings.NewReader(test.in)),
		} {
			got, err := io.ReadAll(iotest.OneByteReader(WithoutReplyTo(in)))
			if err != nil || string(got) != test.want {
				t.Errorf("%s, %s: %.200q, %v, want %.200q", test.name, name, got, err, test.want)
			}
		}
	}
	_, err := io.ReadAll(WithoutReplyTo(io.MultiReader(strings.NewReader("To: c\r\nX"),
		iotest.ErrReader(io.ErrNoProgress))))
	if err != io.ErrNoProgress {
		t.Errorf("an error of the message: %v", err)
	}
}

// TestWithoutReplyToOfTheCorpus compares with our own reader of headers, and that nothing else
// is gone.
func TestWithoutReplyToOfTheCorpus(t *testing.T) {
	files, err := filepath.Glob("../testdata/eml/*/*.eml")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	shorter := 0
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(WithoutReplyTo(bytes.NewReader(raw)))
		if err != nil {
			t.Fatal(err)
		}
		want := raw
		for _, f := range message.Parse(raw).Fields {
			if f.Is("Reply-To") {
				want = bytes.Replace(want, f.Raw, nil, 1)
				shorter++
			}
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s: %d octets, want %d", file, len(got), len(want))
		}
	}
	if shorter == 0 {
		t.Error("no file has Reply-To")
	}
}

func TestUnixEnds(t *testing.T) {
	for in, want := range map[string]string{
		"a\r\nb\r\n": "a\nb\n", "a\rb\r": "a\rb\r", "\r\r\n": "\r\n", "\n": "\n", "": "",
	} {
		got, err := io.ReadAll(iotest.HalfReader(UnixEnds(iotest.OneByteReader(strings.NewReader(in)))))
		if err != nil || string(got) != want {
			t.Errorf("%q: %q, %v, want %q", in, got, err, want)
		}
	}
}
