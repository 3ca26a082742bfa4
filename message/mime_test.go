package message

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// read is the text and the attachments of a message written with LF, as lines.
func read(message string, limit int) string {
	raw := strings.ReplaceAll(message, "\n", "\r\n")
	m := Parse([]byte(raw))
	text, files := m.Text(strings.NewReader(raw[m.Size:]), limit)
	for _, a := range files {
		text += fmt.Sprintf("\n+ %q %s %d", a.Name, a.Type, a.Size)
	}
	return text
}

// mixed makes a multipart of parts.
func mixed(kind string, parts ...string) string {
	return "Content-Type: multipart/" + kind + "; boundary=b\n\npreamble\n--b\n" +
		strings.Join(parts, "\n--b\n") + "\n--b--\nepilogue\n"
}

func TestText(t *testing.T) {
	const plain = "Content-Type: text/plain\n\nplain"
	const page = "Content-Type: text/html\n\n<b>page</b>"
	for _, c := range []struct{ name, in, want string }{
		{"no MIME", "Subject: x\n\none\ntwo\n", "one\ntwo"},
		{"no body", "Subject: x\n", ""},
		{"base64", "Content-Transfer-Encoding: base64\n\nY2Fmw6k=\n", "café"},
		{"quoted-printable", "Content-Transfer-Encoding: quoted-printable\n\ncaf=C3=A9=\n!\n", "café!"},
		{"charset", "Content-Type: text/plain; charset=iso-8859-1\n\ncaf\xe9\n", "café"},
		{"Japanese", "Content-Type: text/plain; charset=cp932\n\n\x83\x49\n", "オ"},
		{"code page", "Content-Type: text/plain; charset=cp-850\n\ncaf\x82\n", "café"},
		{"Japanese of Outlook", "Content-Type: text/plain; charset=iso-2022-jp-ms\n\n" +
			"\x1b$B%*\x1b(B\n", "オ"},
		{"bad octets", "Subject: x\n\na\x00b\xff\n", "a\ufffdb\ufffd"},
		{"unknown charset", "Content-Type: text/plain; charset=no-such\n\nx\n",
			"x\n[this part is shown as it came: its character set is not known]"},
		{"UTF-7", "Content-Type: text/plain; charset=UTF-7\n\n+AOk-\n",
			"+AOk-\n[this part is shown as it came: it is in UTF-7, which is not decoded]"},
		{"unknown encoding", "Content-Transfer-Encoding: no-such\n\nx\n",
			"x\n[this part is shown as it came: its transfer encoding is not known]"},
		{"broken base64", "Content-Transfer-Encoding: base64\n\nY2Fm!!!!\n",
			"caf\n[the end of this part could not be decoded]"},
		{"broken type", "Content-Type: text/html; charset=a; charset=b\n\n<p>x</p>\n", "x"},
		{"odd type", "Content-Type: text\n\nx\n", "x"},
		{"no boundary", "Content-Type: multipart/mixed\n\nx\n", "x"},
		{"wrong boundary", "Content-Type: multipart/mixed; boundary=x\n\n--y\n\nz\n",
			"[its boundary does not occur: no part can be told apart]"},
		{"image", "Content-Type: image/png\nContent-Transfer-Encoding: base64\n\nAAAA\n",
			"\n+ \"\" image/png 3"},
		{"attached text", "Content-Disposition: attachment; filename=a.txt\n\nx\n",
			"\n+ \"a.txt\" text/plain 3"},
		{"mixed", mixed("mixed", plain, page), "plain\n\npage"},
		{"plain first", mixed("alternative", plain, page), "plain"},
		{"plain last", mixed("alternative", page, plain), "plain"},
		{"plain blank", mixed("alternative", "\n \n", page), "page"},
		{"cut short", "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nplain\n", "plain"},
		{"broken part", mixed("mixed", plain, "no header\n\nx", plain),
			"plain\n\n[the parts that follow could not be told apart]"},
		{"a letter in a letter", mixed("mixed", plain, "Content-Type: message/rfc822\n\nA: b\n\nc"),
			"plain\n\n[attached message without a subject]\nc\n+ \"\" message/rfc822 9"},
		{"a forwarded letter", "Content-Type: message/rfc822\nContent-Disposition: attachment\n\n" +
			"Subject: =?utf-8?q?Caf=C3=A9?=\n\nI wait.\n",
			"[attached message: Café]\nI wait.\n+ \"\" message/rfc822 43"},
		{"a letter in a forwarded letter", "Content-Type: message/rfc822\n\nSubject: a\n" +
			"Content-Type: message/rfc822\n\nSubject: b\n\nx\n",
			"[attached message: a]\n+ \"\" message/rfc822 61"},
		{"no letter", mixed("mixed", plain, "Content-Type: message/rfc822\n\nno header\n"),
			"plain\n+ \"\" message/rfc822 11"},
		{"broken disposition", "Content-Disposition: attachment; filename=a b\n\nx",
			"\n+ \"a b\" text/plain 1"},
		{"broken names", mixed("mixed",
			"Content-Disposition: attachment; size=1; FileName = ../order 4711.pdf ; x=y\n\nx",
			"Content-Type: image/png; name=a photo.png\n\nx",
			"Content-Type: image/png; xname=a photo.png\n\nx"),
			"\n+ \"order 4711.pdf\" text/plain 1\n+ \"a photo.png\" image/png 1" +
				"\n+ \"\" image/png 1"},
		{"named inline text", mixed("mixed",
			"Content-Type: text/plain; name=body.txt\nContent-Disposition: inline\n\none",
			"Content-Type: text/plain; name=a.txt\nContent-Disposition: attachment\n\ntwo"),
			"one\n+ \"body.txt\" text/plain 3\n+ \"a.txt\" text/plain 3"},
		{"named inline text goes on", mixed("mixed", "Content-Type: text/plain; name=a.txt\n"+
			"Content-Disposition: inline\n\n"+strings.Repeat("x", 120)),
			strings.Repeat("x", 100) + "\n[the text goes on]\n+ \"a.txt\" text/plain 120"},
		{"named inline picture", mixed("mixed", plain,
			"Content-Type: image/png; name=a.png\nContent-Disposition: inline\n\nx"),
			"plain\n+ \"a.png\" image/png 1"},
		{"names", mixed("mixed",
			"Content-Type: text/plain; name=a.txt\n\nx",
			"Content-Disposition: attachment; filename=\"../../etc/x\"\n\nx",
			"Content-Disposition: attachment; filename=\"C:\\\\x\\\\y.exe\"\n\nx",
			"Content-Disposition: attachment; filename*=utf-8''caf%C3%A9%0A\n\nx",
			"Content-Disposition: attachment; filename=\"=?utf-8?q?=2E=2E=2Fcaf=C3=A9?=\"\n\nx",
			"Content-Disposition: attachment; filename="+strings.Repeat("x", 300)+"\n\nx"),
			"x\n+ \"a.txt\" text/plain 1\n+ \"x\" text/plain 1\n+ \"y.exe\" text/plain 1" +
				"\n+ \"café\ufffd\" text/plain 1\n+ \"café\" text/plain 1" +
				"\n+ \"" + strings.Repeat("x", 255) + "\" text/plain 1"},
		{"long", "Subject: x\n\n" + strings.Repeat("1234567890", 11),
			strings.Repeat("1234567890", 10) + "\n[the text goes on]"},
		{"long in three", mixed("mixed", "\n"+strings.Repeat("x", 60), "\n"+strings.Repeat("y", 60),
			"\n"+strings.Repeat("z", 60)),
			strings.Repeat("x", 60) + "\n\n" + strings.Repeat("y", 40) + "\n[the text goes on]"},
		{"the limit is for what is shown", mixed("alternative", page+strings.Repeat("x", 80),
			plain+strings.Repeat("y", 80)), "plain" + strings.Repeat("y", 80)},
	} {
		if got := read(c.in, 100); got != c.want {
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, c.want)
		}
	}
}

