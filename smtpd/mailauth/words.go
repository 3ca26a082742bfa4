package mailauth

import (
	"strings"

	"gatepost/message"
)

// maxWhy bounds an explanation, in runes. Some repeat what a stranger wrote.
const maxWhy = 200

// why says in one line what an error said, fit for any page or terminal.
func why(before string, err error) string {
	if err == nil {
		return before
	}
	return before + clean(err.Error())
}

func clean(s string) string {
	n := 0
	return strings.Map(func(r rune) rune {
		switch n++; {
		case n > maxWhy:
			return -1
		case message.Invisible(r):
			return '\uFFFD'
		}
		return r
	}, message.Clean(s))
}
