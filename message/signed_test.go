package message

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"
)

// definite and endless are elements of BER with either kind of length.
func definite(tag byte, content ...byte) []byte {
	return append([]byte{tag, 0x82, byte(len(content) >> 8), byte(len(content))}, content...)
}

func endless(tag byte, content ...byte) []byte {
	return slices.Concat([]byte{tag, 0x80}, content, []byte{0, 0})
}

// signedMessage is signed-data without signatures, made of elements by wrap.
func signedMessage(wrap func(byte, ...byte) []byte, octets []byte) []byte {
	oid := func(b []byte) []byte { return definite(tagOID, b...) }
	inner := wrap(tagSequence, slices.Concat(oid(oidData), wrap(tagExplicit, octets...))...)
	signed := wrap(tagSequence, slices.Concat(definite(2, 1), definite(0x31), inner)...)
	return wrap(tagSequence, slices.Concat(oid(oidSignedData), wrap(tagExplicit, signed...))...)
}

// TestSigned: the text in opaque signed-data is shown, in DER and as Outlook writes it; what is
// cut short or made up is an attachment.
func TestSigned(t *testing.T) {
	show := func(raw []byte) string {
		text, _, _ := strings.Cut(read("Content-Type: application/pkcs7-mime; name=smime.p7m\n"+
			"Content-Disposition: attachment\nContent-Transfer-Encoding: base64\n\n"+
			base64.StdEncoding.EncodeToString(raw)+"\n", 100), "\n+ ")
		return text
	}
	entity := []byte("Content-Type: text/plain\r\n\r\nMy order 4711.\r\n")
	der := signedMessage(definite, definite(tagOctets, entity...))
	pieces := slices.Concat(definite(tagOctets, entity[:30]...), definite(tagOctets, entity[30:]...))
	outlook := signedMessage(endless, endless(tagOctets|tagConstructed, pieces...))
	for name, raw := range map[string][]byte{"DER": der, "BER": outlook} {
		if got := show(raw); got != "My order 4711." {
			t.Errorf("%s shows %q", name, got)
		}
	}
	for i := range der {
		if got := show(der[:i]); got != "" {
			t.Errorf("%d octets of it show %q", i, got)
		}
	}
	if got := show([]byte(strings.Repeat("\x30\x80", 10000))); got != "" {
		t.Errorf("nested elements show %q", got)
	}
}
