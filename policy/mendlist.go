package policy

import "strings"

// A Mended is an entry that was taken for another spelling, or left out since it stands there
// already: then Is is "".
type Mended struct {
	Column  int // the code point of the field at which it begins, from 1
	Was, Is string
}

// MendEntries reads a field that comes from elsewhere: what has one right reading is taken, and
// told; the rest is left out, and told. Unlike those of Mend, its entries are in small letters.
func MendEntries(list ListName, text string) (entries []Entry, mended []Mended, left Problems) {
	seen := map[Entry]bool{}
	words := split(text)
	for i := 0; i < len(words); i++ {
		read, took, f := mendWord(list, words[i:], mostMends)
		if f != nil {
			left = append(left, f.problem(list, words[i], i+1))
			continue
		}
		var is []string
		for _, e := range read {
			if !seen[e.rule()] {
				seen[e.rule()] = true
				entries, is = append(entries, e), append(is, e.String())
			}
		}
		was := words[i].text
		if took > 1 {
			was += " " + words[i+1].text
		}
		if now := strings.Join(is, " "); now != was {
			mended = append(mended, Mended{words[i].column, was, now})
		}
		i += took - 1
	}
	return entries, mended, left
}

// mostMends is how many faults of one entry are mended, one within the other.
const mostMends = 4

// mendWord reads the first of the words, and the second with it where that is its target.
func mendWord(list ListName, words []word, mends int) (entries []Entry, took int, f *fault) {
	if f = refuseComment(words[0].text); f == nil {
		var e Entry
		if e, f = parse(list, lower(words[0].text)); f == nil {
			return []Entry{e}, 1, nil
		}
	}
	took = 1
	if f.joinNext(words[1:]); f.keyword != "" && len(words) > 1 {
		took = 2
	}
	if f.instead == "" || f.guessed || mends == 0 {
		return nil, 1, f
	}
	instead := split(f.instead)
	for i := 0; i < len(instead); {
		more, n, wrong := mendWord(list, instead[i:], mends-1)
		if wrong != nil {
			return nil, 1, f
		}
		entries, i = append(entries, more...), i+n
	}
	return entries, took, nil
}
