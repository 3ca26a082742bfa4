package console

import (
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"gatepost/message"
	"gatepost/policy"
	"gatepost/store"
)

// templateFuncs are the functions that templates call.
func templateFuncs() template.FuncMap {
	return template.FuncMap{
		"show":      show,
		"lines":     showLines,
		"visible":   visible,
		"upper":     func(text string) template.HTML { return show(capital(text)) },
		"cause":     causeLabel,
		"causes":    causeList,
		"explained": isExplained,
		"orders":    store.HeldOrders,
		"order":     orderLabel,
		"age":       func(at time.Time) string { return age(time.Since(at)) },
		"lasts":     func(at time.Time) string { return span(time.Since(at)) },
		"ahead":     func(at time.Time) bool { return time.Until(at) > 0 },
		"left":      func(at time.Time) string { return left(time.Until(at)) },
		"stamp":     stampWords,
		"iso":       func(at time.Time) string { return at.UTC().Format(time.RFC3339) },
		"day":       func(at time.Time) string { return at.UTC().Format(time.DateOnly) },
		"size":      size,
		"count":     count,
		"less":      func(n, by int) int { return n - by },
		"another":   anotherAddress,
		"inUnicode": inUnicode,
		"otherForm": otherForm,
		"host":      func(email string) string { return email[strings.LastIndexByte(email, '@')+1:] },
		"suffix":    strings.HasSuffix,
		"under":     strings.HasPrefix,
		"diff":      difference,
		"change":    changeWords,
		"own":       ownChange,
		"foundAt":   foundAt,

		"firstNames":    firstNames,
		"firstFindings": firstFindings,

		"sides": sidesOf,
		"roles": func() []string { return []string{"end-user", "agent", "admin"} },
		"args":  func(values ...any) []any { return values },
	}
}

// stampWords is a time where no script says it in that of whoever looks.
func stampWords(at time.Time) string { return at.UTC().Format("2006-01-02 15:04") + " UTC" }

// show is a stranger's text on one line of HTML: what cannot be seen in it is marked, so
// that it passes for nothing else.
func show(text string) template.HTML { return marked(text, "") }

// showLines is show for text of several lines.
func showLines(text string) template.HTML {
	return marked(strings.ReplaceAll(text, "\r\n", "\n"), "\n\t")
}

func marked(text, keep string) template.HTML {
	var b strings.Builder
	for _, p := range pieces(text, keep) {
		if p.times == 0 {
			b.WriteString(template.HTMLEscapeString(p.text))
			continue
		}
		fmt.Fprintf(&b, `<span class="unseen">%s</span>`, p)
	}
	return template.HTML(b.String()) // everything in it was escaped above
}

// capital begins a text as a sentence does.
func capital(text string) string {
	r, n := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(r)) + text[n:]
}

// visible is show without marks, for what can only be text: a title, a label.
func visible(text string) string {
	var b strings.Builder
	for _, p := range pieces(text, "") {
		b.WriteString(p.String())
	}
	return b.String()
}

// A piece of a text is either plain or one character that cannot be seen, so many times.
type piece struct {
	text  string
	char  rune
	times int
}

func (p piece) String() string {
	switch p.times {
	case 0:
		return p.text
	case 1:
		return fmt.Sprintf("[%U]", p.char)
	}
	return fmt.Sprintf("[%U ×%d]", p.char, p.times)
}

func pieces(text, keep string) (all []piece) {
	start, before := 0, rune(0)
	for i, r := range text {
		if !hidden(r, before) || strings.ContainsRune(keep, r) {
			before = r
			continue
		}
		if start < i {
			all = append(all, piece{text: text[start:i]})
		}
		start = i + utf8.RuneLen(r)
		before = r
		if last := len(all) - 1; last >= 0 && all[last].times > 0 && all[last].char == r {
			all[last].times++
			continue
		}
		all = append(all, piece{char: r, times: 1})
	}
	if start < len(text) {
		all = append(all, piece{text: text[start:]})
	}
	return all
}

// hidden reports whether r must be marked. Spaces of other widths show as spaces, and what
// joins or colours the parts of an emoji belongs to it.
func hidden(r, before rune) bool {
	if r == '\u200d' || r == '\ufe0f' {
		return !unicode.In(before, unicode.So, unicode.Sk, unicode.Sm, unicode.Po) &&
			before != '\ufe0f' && !unicode.IsDigit(before)
	}
	return message.Invisible(r) && !unicode.Is(unicode.Zs, r)
}

// anotherAddress is an address in a display name that is not the sender's own, "" if there
// is none: the trick by which a stranger looks like a colleague.
func anotherAddress(p store.Person) string {
	words := strings.FieldsFunc(p.Name, func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune(`<>()[]",;:'`, r)
	})
	for _, word := range words {
		a, err := message.ParseAddress(strings.TrimRight(word, "."))
		if err == nil && a.String() != p.Email {
			return a.String()
		}
	}
	return ""
}

// inUnicode spells an address in the script of its domain, "" if that is how it is written.
func inUnicode(email string) string {
	a, err := message.ParseAddress(email)
	if err != nil || a.Domain().Unicode() == string(a.Domain()) {
		return ""
	}
	return strings.TrimSuffix(email, string(a.Domain())) + a.Domain().Unicode()
}

// otherForm spells an entry of a list in the script of its domain, or in ASCII if that is how it
// is written; "" if there is but one spelling.
func otherForm(entry string) string {
	e, err := policy.ParseEntry(policy.Block, entry)
	if err != nil {
		return ""
	}
	ascii := e.Keyword.String() + e.Target
	at := strings.LastIndexByte(e.Target, '@') + 1
	unicode := e.Keyword.String() + e.Target[:at] + message.Domain(e.Target[at:]).Unicode()
	switch {
	case ascii == unicode:
		return ""
	case strings.Contains(entry, e.Target[at:]):
		return unicode
	}
	return ascii
}

// span is a time in its largest unit: "3 h".
func span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "less than a minute"
	case d < time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", d/time.Hour)
	}
	return fmt.Sprintf("%d d", d/(24*time.Hour))
}

// age is how long ago something was.
func age(d time.Duration) string {
	if d < time.Minute {
		return "now"
	}
	return span(d)
}

// left is how long something stays. What was made just now for 14 days has 14 days left.
func left(d time.Duration) string { return span(d + time.Minute) }

func size(octets int64) string {
	switch {
	case octets < 1000:
		return fmt.Sprintf("%d B", octets)
	case octets < 1000*1000:
		return fmt.Sprintf("%.0f kB", float64(octets)/1000)
	}
	return fmt.Sprintf("%.1f MB", float64(octets)/1e6)
}

// count is a number and the word for so many.
func count(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// causeLabel is the label of a cause by its name; a name that is not known stands for itself.
func causeLabel(name string) string {
	if c, ok := policy.ParseCause(name); ok {
		return c.Label()
	}
	return name
}

// orderLabel is the label of an order of the queue by its name, which most are called by.
func orderLabel(name string) string {
	switch name {
	case "created":
		return "newest"
	case "author":
		return "sender"
	}
	return name
}

// A causeCount is one line of the rail.
type causeCount struct {
	Name  string
	Count int64
}

// causeList orders causes by how many messages each holds.
func causeList(counts map[string]int64) []causeCount {
	list := make([]causeCount, 0, len(counts))
	for name, n := range counts {
		list = append(list, causeCount{name, n})
	}
	slices.SortFunc(list, func(a, b causeCount) int {
		if a.Count != b.Count {
			return int(max(-1, min(1, b.Count-a.Count)))
		}
		return strings.Compare(a.Name, b.Name)
	})
	return list
}
