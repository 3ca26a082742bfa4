package lint

import (
	"iter"

	"gatepost/policy"
)

// A Kind is what can be odd about an entry. Scripts know it by its id.
type Kind uint8

// The kinds, in the order in which they are said of one entry.
const (
	Covered Kind = iota
	Beaten
	Contradicting
	Divided
	Overruled
	Muted
	Provider
	Registry
	LookAlike
	Ours
	Expired
	Unmet
	kindEnd
)

// A Severity says how much it matters. The zero Severity is Note.
type Severity uint8

const (
	Note    Severity = iota // the entry does nothing, and can go
	Warning                 // it does something else than it seems to say
)

func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "note"
}

// A kindRow is all that is known of one kind.
type kindRow struct {
	id       string
	severity Severity
	idle     bool   // the entry never decides: without it every decision is the same
	words    string // behind the entry; %s is the other entry, or what else makes it so
	fix      func(Entry) []Change
	ask      func(*Lists, *Finding) bool // nil: only who knows the life of an entry can tell
}

// findings are the table of them.
var findings = [kindEnd]kindRow{
	Covered: {id: "covered", idle: true, fix: remove, ask: (*Lists).covered,
		words: "never decides: %s does already what it would do"},
	Beaten: {id: "beaten", severity: Warning, idle: true, fix: remove, ask: (*Lists).beaten,
		words: "lets nobody in: %s beats it"},
	Contradicting: {id: "contradicting", severity: Warning, fix: remove,
		ask: (*Lists).contradicting, words: "contradicts %s: the one lets in mail that is taken " +
			"to be from there, the other holds what only claims to be"},
	Divided: {id: "divided", severity: Warning, fix: remove, ask: (*Lists).divided,
		words: "contradicts %s: beside * a keyword holds or rejects an address only as long as " +
			"that has no profile"},
	Overruled: {id: "overruled", severity: Warning, fix: suspend, ask: (*Lists).overruled,
		words: "holds only mail that may not be from there: %s lets in the rest"},
	Muted: {id: "muted", severity: Warning, fix: suspend, ask: (*Lists).muted,
		words: "rejects nothing: beside %s it holds"},
	Provider: {id: "provider", severity: Warning, fix: temper, ask: (*Lists).provider,
		words: "is a mail provider: anybody can have an address there"},
	Registry: {id: "registry", severity: Warning, fix: temper, ask: (*Lists).registry,
		words: "is a public suffix: anybody can have a name under it"},
	LookAlike: {id: "look_alike", severity: Warning, fix: remove, ask: (*Lists).lookAlike,
		words: "looks like %s, from where mail comes to you, and is another domain"},
	Ours: {id: "ours", severity: Warning, fix: remove, ask: (*Lists).isOurs,
		words: "covers %s, an address of ours: mail that claims to be from it is held anyway " +
			"(from_support_address)"},
	Expired: {id: "expired", idle: true, fix: remove, words: "is over its time: it decides nothing"},
	Unmet:   {id: "unmet", fix: remove, words: "decided nothing for 90 days"},
}

// Kinds gives all of them, in their order.
func Kinds() iter.Seq[Kind] {
	return func(yield func(Kind) bool) {
		for k := Kind(0); k < kindEnd && yield(k); k++ {
		}
	}
}

// String is the id.
func (k Kind) String() string { return findings[k].id }

// Severity is how much it matters.
func (k Kind) Severity() Severity { return findings[k].severity }

// Idle reports whether such an entry never decides.
func (k Kind) Idle() bool { return findings[k].idle }

func remove(e Entry) []Change {
	return []Change{{e.List, e.Organization, policy.Change{Entry: e.Entry, Removed: true}}}
}

// become takes the entry off and puts its target there with another keyword.
func become(e Entry, k policy.Keyword) []Change {
	shown := e.String()[len(e.Keyword.String()):]
	other := policy.Entry{Keyword: k, Target: e.Target, Text: k.String() + shown}
	return append(remove(e), Change{List: e.List, Change: policy.Change{Entry: other}})
}

func suspend(e Entry) []Change { return become(e, policy.SuspendKeyword) }

// temper has mail held in place of rejected; an entry that lets in goes.
func temper(e Entry) []Change {
	if e.allows() {
		return remove(e)
	}
	return suspend(e)
}
