package message

import (
	"strings"
	"testing"
)

// TestOtherText: a text of another type, or one with a name, is shown where there is no other,
// and is an attachment all the same.
func TestOtherText(t *testing.T) {
	const plain = "Content-Type: text/plain\n\nplain"
	for name, c := range map[string]struct{ in, want string }{
		"markdown": {"Content-Type: text/markdown\n\n*My* order",
			"*My* order\n+ \"\" text/markdown 10"},
		"enriched": {mixed("alternative", "Content-Type: text/enriched\n\n<bold>x"),
			"<bold>x\n+ \"\" text/enriched 7"},
		"AMP": {"Content-Type: text/x-amp-html\n\n<p>My <b>order",
			"My order\n+ \"\" text/x-amp-html 14"},
		"AMP and HTML": {mixed("alternative", "Content-Type: text/x-amp-html\n\n<p>a",
			"Content-Type: text/html\n\n<p>b"), "b\n+ \"\" text/x-amp-html 4"},
		"with text": {mixed("mixed", "Content-Type: text/csv\n\na,b", plain),
			"plain\n+ \"\" text/csv 3"},
		"named": {mixed("mixed", "Content-Type: text/plain; name=body.txt\n\nMy order"),
			"My order\n+ \"body.txt\" text/plain 8"},
		"the first": {mixed("mixed", "Content-Type: text/csv\n\na",
			"Content-Type: text/xml\n\nb"), "a\n+ \"\" text/csv 1\n+ \"\" text/xml 1"},
		"attached": {"Content-Type: text/csv\nContent-Disposition: attachment\n\na",
			"\n+ \"\" text/csv 1"},
		"RTF":     {"Content-Type: text/rtf\n\n{\\rtf1", "\n+ \"\" text/rtf 6"},
		"charset": {"Content-Type: text/xml; charset=latin1\n\n\xe9", "é\n+ \"\" text/xml 1"},
		"long": {"Content-Type: text/x\n\n" + strings.Repeat("x", 120),
			strings.Repeat("x", 100) + "\n[the text goes on]\n+ \"\" text/x 120"},
	} {
		if got := read(c.in, 100); got != c.want {
			t.Errorf("%s:\n got %q\nwant %q", name, got, c.want)
		}
	}
}

// TestPageDeclares: where the header does not say the charset of a page, the page may.
func TestPageDeclares(t *testing.T) {
	for in, want := range map[string]string{
		"<meta charset=koi8-r>\xda\xc1": "за",
		"<META HTTP-EQUIV=Content-Type CONTENT=\"text/html; charset=iso-8859-1\">caf\xe9": "café",
		"<meta charset=utf-8>café": "café",
		"the charset is " + strings.Repeat("x", 1100) + "café": "the charset is " +
			strings.Repeat("x", 1100) + "café",
		"no word of it caf\xe9": "no word of it caf\ufffd",
	} {
		if got := read("Content-Type: text/html\n\n"+in, 2000); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}

// TestFlowed: lines that were broken to fit are whole again, and no others.
func TestFlowed(t *testing.T) {
	for in, want := range map[string]string{
		"My \norder \n4711.\nBye\n":     "My order 4711.\nBye",
		"a \n\nb\n":                     "a \n\nb",
		"> one \n> two\n>> three\nfour": "> one two\n>> three\nfour",
		"> one \nmine":                  "> one \nmine",
		" From me\n >x":                 "From me\n>x",
		"Bye \n-- \nAnn \nLee":          "Bye \n-- \nAnn Lee",
		"ends ":                         "ends ",
		"\n\nlate":                      "late",
	} {
		if got := read("Content-Type: text/plain; format=flowed\n\n"+in, 200); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	if got := read("Content-Type: text/plain; format=Flowed; delsp=YES\n\nor \nder 4711",
		200); got != "order 4711" {
		t.Errorf("delsp: %q", got)
	}
}

// TestBase64WithoutPadding: nothing of its end is lost.
func TestBase64WithoutPadding(t *testing.T) {
	for in, want := range map[string]string{
		"TXkgb3JkZXIgNDcxMQ": "My order 4711", "TXkgb3JkZXI": "My order", "TXkg\nb3Jk\n": "My ord",
		"TXkgb3JkZXI=": "My order", "TXkgb3JkZXIgNDcxMQ==\n": "My order 4711",
		"TXkgb3JkZ": "My ord",
	} {
		if got := read("Content-Transfer-Encoding: base64\n\n"+in, 200); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// TestNameInAnotherCharset: RFC 2231 allows any for the name of a file.
func TestNameInAnotherCharset(t *testing.T) {
	for in, want := range map[string]string{
		"filename*=gb2312''%C4%E3_1=2.pdf":     "你_1=2.pdf",
		"filename*=iso-8859-1'fr'caf%E9 x.pdf": "café x.pdf",
		"filename*=no-such''a%2F%00b.pdf":      "\ufffdb.pdf",
		"filename*=gb2312'%C4":                 "",
	} {
		got := read("Content-Type: image/png\nContent-Disposition: attachment; "+in+"\n\nx", 10)
		if got != "\n+ \""+want+"\" image/png 1" {
			t.Errorf("%s: %q", in, got)
		}
	}
}