func TestHTMLText(t *testing.T) {
	for in, want := range map[string]string{
		"a<br>b":                              "a\nb",
		"<p>a</p><p>b <i>c</i></p>":           "a\n\nb c",
		"a\n  b&nbsp;&amp;&#x63;":             "a b &c",
		"<style>x</style>a<script>y</script>": "a",
		"<title>x</title><body>a</body>":      "a",
		"<tr><td>a<td>b<tr><td>c":             "a b\nc",
		"<div>a<div>b</div></div>c":           "a\nb\nc",
		"a<!-- b -->c":                        "ac",
		"a < b > c":                           "a < b > c",
		"a<b":                                 "a",
		"&lt;script&gt;":                      "<script>",
	} {
		got := read("Content-Type: text/html\n\n"+in, 1000)
		if got != want {
			t.Errorf("%q shows as %q, want %q", in, got, want)
		}
	}
}

// TestTextIsBounded gives shapes that made other readers slow or large.
func TestTextIsBounded(t *testing.T) {
	var nested, flat strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&nested, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i)
	}
	flat.WriteString("Content-Type: multipart/mixed; boundary=b\n\n")
	for range 5000 {
		flat.WriteString("--b\nContent-Disposition: attachment\n\nx\n")
	}
	folded := "Content-Type: multipart/mixed; boundary=b\n\n--b\nX: y\n" +
		strings.Repeat(" folded\n", 100000)
	wide := "Content-Type: multipart/mixed; boundary=" + strings.Repeat("b", 2000) + "\n\n--b\n\nx\n"
	for _, c := range []struct{ name, in, want string }{
		{"nested", nested.String(), "more than 20 deep"},
		{"flat", flat.String(), "more than 1000 parts"},
		{"folded", folded, "could not be told apart"},
		{"boundary", wide, "multipart/mixed"},
		{"tag", "Content-Type: text/html\n\n<a b=\"" + strings.Repeat("x", 2<<20), "not be decoded"},
		{"page", "Content-Type: text/html\n\n" + strings.Repeat("<br>x", 1<<20), "goes on"},
	} {
		got := read(c.in, 1000)
		if !strings.Contains(got, c.want) || len(got) > 100000 {
			t.Errorf("%s: %d octets: %.300q", c.name, len(got), got)
		}
	}
}

func TestTextOfABodyThatFails(t *testing.T) {
	m := Parse([]byte("Subject: x\r\n\r\n"))
	body := io.MultiReader(strings.NewReader("half"), iotest.ErrReader(errors.New("disk")))
	text, _ := m.Text(body, 100)
	want := "half\n[the end of this part could not be decoded]\n[the rest could not be read]"
	if text != want {
		t.Errorf("got %q, want %q", text, want)
	}
}
