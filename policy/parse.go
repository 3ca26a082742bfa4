package policy

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxField is how many code points a field pasted whole may hold, its final newline not
// counted: the vendor's limit.
const MaxField = 10000

// ParseList reads a field pasted whole: entries separated by white space. A repeated entry
// is kept once, the first of them. The error is Problems with every entry that is refused;
// then there are no entries.
func ParseList(list ListName, text string) ([]Entry, error) {
	line := strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
	if n := utf8.RuneCountInString(line); n > MaxField {
		return nil, Problems{{
			List:   list,
			Column: MaxField + 1,
			Reason: fmt.Sprintf("the field holds %d characters, and takes %d", n, MaxField),
			Remedy: "add the entries one by one or import them from a file, which has no limit",
		}}
	}
	return ParseEntries(list, text)
}

// ParseEntries is ParseList without a limit, for entries that are imported.
func ParseEntries(list ListName, text string) ([]Entry, error) {
	var entries []Entry
	var problems Problems
	words := split(text)
	seen := make(map[Entry]bool, len(words))
	for i, w := range words {
		f := refuseComment(w.text)
		var e Entry
		if f == nil {
			e, f = parse(list, w.text)
		}
		if f != nil {
			f.joinNext(words[i+1:])
			problems = append(problems, f.problem(list, w, i+1))
		} else if !seen[e.rule()] {
			seen[e.rule()] = true
			entries = append(entries, e)
		}
	}
	if problems != nil {
		return nil, problems
	}
	return entries, nil
}

// ParseEntry reads one entry that came alone. The error is a *Problem, whose Position and
// Column are 0.
func ParseEntry(list ListName, s string) (Entry, error) {
	e, f := parse(list, strings.TrimSpace(s))
	if f != nil {
		p := f.problem(list, word{text: s}, 0)
		return Entry{}, &p
	}
	return e, nil
}

// A word is a piece of a field without white space.
type word struct {
	text   string
	column int // code points before it, and one
}

// split cuts a field at white space, but for that in a local part between quotation marks.
func split(text string) []word {
	var words []word
	start, column, from, quoted := -1, 0, 0, 0
	for i, r := range text {
		column++
		switch space := unicode.IsSpace(r) && i >= quoted; {
		case space && start >= 0:
			words = append(words, word{text[start:i], from})
			start = -1
		case !space && start < 0:
			start, from = i, column
			quoted = i + quotedLocal(text[i:])
		}
	}
	if start >= 0 {
		words = append(words, word{text[start:], from})
	}
	return words
}

// quotedLocal is how much of s its quoted local part takes, with the keyword in front of it; 0
// if s does not begin with one.
func quotedLocal(s string) int {
	const longest = len("suspend:") // of the keywords
	open := strings.IndexByte(s[:min(len(s), longest+1)], '"')
	isKeyword := func(k Keyword) bool { return lower(s[:open]) == k.String() }
	if open < 0 || open > 0 && !slices.ContainsFunc(keywords[:], isKeyword) {
		return 0
	}
	for i := open + 1; i < len(s) && s[i] >= ' '; i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			if strings.HasPrefix(s[i+1:], "@") {
				return i
			}
			return 0
		}
	}
	return 0
}

// A fault is what is wrong with one entry, before it is known where that stands.
type fault struct {
	reason  string
	instead string // another spelling, offered if it can be taken; may be several entries
	because string // why that spelling says what was meant
	remedy  string // what to do if the other spelling cannot be offered
	keyword string // the entry is this keyword alone
	guessed bool   // the other spelling may not say what was meant
}

// joinNext offers the keyword and the entry after it as one.
func (f *fault) joinNext(rest []word) {
	if f.keyword != "" && len(rest) > 0 {
		f.instead = f.keyword + rest[0].text
	}
}

func (f *fault) problem(list ListName, w word, position int) Problem {
	p := Problem{List: list, Position: position, Column: w.column, Entry: w.text,
		Reason: f.reason, Remedy: f.remedy}
	if f.instead != "" && readable(list, f.instead) {
		p.Remedy = "write " + f.instead + f.because
	}
	return p
}

// readable reports whether every entry of the text can be taken.
func readable(list ListName, text string) bool {
	words := split(text)
	for _, w := range words {
		if _, f := parse(list, w.text); f != nil {
			return false
		}
	}
	return len(words) > 0
}
