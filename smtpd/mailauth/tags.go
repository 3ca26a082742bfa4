package mailauth

import (
	"bytes"
	"encoding/base64"
	"errors"
	"slices"
	"strconv"
	"strings"

	"gatepost/message"
)

// tags are a list of tags (RFC 6376, section 3.2), by name. White space is taken out of the
// values: nothing that we read has any that counts.
type tags map[string]string

// readTags reads what follows the colon of a field, or a key record. A tag that stands twice
// spoils the list. One without a name, as between two semicolons, is kept as "".
func readTags(text string) (tags, error) {
	list := tags{}
	text = strings.TrimSuffix(strings.TrimRight(text, white), ";")
	for part := range strings.SplitSeq(text, ";") {
		name, value, ok := strings.Cut(part, "=")
		name = strings.Trim(name, white)
		if _, twice := list[name]; name != "" && (twice || !ok) {
			return nil, errors.New("its tags cannot be read")
		}
		list[name] = strings.Join(strings.FieldsFunc(value, isWhite), "")
	}
	return list, nil
}

// named refuses a list in which a tag's name is not a letter with letters, digits and _ behind
// it. Only chains are read so strictly: they ask for a privilege where there would be none.
func (t tags) named() error {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	for name := range t {
		if name == "" || !strings.ContainsAny(name[:1], letters) ||
			strings.Trim(name, letters+"0123456789_") != "" {
			return errors.New("a tag has no name")
		}
	}
	return nil
}

// white is what may stand around names and within values: spaces, tabs and folds.
const white = " \t\r\n"

func isWhite(r rune) bool { return strings.ContainsRune(white, r) }

// names reads a list with colons between its items.
func (t tags) names(tag string) []string { return strings.Split(fold(t[tag]), ":") }

func (t tags) octets(tag string) ([]byte, error) {
	value, there := t[tag]
	octets, err := base64.StdEncoding.DecodeString(value)
	if !there || err != nil {
		return nil, errors.New(tag + "= is missing, or not in base64")
	}
	return octets, nil
}

// number reads a number that may be absent: then it is -1.
func (t tags) number(tag string) (int64, error) {
	value, there := t[tag]
	if !there {
		return -1, nil
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n < 0 {
		return -1, errors.New(tag + "= is no number: " + value)
	}
	return n, nil
}

// withoutValue is a signature's own field as it signs itself: the value of b= is left out
// with the white space around it (RFC 6376, section 3.7), that tag's and no other's.
func withoutValue(f message.Field) message.Field {
	for start := f.Colon + 1; start < len(f.Raw); {
		tag, _, _ := bytes.Cut(f.Raw[start:], []byte(";"))
		name, _, ok := bytes.Cut(tag, []byte("="))
		if ok && string(bytes.Trim(name, white)) == "b" {
			f.Raw = slices.Concat(f.Raw[:start+len(name)+1], f.Raw[start+len(tag):])
			return f
		}
		start += len(tag) + 1
	}
	return f
}

// plain undoes the quoted-printable that i= may be written in (RFC 6376, section 2.11). What
// is none stays as it stands.
func plain(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '=' && i+2 < len(s) {
			if octet, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b.WriteByte(byte(octet))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
