package policy

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/publicsuffix"

	"gatepost/message"
)

// refuseInvisible refuses what a person cannot see: it would make two entries that look
// the same match different senders. The joiners U+200C and U+200D belong to some scripts
// and are left for the domain to judge.
func refuseInvisible(s string) *fault {
	if s == "" {
		return &fault{reason: "the entry is empty", remedy: "write an address or a domain"}
	}
	if !utf8.ValidString(s) {
		return &fault{reason: "it is not UTF-8", remedy: "save the text as UTF-8"}
	}
	i := strings.IndexFunc(s, invisible)
	if i < 0 {
		return nil
	}
	r, _ := utf8.DecodeRuneInString(s[i:])
	return &fault{
		reason:  fmt.Sprintf("it holds the invisible character %U", r),
		instead: strings.Join(strings.Fields(strings.Map(visible, s)), " "),
		because: " without it",
		remedy:  "remove that character",
	}
}

func invisible(r rune) bool {
	if r == '\u200c' || r == '\u200d' || unicode.IsSpace(r) {
		return false
	}
	return message.Invisible(r)
}

func visible(r rune) rune {
	if invisible(r) {
		return -1
	}
	return r
}

// refuseSpace can only meet an entry that came alone: a field is cut at white space.
func refuseSpace(s string) *fault {
	words := split(s)
	if len(words) == 1 {
		return nil
	}
	if head := words[0].text; strings.HasSuffix(head, ":") {
		return &fault{
			reason:  "there is a space after the colon",
			instead: head + words[1].text,
			remedy:  "write the address or the domain right after the colon",
		}
	}
	return &fault{reason: "it holds white space", remedy: "give each entry by itself"}
}

// refuseSeparators refuses the habits of other programs. A quoted local part may hold
// anything, and is read as an address further on.
func refuseSeparators(s string) *fault {
	if !strings.ContainsAny(s, ",;") || strings.Contains(s, `"`) {
		return nil
	}
	parts := strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ';' })
	return &fault{
		reason:  "entries are separated by white space, not by a comma or a semicolon",
		instead: strings.Join(parts, " "),
		guessed: len(parts) > 1 && keyworded(parts[0]) && !keyworded(parts[1]), // of both, or one?
		remedy:  "put a space between two entries and nothing else",
	}
}

// keyworded reports whether a word begins with a keyword.
func keyworded(s string) bool {
	return slices.ContainsFunc(keywords[:], func(k Keyword) bool {
		return strings.HasPrefix(strings.TrimLeft(lower(s), "<"), k.String())
	})
}

func refuseBrackets(s string) *fault {
	if !strings.ContainsAny(s, "<>") || strings.Contains(s, `"`) {
		return nil
	}
	before, inside, _ := strings.Cut(s, "<")
	inside, _, _ = strings.Cut(inside, ">")
	if strings.HasSuffix(before, ":") {
		inside = before + inside
	}
	return &fault{
		reason:  "angle brackets do not belong in a list",
		instead: inside,
		remedy:  "write the address alone",
	}
}

func refuseDoubled(k Keyword, target string) *fault {
	before, rest, found := strings.Cut(target, ":")
	if !found || strings.ContainsAny(before, `@["`) {
		return nil
	}
	second, f := parseKeyword(before, rest)
	if f != nil {
		if f.instead != "" {
			f.instead = k.String() + f.instead
		}
		return f
	}
	f = &fault{reason: "an entry has one keyword", remedy: "keep one of the two keywords"}
	if second == k {
		f.instead = k.String() + rest
	}
	return f
}

// refusePattern refuses the ways in which other programs write a whole domain.
func refusePattern(s string) *fault {
	if strings.HasPrefix(s, "@") {
		return &fault{
			reason:  "an @ with nothing before it matches nobody",
			instead: s[1:],
			remedy:  "write the domain without the @",
		}
	}
	bare := strings.TrimPrefix(strings.TrimPrefix(s, "*"), "@")
	bare = strings.TrimLeft(bare, "*.")
	switch {
	case strings.HasPrefix(s, ".") && !strings.Contains(s, "@"):
		return &fault{reason: "a dot with nothing before it matches nobody", instead: s[1:],
			because: ", it covers subdomains", remedy: "write the domain without the dot"}
	case strings.Contains(s, "*") && !strings.Contains(s, `"`):
		return &fault{reason: "* stands alone, never for a part of a name", instead: bare,
			because: ", it covers subdomains", remedy: "write a domain, which covers its subdomains"}
	}
	return nil
}

// refuseComment refuses a word of a field that begins with #. In a file it would begin a
// comment, and a list that is shown must be read again as it was.
func refuseComment(s string) *fault {
	if !strings.HasPrefix(s, "#") {
		return nil
	}
	f := &fault{
		reason: "# at the start of a word begins a comment in a file",
		remedy: "leave the comment out, or import the list from a file",
	}
	if strings.Contains(s, "@") {
		f.instead, f.because, f.guessed = quoteLocal(s), " if it is an address", true
	}
	return f
}

// quoteLocal puts the local part between quotation marks, which makes no difference.
func quoteLocal(s string) string {
	at := strings.LastIndexByte(s, '@')
	return `"` + s[:at] + `"` + s[at:]
}

// refuseDoubtful refuses an address whose mail is held whatever the lists say.
func refuseDoubtful(a message.Address) *fault {
	switch a.Doubt() {
	case 0:
		return nil
	case message.RoutedLocal:
		return &fault{
			reason: "no entry matches it: % or ! before the @ names another host to some " +
				"readers, and mail from such an address is always held",
			remedy: "leave it out",
		}
	}
	return &fault{
		reason: "no entry matches it: =? begins an encoded word to some readers, and mail " +
			"from such an address is always held",
		remedy: "leave it out",
	}
}

// refuseBareKeyword refuses "reject acme.test", which would otherwise let acme.test's mail
// be held and not rejected.
func refuseBareKeyword(s string) *fault {
	for _, k := range keywords {
		if lower(strings.TrimSuffix(s, "."))+":" == k.String() {
			return &fault{
				reason:  "a keyword needs its colon",
				keyword: k.String(),
				remedy:  "write a colon and the address or the domain, without a space",
			}
		}
	}
	return nil
}

// refuseSuffix refuses a name under which anybody can register a domain. Only the ICANN
// section counts: gmail.com or github.io is a choice somebody may make.
func refuseSuffix(d message.Domain) *fault {
	suffix, icann := publicsuffix.PublicSuffix(string(d))
	if !icann || suffix != string(d) {
		return nil
	}
	return &fault{
		reason: fmt.Sprintf("%s is a public suffix: it would cover every domain under it", d),
		remedy: "write the domains that are meant, such as example." + string(d),
	}
}
