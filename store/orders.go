package store

import (
	"slices"
	"strings"
)

// An Order is something that held messages, and most of them tickets too, can be sorted by.
type Order struct {
	Name   string // as Query.Sort has it
	Column string // as the tables and the API call it

	// key is by what SQLite sorts, as an index has it, @. for the table; empty if by age. Where
	// that cannot be read, held and ticket are the same; ticket is nil if tickets have none.
	key    string
	held   func(Suspended) string
	ticket func(Ticket) string
}

// HeldOrders are what held messages can be sorted by. The first is theirs unless another is
// asked for: by age.
func HeldOrders() []Order {
	return []Order{
		{Name: "created", Column: "created_at"},
		{Name: "author", Column: "author_email", key: "lower(substr(@.author_email, 1, 64))",
			held:   func(s Suspended) string { return sortKey(s.Author.Email) },
			ticket: func(t Ticket) string { return sortKey(t.Requester.Email) }},
		{Name: "cause", Column: "cause", key: "@.cause",
			held: func(s Suspended) string { return s.Cause }},
		{Name: "subject", Column: "subject", key: "lower(substr(@.subject, 1, 64))",
			held:   func(s Suspended) string { return sortKey(s.Subject) },
			ticket: func(t Ticket) string { return sortKey(t.Subject) }},
	}
}

// TicketOrders are those of HeldOrders that tickets can be sorted by.
func TicketOrders() []Order {
	return slices.DeleteFunc(HeldOrders(), func(o Order) bool { return o.key != "" && o.ticket == nil })
}

// order is that of q on a table that is called alias, s or t, with its key for that table. What is
// not known is by age.
func (q Query) order(alias string) Order {
	all := HeldOrders()
	if alias == "t" {
		all = TicketOrders()
	}
	o := all[max(0, slices.IndexFunc(all, func(o Order) bool { return o.Name == q.Sort }))]
	o.key = strings.ReplaceAll(o.key, "@.", alias+".")
	return o
}

// sortKey is what SQLite sorts a text by.
func sortKey(text string) string { return asciiLower(firstRunes(text, 64)) }
