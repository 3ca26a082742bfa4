package store

import (
	"fmt"
	"slices"
	"strings"

	"gatepost/message"
)

// conditions gathers what rows must meet, and the arguments.
type conditions struct {
	texts []string
	args  []any
}

// add adds a condition, in which each $ stands for the argument.
func (c *conditions) add(condition string, arg any) {
	c.args = append(c.args, arg)
	c.texts = append(c.texts, strings.ReplaceAll(condition, "$", fmt.Sprintf("$%d", len(c.args))))
}

// either adds a condition that one of the arguments must meet.
func (c *conditions) either(condition string, args ...any) {
	c.any(slices.Repeat([]string{condition}, len(args)), args)
}

// any adds conditions of which one must be met, each with its argument.
func (c *conditions) any(conditions []string, args []any) {
	from := len(c.texts)
	for i, condition := range conditions {
		c.add(condition, args[i])
	}
	c.texts = append(c.texts[:from], "("+strings.Join(c.texts[from:], " or ")+")")
}

func (c *conditions) where() string {
	if c.texts == nil {
		return ""
	}
	return " where " + strings.Join(c.texts, " and ")
}

// contains is true of what is searched if that has a word, see containing. As an expression it has
// PostgreSQL expect to find half of the rows, and walk them in the order of a page until that is full:
// of a word alone it expects next to nothing, and reads the whole table at once.
const contains = `coalesce(@.search like $ escape '\', false)`

func containing(word string) string { return "%" + escapeLike(word) + "%" }

// where is the condition of q on a table that is called alias, s or t, and its arguments.
func (q Query) where(alias string) (string, []any) {
	var c conditions
	add := func(condition string, args ...any) {
		c.either(strings.ReplaceAll(condition, "@.", alias+"."), args...)
	}
	q.whose(alias, add)
	for _, word := range searchWords(searched(q.Search)) {
		args := []any{containing(word)}
		if a := oneSpelling(word); a != word {
			args = append(args, containing(a))
		}
		add(contains, args...)
	}
	if !q.Before.IsZero() {
		add(`@.created_at < $`, q.Before.UnixMilli())
	}
	if !q.After.IsZero() {
		add(`@.created_at > $`, q.After.UnixMilli())
	}
	return c.where(), c.args
}

// whose is the part of q that is about senders and causes. A ticket has no cause, and a held
// message is nobody's request yet.
func (q Query) whose(alias string, add func(string, ...any)) {
	isTicket := alias == "t"
	switch {
	case q.Cause == "":
	case isTicket:
		add(`$ = ''`, q.Cause)
	case q.order(alias).key == "":
		add(`@.cause = $`, q.Cause)
	default: // the order has its index, and an expression keeps SQLite to it
		add(`@.cause || '' = $`, q.Cause)
	}
	switch {
	case q.Requester.IsZero():
	case isTicket:
		add(`@.requester = $ and not @.claimed`, q.Requester.String())
	default:
		add(`$ = ''`, q.Requester.String())
	}
	if strings.Contains(q.From, "@") {
		add(`@.author_email = $`, oneSpelling(q.From))
	} else if q.From != "" {
		domain := firstRunes(q.From, maxSearch)
		add(contains, containing(searched(domain))) // tells soonest that it is none
		add(`coalesce(@.author_email like '%@' || $ escape '\' or @.author_email like '%.' || $ escape '\',
			false)`, escapeLike(domain))
	}
}

// oneSpelling is an address as it is stored, however it is written; any other text is as it is.
func oneSpelling(text string) string {
	if a, err := message.ParseAddress(text); err == nil {
		return a.String()
	}
	return text
}

// What is looked for at most, in words and runes: SQLite refuses much longer conditions.
const (
	maxWords  = 20
	maxSearch = 500
)

func searchWords(text string) []string {
	words := strings.Fields(firstRunes(text, maxSearch))
	return words[:min(len(words), maxWords)]
}

func firstRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

func escapeLike(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}

func atMost(limit int) string {
	if limit <= 0 {
		return ""
	}
	return fmt.Sprintf(" limit %d", limit)
}
