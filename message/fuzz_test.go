package message

import (
	"bytes"
	"io"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// FuzzParse holds what must be true of every message there can be.
func FuzzParse(f *testing.F) {
	for _, c := range awkward {
		f.Add([]byte(c.header))
	}
	f.Add([]byte("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n"))
	f.Add([]byte("Content-Type: text/html\r\n\r\n<p>a<script>b</script><br>c"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		before := bytes.Clone(raw)
		for _, raw := range [][]byte{raw, CRLF(TrimMbox(raw))} {
			m := Parse(raw)
			checkFields(t, m, raw)
			checkShown(t, m)
			text, files := m.Text(bytes.NewReader(raw[m.Size:]), 1000)
			if text != Clean(text) {
				t.Errorf("text %q", text)
			}
			all, _ := m.Text(bytes.NewReader(raw[m.Size:]), maxBlank)
			body := func() io.Reader { return bytes.NewReader(raw[m.Size:]) }
			if m.Blank(body) && (len(files) > 0 || !unseen(all)) {
				t.Errorf("blank with text %q and %d attachments", all, len(files))
			}
			for _, a := range files {
				isLine(t, "attachment", a.Name)
				isLine(t, "type", a.Type)
			}
		}
		if !bytes.Equal(raw, before) {
			t.Error("reading changed the message")
		}
	})
}

// checkFields says that the fields are pieces of the header section, one behind the other.
func checkFields(t *testing.T, m *Message, raw []byte) {
	t.Helper()
	if m.Size > len(raw) || m.Size > MaxHeader || len(m.Fields) > MaxFields ||
		len(m.Defects) > maxDefects+int(defectKinds) {
		t.Errorf("size %d, %d fields, %d defects", m.Size, len(m.Fields), len(m.Defects))
	}
	rest := raw[:m.Size]
	for _, f := range m.Fields {
		i := bytes.Index(rest, f.Raw)
		if i < 0 || f.Raw[f.Colon] != ':' || f.Name() == "" || !f.Is(strings.ToUpper(f.Name())) {
			t.Fatalf("field %q, name %q", f.Raw, f.Name())
		}
		rest = rest[i+len(f.Raw):]
		if v := f.Value(); v != strings.Trim(v, " \t\r\n") || strings.Contains(v, "\n") {
			t.Errorf("value %q", v)
		}
	}
}

// checkShown says that what comes out for people can be stored, and is the same mailbox
// again when it is read once more.
func checkShown(t *testing.T, m *Message) {
	t.Helper()
	s := m.Sender()
	if reliable(s) == s.Address.IsZero() || (s.Problem == 0) != (s.Why() == "") {
		t.Errorf("address %q, problem %d, why %q", s.Address, s.Problem, s.Why())
	}
	if !s.Address.IsZero() && s.Text != s.Address.String() {
		t.Errorf("address %q, text %q", s.Address, s.Text)
	}
	if strings.ContainsFunc(s.Text, unicode.IsControl) || !utf8.ValidString(s.Text) {
		t.Errorf("text %q", s.Text)
	}
	isLine(t, "name", s.Name)
	isLine(t, "subject", m.Subject())
	isLine(t, "message id", m.MessageID())
	list, problem := m.ReplyTo()
	isLine(t, "problem", problem)
	if len(list) > maxReplies {
		t.Errorf("%d addresses in Reply-To", len(list))
	}
	for _, box := range list {
		isLine(t, "name", box.Name)
		checkAddress(t, box.Address)
	}
}

func isLine(t *testing.T, what, s string) {
	t.Helper()
	if s != Clean(s) || strings.ContainsAny(s, "\r\n") || utf8.RuneCountInString(s) > 998 {
		t.Errorf("%s %q", what, s)
	}
}

// checkAddress says that an address is in its one spelling.
func checkAddress(t *testing.T, a Address) {
	t.Helper()
	again, err := ParseAddress(a.String())
	if err != nil || again != a {
		t.Errorf("%q is read again as %q, %v", a, again, err)
	}
	if a.Local()+"@"+string(a.Domain()) != a.String() {
		t.Errorf("%q is %q at %q", a, a.Local(), a.Domain())
	}
	shown, err := parseHost(a.Domain().Unicode())
	if err != nil || shown != a.Domain() {
		t.Errorf("%q is shown as %q, %v", a.Domain(), a.Domain().Unicode(), err)
	}
}

// FuzzAddress holds what must be true of every address there can be.
func FuzzAddress(f *testing.F) {
	for _, s := range []string{
		"ann@acme.test", `"a\"b"@acme.test.`, "jörg@bücher.test", "a@xn--bcher-kva.test",
		`"a..b"@x_y.test`, "\u212a@\u212a", "a@[::1]", "a@192.0.2.1", "a@a\u3002b", "a@xn--a-.test",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseAddress(s)
		if (err == nil) == a.IsZero() {
			t.Fatalf("%q is read as %q, %v", s, a, err)
		}
		if err != nil {
			return
		}
		checkAddress(t, a)
		upper := strings.ToUpper(s)
		if b, err := ParseAddress(upper); isASCII(s) && s[0] != '"' && (err != nil || a != b) {
			t.Errorf("%q and %q are %q and %q", s, upper, a, b)
		}
		if text := strings.ReplaceAll(a.String(), " ", ""); !utf8.ValidString(text) ||
			strings.ContainsFunc(text, unicode.IsSpace) {
			t.Errorf("address %q", a)
		}
	})
}

// FuzzReplyTo: where another reader, that of the standard library, finds a mailbox in
// Reply-To, we find one at that domain or say that we may have missed some.
func FuzzReplyTo(f *testing.F) {
	for _, s := range []string{
		"(x) mal@evil.test", "<@x.test:mal@evil.test>", `"m al" (x) @ evil . test`,
		"<ok@ok.test> (\\), mal@evil.test (y)", "G: mal@evil.test, <ok@ok.test>;", `"mal."@evil.test`,
		"=?utf-8?q?a?= <mal@evil.test>", `"a\"b@c.test" <"mal\@x"@evil.test>`, "mal@[192.0.2.1]",
		"\"\tm@x]\"@evil.test",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m := Parse([]byte("Reply-To: " + s + "\r\n\r\n"))
		if strings.ContainsAny(s, "\r\n") || len(m.Defects) > 0 {
			return
		}
		checkShown(t, m)
		list, problem := m.ReplyTo()
		others, err := mail.ParseAddressList(m.First("Reply-To"))
		if err != nil || problem != "" {
			return
		}
		for _, other := range others {
			d, err := ParseDomain(other.Address[strings.LastIndexByte(other.Address, '@')+1:])
			if err == nil && !slices.ContainsFunc(list, func(b Mailbox) bool {
				return b.Address.Domain() == d
			}) {
				t.Errorf("%q: %q is not among %v", s, other.Address, list)
			}
		}
	})
}
