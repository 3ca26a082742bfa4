package terminal

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// WriteJSON writes v as one line of JSON. Characters that a terminal would obey are escaped.
func WriteJSON(w io.Writer, v any) error {
	var line strings.Builder
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	_, err := io.WriteString(w, escapeJSON(strings.TrimSuffix(line.String(), "\n"))+"\n")
	return err
}

// JSONWriter writes JSON on to w as WriteJSON does. What is written to it at once has no part of
// a character at its ends.
func JSONWriter(w io.Writer) io.Writer { return jsonWriter{w} }

type jsonWriter struct{ io.Writer }

func (w jsonWriter) Write(text []byte) (int, error) {
	if _, err := io.WriteString(w.Writer, escapeJSON(string(text))); err != nil {
		return 0, err
	}
	return len(text), nil
}

// escapeJSON writes the hidden characters that encoding/json leaves as they are (DEL, C1,
// bidi, zero-width) as JSON escapes, so that the value stays the same.
func escapeJSON(line string) string {
	if strings.IndexFunc(line, isHidden) < 0 {
		return line
	}
	var b strings.Builder
	for _, r := range line {
		switch {
		case !isHidden(r):
			b.WriteRune(r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default: // a pair of surrogates (RFC 8259, section 7)
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		}
	}
	return b.String()
}
