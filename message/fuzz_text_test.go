package message

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strings"
	"testing"
)

// FuzzText holds what must be true of the text of every message there can be: it can be
// stored, has an end, is the same each time, and each attachment is as large as it is said.
func FuzzText(f *testing.F) {
	crlf := func(s string) []byte { return []byte(strings.ReplaceAll(s, "\n", "\r\n")) }
	f.Add(crlf(mixed("alternative", "Content-Type: text/calendar\n\n"+invitation,
		"Content-Type: text/html\n\n<p>a")))
	f.Add(crlf("Subject: x\n\nHello\n" + uuencoded("a.bin", []byte("hi")) + "Bye\n"))
	f.Add(crlf(mixed("mixed", "Content-Type: message/rfc822\n\nSubject: =?x?q?=00?=\n\nHello\n",
		"Content-Type: text/plain; charset=iso-2022-jp; name=a\nContent-Disposition: inline\n\n\x1b$B%*")))
	f.Add(crlf("Content-Type: text/plain; charset=utf-7\n\n+AOk-\n"))
	f.Add([]byte(letterWithAll))
	entity := crlf("Content-Type: text/plain; charset=latin1\n\ncaf\xe9\n")
	for _, wrap := range []func(byte, ...byte) []byte{definite, endless} {
		f.Add(crlf("Content-Type: application/pkcs7-mime\nContent-Transfer-Encoding: base64\n\n" +
			base64.StdEncoding.EncodeToString(signedMessage(wrap, definite(tagOctets,
				entity...)))))
	}
	f.Add(signedMessage(definite, definite(tagOctets, entity...)))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if content := signedContent(raw); len(content) > len(raw) {
			t.Errorf("%d octets are signed of %d", len(content), len(raw))
		}
		for _, limit := range []int{0, 100, 1000} {
			checkText(t, raw, limit)
		}
	})
}

func checkText(t *testing.T, raw []byte, limit int) {
	t.Helper()
	m := Parse(raw)
	text, files := m.Text(bytes.NewReader(raw[m.Size:]), limit)
	const note = 2000 // octets of what is said in the text of a part, at most
	if parts := 2 + bytes.Count(raw, []byte("--")); text != Clean(text) ||
		len(text) > 3*limit+note*min(parts, maxParts+2) {
		t.Errorf("limit %d: %d octets: %q", limit, len(text), text)
	}
	again, same := m.Text(bytes.NewReader(raw[m.Size:]), limit)
	if again != text || !slices.Equal(files, same) {
		t.Errorf("%q, %v, then %q, %v", text, files, again, same)
	}
	if len(files) > maxParts+1 {
		t.Errorf("%d attachments", len(files))
	}
	for i, a := range files[:min(len(files), 3)] {
		var b bytes.Buffer
		err := m.Extract(bytes.NewReader(raw[m.Size:]), i, &b)
		if err != nil || int64(b.Len()) != a.Size {
			t.Errorf("limit %d: attachment %d of %d octets has %d, %v", limit, i, a.Size,
				b.Len(), err)
		}
	}
	pages, _ := m.Pages(bytes.NewReader(raw[m.Size:]), limit)
	for _, page := range pages {
		if page != Clean(page) || len(page) > 3*limit {
			t.Errorf("page of %d octets: %q", len(page), page)
		}
	}
}
