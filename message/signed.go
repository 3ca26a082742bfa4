package message

import (
	"bytes"
	"io"
	"slices"
)

// isSigned reports whether a part may be opaque signed-data (RFC 8551, section 3.5.2).
func isSigned(kind string) bool {
	return kind == "application/pkcs7-mime" || kind == "application/x-pkcs7-mime"
}

// signed shows the text in opaque signed-data. The signature is not judged: the words are no
// more to be believed than those of any other message.
func (w *walk) signed(body io.Reader, name, kind string) part {
	if w.inside || w.left <= 0 {
		return w.file(body, name, kind)
	}
	raw, _ := io.ReadAll(w.shownFile(body, name, kind, maxPage))
	content := signedContent(raw)
	if content == nil {
		return part{}
	}
	m := Parse(content)
	return part{text: w.within(m, content)}
}

// within is the text of an entity that was read whole, in which nothing more is opened.
func (w *walk) within(m *Message, raw []byte) string {
	inner := newWalk(bytes.NewReader(raw[m.Size:]), w.left)
	inner.inside, inner.parts = true, w.parts
	text := inner.read(m)
	w.parts, w.left = inner.parts, inner.left
	return text
}

// Object identifiers (RFC 5652, sections 4 and 5.1), encoded.
var (
	oidData       = []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1}
	oidSignedData = []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2}
)

// Tags of BER (ITU-T X.690).
const (
	tagOctets      = 0x04
	tagOID         = 0x06
	tagSequence    = 0x30
	tagExplicit    = 0xa0 // [0]
	tagConstructed = 0x20 // a bit of the tag
)

// maxBER is how deep values of indefinite length stand within one another.
const maxBER = 16

// signedContent is what was signed, nil where raw is no signed-data with content. Outlook
// writes BER of indefinite length, which encoding/asn1 does not read.
func signedContent(raw []byte) []byte {
	value := typedContent(raw, oidSignedData)
	signed, _, ok := ber(value, tagSequence)
	if !ok {
		return nil
	}
	for range 2 { // version and digestAlgorithms
		_, _, signed, ok = element(signed, 0)
		if !ok {
			return nil
		}
	}
	tag, octets, _, ok := element(typedContent(signed, oidData), 0)
	if !ok || tag&^tagConstructed != tagOctets {
		return nil
	}
	if tag == tagOctets {
		return octets
	}
	return joinOctets(octets)
}

// joinOctets joins the pieces of a constructed octet string.
func joinOctets(pieces []byte) []byte {
	var all []byte
	for len(pieces) > 0 {
		piece, rest, ok := ber(pieces, tagOctets)
		if !ok {
			break
		}
		all, pieces = append(all, piece...), rest
	}
	return all
}

// typedContent is the content of a ContentInfo of a type.
func typedContent(raw, oid []byte) []byte {
	info, _, _ := ber(raw, tagSequence)
	kind, rest, ok := ber(info, tagOID)
	if !ok || !slices.Equal(kind, oid) {
		return nil
	}
	content, _, _ := ber(rest, tagExplicit)
	return content
}

// ber reads an element of a tag.
func ber(b []byte, want byte) (content, rest []byte, ok bool) {
	tag, content, rest, ok := element(b, 0)
	if !ok || tag != want {
		return nil, nil, false
	}
	return content, rest, true
}

// element reads one element with a tag of one octet.
func element(b []byte, depth int) (tag byte, content, rest []byte, ok bool) {
	if len(b) < 2 || b[0]&0x1f == 0x1f || depth > maxBER {
		return 0, nil, nil, false
	}
	tag, length := b[0], int(b[1])
	b = b[2:]
	if length == 0x80 {
		content, rest, ok = indefinite(b, depth)
		return tag, content, rest, ok
	}
	if octets := length - 0x80; octets > 0 {
		if octets > 4 || octets > len(b) {
			return 0, nil, nil, false
		}
		length = 0
		for _, c := range b[:octets] {
			length = length<<8 | int(c)
		}
		b = b[octets:]
	}
	if length < 0 || length > len(b) {
		return 0, nil, nil, false
	}
	return tag, b[:length], b[length:], true
}

// indefinite is what stands in front of the end-of-contents octets.
func indefinite(b []byte, depth int) (content, rest []byte, ok bool) {
	for rest = b; ; {
		if bytes.HasPrefix(rest, []byte{0, 0}) {
			return b[:len(b)-len(rest)], rest[2:], true
		}
		if _, _, rest, ok = element(rest, depth+1); !ok {
			return nil, nil, false
		}
	}
}
