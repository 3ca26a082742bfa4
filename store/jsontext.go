package store

import (
	"encoding/json"
	"unicode/utf8"
)

// appendJSON adds a text as encoding/json spells it. What needs no escape but that of a line feed,
// as nearly all that is kept of a message, is copied.
func appendJSON(b []byte, s string) []byte {
	start := len(b)
	b = append(b, '"')
	from := 0
	for i := range len(s) {
		switch c := s[i]; {
		case c == '\n':
			b = append(append(b, s[from:i]...), `\n`...)
			from = i + 1
		case c < ' ', c >= utf8.RuneSelf, c == '"', c == '\\', c == '<', c == '>', c == '&':
			text, _ := json.Marshal(s) // which takes any text
			return append(b[:start], text...)
		}
	}
	return append(append(b, s[from:]...), '"')
}

// jsonList is a list of texts as encoding/json spells it, "[]" where there are none.
func jsonList(list []string) string {
	b := []byte{'['}
	for i, s := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendJSON(b, s)
	}
	return string(append(b, ']'))
}
