package message

import (
	"io"
	"strings"

	gomessage "github.com/emersion/go-message"
)

// newEntity has the library undo the transfer encoding. Charsets are for readable, which
// knows more names of them, and only for what is shown: a file stays as it was sent.
func newEntity(h gomessage.Header, body io.Reader) (*gomessage.Entity, error) {
	value, _, _ := h.ContentType()
	var transfer gomessage.Header
	if !strings.HasPrefix(mediaType(value), "multipart/") {
		name := transferName(h.Get("Content-Transfer-Encoding"))
		transfer.Set("Content-Transfer-Encoding", name)
		if name == "base64" {
			body = &padded{r: body}
		}
	}
	e, err := gomessage.New(transfer, body)
	e.Header = h
	return e, err
}

// transferName is the name of a transfer encoding (RFC 2045, section 6.1) without what some
// write around it, and as it should be spelled.
func transferName(value string) string {
	name, _, _ := strings.Cut(token(value), "(")
	name = strings.ReplaceAll(strings.Trim(name, "\"' \t"), "_", "-")
	switch name {
	case "7bits", "7-bit", "8bits", "8-bit", "utf-8", "none":
		return "8bit"
	case "quoted printable", "quotedprintable":
		return "quoted-printable"
	}
	return name
}

// mediaType is the type of a part (RFC 2045, section 5.1) however it is written: in quotation
// marks, with spaces, or with something else than a semicolon behind it.
func mediaType(value string) string {
	kind := strings.Trim(token(value), "\"' \t")
	main, sub, found := strings.Cut(kind, "/")
	if !found {
		return kind
	}
	sub = trim(sub)
	if end := strings.IndexAny(sub, " \t:,\"'"); end >= 0 {
		sub = sub[:end]
	}
	return trim(main) + "/" + sub
}
