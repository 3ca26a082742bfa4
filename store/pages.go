package store

import (
	"context"
	"strconv"
	"strings"
)

// SuspendedPage is a page of the held messages that q selects, in its order; q.Limit counts
// for nothing.
func (db *DB) SuspendedPage(ctx context.Context, q Query, r PageRequest) (Page[Suspended], error) {
	l := listing[Suspended]{scan: scanSuspended, columns: suspendedColumns, from: suspendedFrom,
		id: "s.id"}
	l.where, l.args = q.where("s")
	o := q.order("s")
	l.sort, l.key = o.Name, o.key
	if l.key != "" && (q.Search != "" || q.From != "") {
		if err := db.find(ctx, &l); err != nil {
			return Page[Suspended]{}, err
		}
	}
	return page(ctx, db, l, r)
}

// fewFound is how many rows a search may find to have them sorted.
const fewFound = 2000

// find looks what a search finds. If that is little the listing becomes that: to look for it
// in the order of the listing would take the rows of the whole queue one by one.
func (db *DB) find(ctx context.Context, l *listing[Suspended]) error {
	found, few, err := db.few(ctx, l.id, " from suspended s"+l.where, l.args)
	if few {
		l.where, l.args = " where "+found, nil
	}
	return err
}

// few asks of a query whether it finds only a few rows, and is the condition that selects these.
func (db *DB) few(ctx context.Context, id, from string, args []any) (condition string, few bool,
	err error) {
	ids := []string{"null"} // which is no id, and a list has to have something in it
	for n, err := range each(ctx, db, scanCount, "select "+id+from+atMost(fewFound+1), args...) {
		if err != nil {
			return "", false, err
		}
		ids = append(ids, strconv.FormatInt(n, 10))
	}
	return id + " in (" + strings.Join(ids, ", ") + ")", len(ids)-1 <= fewFound, nil
}

// TicketPage is a page of the tickets that q selects, in its order; q.Limit counts for nothing.
func (db *DB) TicketPage(ctx context.Context, q Query, r PageRequest) (Page[Ticket], error) {
	l := listing[Ticket]{scan: scanTicket, columns: ticketColumns, from: ticketFrom,
		id: "t.id"}
	l.where, l.args = q.where("t")
	o := q.order("t")
	l.sort, l.key = o.Name, o.key
	return page(ctx, db, l, r)
}

// UserPage is a page of the profiles by address. All words of search are in the address or
// the name.
func (db *DB) UserPage(ctx context.Context, search string, r PageRequest) (Page[User], error) {
	var w conditions
	for _, word := range searchWords(search) {
		w.add(`(users.email like $ escape '\' or users.name like $ escape '\')`,
			containing(word))
	}
	l := listing[User]{scan: scanUser, columns: userColumns, from: " from users",
		sort: "email", key: "users.email", id: "users.id", where: w.where(), args: w.args}
	return page(ctx, db, l, r)
}

// OrganizationPage is a page of the organisations by name.
func (db *DB) OrganizationPage(ctx context.Context, r PageRequest) (Page[Organization], error) {
	return page(ctx, db, listing[Organization]{scan: scanOrganization,
		columns: organizationColumns, from: " from organizations", sort: "name", key: "name",
		id: "id"}, r)
}

// CountOrganizations is how many there are.
func (db *DB) CountOrganizations(ctx context.Context) (int64, error) {
	return one(ctx, db, scanCount, `select count(*) from organizations`)
}

// HandoffPage is a page of the hand-offs that q selects; q.Limit counts for nothing.
func (db *DB) HandoffPage(ctx context.Context, q HandoffQuery, r PageRequest) (Page[Handoff], error) {
	c := q.conditions()
	l := listing[Handoff]{scan: scanHandoff, columns: handoffColumns, from: " from handoffs h",
		sort: "created", id: "h.id", where: c.where(), args: c.args}
	return page(ctx, db, l, r)
}
