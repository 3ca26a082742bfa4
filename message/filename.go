package message

import (
	"strings"

	gomessage "github.com/emersion/go-message"
)

// fileName is the name of an attachment. It is a label and never a path.
func fileName(h gomessage.Header) string {
	_, params, err := h.ContentDisposition()
	name := params["filename"]
	if err != nil {
		name = looseParameter(h.Get("Content-Disposition"), "filename")
	}
	if name == "" {
		name = otherCharset(h.Get("Content-Disposition"), "filename*")
	}
	if name == "" {
		_, params, err = h.ContentType()
		name = params["name"]
	}
	if name == "" && err != nil {
		name = looseParameter(h.Get("Content-Type"), "name")
	}
	return fileLabel(name)
}

// looseParameter is a parameter of a field that the grammar forbids, such as
// filename=order 4711.pdf: it goes to the next semicolon.
func looseParameter(field, name string) string {
	_, rest, found := strings.Cut(field, ";")
	for found {
		var parameter string
		parameter, rest, found = strings.Cut(rest, ";")
		key, value, _ := strings.Cut(parameter, "=")
		if lower(trim(key)) == name {
			return decode(strings.Trim(trim(value), `"`))
		}
	}
	return ""
}

// otherCharset is a parameter in a charset other than UTF-8 (RFC 2231, section 4), which the
// library leaves out: filename*=gb2312”%C4%E3.pdf is made an encoded word.
func otherCharset(field, name string) string {
	charset, rest, _ := strings.Cut(looseParameter(field, name), "'")
	_, text, found := strings.Cut(rest, "'")
	if !found {
		return ""
	}
	text = strings.NewReplacer("%", "=", "=", "=3D", "?", "=3F", "_", "=5F", " ", "_").Replace(text)
	return decode("=?" + charset + "?q?" + text + "?=")
}

// fileLabel is a name as a label, and never a path.
func fileLabel(name string) string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	return first(visible(Clean(name)), maxLabelRunes)
}
