package policy

import (
	"strings"
	"unicode/utf8"
)

// Mend writes a field as it was meant: each entry that cannot be taken becomes the one spelling
// that its problem says to write. It reports false, and changes nothing, if any has none.
func Mend(list ListName, text string) (mended string, ok bool) {
	mended, ok = mend(text, func(words []word) (instead string, took int) {
		f := refuseComment(words[0].text)
		if f == nil {
			_, f = parse(list, words[0].text)
		}
		if f == nil {
			return words[0].text, 1
		}
		took = 1
		if f.joinNext(words[1:]); f.keyword != "" && len(words) > 1 {
			took = 2
		}
		if f.instead == "" || !readable(list, f.instead) {
			return "", 0
		}
		return f.instead, took
	})
	if _, err := ParseList(list, mended); !ok || err != nil {
		return text, false
	}
	return mended, true
}

// MendRanges is Mend for a field of network ranges.
func MendRanges(text string) (mended string, ok bool) {
	mended, ok = mend(text, func(words []word) (instead string, took int) {
		w := words[0].text
		var r Ranges
		f := r.add(w)
		switch {
		case f == nil:
			return w, 1
		case f.instead != "" && readableRanges(f.instead):
			return f.instead, 1
		case readableRanges(withoutZeros(w)):
			return withoutZeros(w), 1
		}
		rest, found := strings.CutPrefix(f.remedy, "write ")
		if !found || strings.ContainsRune(rest, ' ') || !readableRanges(rest) {
			return "", 0
		}
		return rest, 1
	})
	if _, err := ParseRanges(mended); !ok || err != nil {
		return text, false
	}
	return mended, true
}

// mend puts other words in the place of those of a text, whose white space stays as it is. The
// spelling of the first of the words stands for as many of them as it took, 0 if there is none.
func mend(text string, spell func(words []word) (instead string, took int)) (string, bool) {
	var b strings.Builder
	words, runes, done := split(text), []rune(text), 0
	for i := 0; i < len(words); {
		instead, took := spell(words[i:])
		if took == 0 {
			return text, false
		}
		last := words[i+took-1]
		b.WriteString(string(runes[done:words[i].column-1]) + instead)
		done = last.column - 1 + utf8.RuneCountInString(last.text)
		i += took
	}
	b.WriteString(string(runes[done:]))
	return b.String(), true
}
