package policy

import (
	"fmt"
	"strings"

	"gatepost/message"
)

// The grammar of an entry:
//
//	allowlist  target; so has an organisation
//	blocklist  target | "suspend:" target | "reject:" target | "*"
//	target     address | domain
//
// Keywords are read in any letter case, "suspend:*" is "*", and a dot at the end of a
// domain is dropped.

// parse reads one entry without white space around it.
func parse(list ListName, s string) (Entry, *fault) {
	for _, refuse := range []func(string) *fault{
		refuseInvisible, refuseSpace, refuseSeparators, refuseBrackets,
	} {
		if f := refuse(s); f != nil {
			return Entry{}, f
		}
	}
	k, target, f := cutKeyword(list, s)
	if f != nil {
		return Entry{}, f
	}
	if target == Everyone {
		return everyone(list, k)
	}
	return parseTarget(k, target)
}

// keywords are the words that may stand before a colon.
var keywords = [...]Keyword{SuspendKeyword, RejectKeyword}

// cutKeyword reads a keyword and gives what follows it.
func cutKeyword(list ListName, s string) (Keyword, string, *fault) {
	before, target, found := strings.Cut(s, ":")
	if !found || strings.ContainsAny(before, `@["`) {
		return Plain, s, nil // the colon belongs to the address, which knows what is wrong with it
	}
	k, f := parseKeyword(before, target)
	switch {
	case f != nil:
		return 0, "", f
	case list != Block:
		return 0, "", keywordElsewhere(list, k, target)
	case target == "":
		return 0, "", &fault{
			reason:  "nothing follows the colon",
			keyword: k.String(),
			remedy:  "write the address or the domain right after the colon, without a space",
		}
	}
	return k, target, refuseDoubled(k, target)
}

// parseKeyword reads the word before a colon, in any letter case.
func parseKeyword(before, target string) (Keyword, *fault) {
	for _, k := range keywords {
		if lower(before)+":" == k.String() {
			return k, nil
		}
	}
	if lower(before) == "mailto" {
		address, _, _ := strings.Cut(target, "?")
		return 0, &fault{reason: "mailto: belongs in a link, not in a list", instead: address,
			remedy: "write the address alone"}
	}
	return 0, &fault{
		reason: fmt.Sprintf("%q is not a keyword", shorten(before+":")),
		remedy: "write suspend: or reject: on the blocklist, or the address or domain alone",
	}
}

func keywordElsewhere(list ListName, k Keyword, target string) *fault {
	f := &fault{
		reason: fmt.Sprintf("%s has no meaning %s", k, list.place()),
		remedy: "put the entry on the blocklist",
	}
	if readable(Block, k.String()+target) {
		f.remedy = "put " + k.String() + target + " on the blocklist"
	}
	return f
}

// everyone reads "*", which stands for all who have no profile.
func everyone(list ListName, k Keyword) (Entry, *fault) {
	switch {
	case list == Org:
		return Entry{}, &fault{
			reason: "* has no meaning in an organisation",
			remedy: "write the domains and addresses that it has",
		}
	case list == Allow:
		return Entry{}, &fault{
			reason: "* has no meaning on the allowlist",
			remedy: "leave the allowlist empty to let everyone in, " +
				"or write * on the blocklist to hold everyone who is not allowed",
		}
	case k == RejectKeyword:
		return Entry{}, &fault{
			reason:  "it would drop the mail of every stranger without a trace",
			instead: Everyone,
			because: " to hold it",
			guessed: true,
		}
	}
	return Entry{Target: Everyone, Text: Everyone}, nil
}

func parseTarget(k Keyword, s string) (Entry, *fault) {
	target, f := canonical(s)
	if f != nil {
		if f.instead != "" {
			f.instead = k.String() + f.instead
		}
		return Entry{}, f
	}
	shown := strings.TrimSuffix(s, ".")
	if k == Plain && refuseComment(s) != nil {
		shown = quoteLocal(shown)
	}
	return Entry{k, target, k.String() + shown}, nil
}

// canonical is the one spelling of an address or a domain.
func canonical(s string) (string, *fault) {
	if f := refusePattern(s); f != nil {
		return "", f
	}
	if strings.Contains(s, "@") {
		a, err := message.ParseAddress(s)
		if err != nil {
			return "", &fault{reason: err.Error(), instead: smallDomain(s),
				remedy: "write it like ann@acme.test"}
		}
		return a.String(), refuseDoubtful(a)
	}
	if f := refuseBareKeyword(s); f != nil {
		return "", f
	}
	d, err := message.ParseDomain(s)
	if err != nil {
		return "", &fault{reason: err.Error(), instead: smallDomain(s),
			remedy: "write it like acme.test"}
	}
	return string(d), refuseSuffix(d)
}

// smallDomain writes a domain in small letters of any script; "" if it is so already.
func smallDomain(s string) string {
	at := strings.LastIndexByte(s, '@') + 1
	if small := s[:at] + strings.ToLower(s[at:]); small != s {
		return small
	}
	return ""
}

// lower folds ASCII letters only: U+212A is no k.
func lower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, s)
}
