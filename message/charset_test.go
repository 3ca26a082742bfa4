package message

import "testing"

// TestCharsetNames: the same charset by the names that mailers give it, and what is said to be
// ASCII, or nothing known, and is not.
func TestCharsetNames(t *testing.T) {
	const cafe = "caf\xe9 \x93x\x94" // Windows 1252
	for _, c := range []struct{ label, in, want string }{
		{"iso-8859-1", cafe, "café “x”"}, {"latin-1", cafe, "café “x”"}, {"8859_1", cafe,
			"café “x”"},
		{"ansi", cafe, "café “x”"}, {"cp-1252", cafe, "café “x”"}, {"ibm-1252", cafe, "café “x”"},
		{"en_US.ISO8859-1", cafe, "café “x”"}, {"ansi_x3.110-1983", "caf\xe9", "café"},
		{"us-ascii", cafe, "café “x”"}, {"us-ascii", "café ü", "café ü"},
		{"unknown-8bit", cafe, "café “x”"}, {"x-unknown", "café €", "café €"},
		{"default", "caf\xe9\xc3", "caféÃ"}, {"x-user-defined", "café", "café"},
		{`"utf-8;"`, "café", "café"}, {"'utf-8'", "café", "café"}, {"utf8", "café", "café"},
		{`"utf-8 "`, "café", "café"}, {`"charset=utf-8"`, "café", "café"},
		{"ks_c_5601-1987", "\xbe\xc8\x8c\x63", "안똠"}, {"gb2312", "\xc4\xe3\xe9F", "你镕"},
		{"windows-31j", "\x83\x49\x87\x40", "オ①"}, {"eucjp", "\xa5\xaa", "オ"},
		{"x-windows-iso2022jp", "\x1b$B%*\x1b(B", "オ"}, {"cp50221", "\x1b(I\x31\x32\x1b(B", "ｱｲ"},
		{"x-mac-cyrillic", "\xe7\xe0", "за"}, {"iso-8859-8-i", "\xf9\xec", "של"},
		{"win-1251", "\xe7\xe0", "за"}, {"cp874", "\xca\xc7", "สว"}, {"cp858", "5 \xd5", "5 €"},
		{"ucs-2", "\x00a\x20\xac", "a€"}, {"utf-32", "\x00\x00\x00a\x00\x00\x20\xac", "a€"},
		{"utf-32le", "a\x00\x00\x00\xac\x20\x00\x00", "a€"},
		{"iso-2022-kr", "\x1b$)C\x0e>H\x0f", "\x1b$)C\x0e>H\x0f\n" +
			"[this part is shown as it came: its character set is not known]"},
		{"x-mac-greek", "ab",
			"ab\n[this part is shown as it came: its character set is not known]"},
	} {
		if got := read("Content-Type: text/plain; charset="+c.label+"\n\n"+c.in,
			200); got != c.want {
			t.Errorf("%s: %q, want %q", c.label, got, c.want)
		}
	}
}

// TestLooseMIME: types and transfer encodings that are not written as they should be.
func TestLooseMIME(t *testing.T) {
	const coded = "TXkgb3JkZXI="
	for in, want := range map[string]string{
		"Content-Transfer-Encoding: base64 (x)\n\n" + coded:                        "My order",
		"Content-Transfer-Encoding: base64;\n\n" + coded:                           "My order",
		"Content-Transfer-Encoding: \"BASE64\"\n\n" + coded:                        "My order",
		"Content-Transfer-Encoding: Quoted_Printable\n\nMy=20order":                "My order",
		"Content-Transfer-Encoding: 8bits\n\nMy order":                             "My order",
		"Content-Transfer-Encoding: utf-8\n\nMy order":                             "My order",
		"Content-Type: text/\n\nMy order":                                          "My order",
		"Content-Type: text / plain; charset=x\n\nMy order":                        "My order",
		"Content-Type: \"text/plain\"; charset=x\n\nMy order":                      "My order",
		"Content-Type: text/html: charset=x\n\n<p>My order":                        "My order",
		"Content-Type: text/plain charset=utf-8\n\nMy order":                       "My order",
		"Content-Type: multipart/mixed; boundary=\"b \"\n\n--b\n\nMy order\n--b--": "My order",
		mixed("mixed",
			"Content-Type: message/global\n\nSubject: x\n\nMy order"): "[attached message: x]" +
			"\nMy order\n+ \"\" message/global 22",
	} {
		if got := read(in, 200); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
