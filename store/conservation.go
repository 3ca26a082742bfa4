package store

import (
	"context"
	"fmt"
)

// Totals of messages since the database was made, as rows of meta. Each moves in the transaction
// that writes or deletes the rows it stands for.
const (
	totalAccepted   = "accepted"   // answered 250
	totalDuplicates = "duplicates" // that were stored before, see again.go
	totalRejected   = "rejected"   // silently
	totalDeleted    = "deleted"    // held, and deleted by a person for good
	totalExpired    = "expired"    // held, and deleted since their time was over
	totalSetAside   = "set_aside"
	totalLost       = "lost"
	totalHandedOff  = "handed_off" // tickets and comments, deleted since every target had them
)

// A Balance is what became of every message that was accepted. To recover one moves it from
// the held messages to the tickets or the comments, and changes no total.
type Balance struct {
	Accepted  int64 `json:"accepted"`
	Tickets   int64 `json:"tickets"`
	Comments  int64 `json:"comments"` // replies that joined a ticket
	Suspended int64 `json:"suspended"`
	Kept      int64 `json:"kept"` // deleted by a person, who may still restore them
	Rejected  int64 `json:"rejected"`
	Deleted   int64 `json:"deleted"`
	Expired   int64 `json:"expired"`
	HandedOff int64 `json:"handed_off"` // and deleted here since
	SetAside  int64 `json:"set_aside"`  // damaged, and taken out by a person
	Lost      int64 `json:"lost"`       // that a damaged database had, when it was salvaged

	Duplicates int64 `json:"duplicates"` // messages that were sent again, and are stored once
}

// Difference is how many messages were accepted of which nothing says what became of them: 0,
// if nothing was lost. Below 0, there is more than was accepted.
func (b Balance) Difference() int64 {
	return b.Accepted - b.Tickets - b.Comments - b.Suspended - b.Kept - b.Rejected -
		b.Deleted - b.Expired - b.HandedOff - b.SetAside - b.Lost - b.Duplicates
}

// String is the equation with its numbers.
func (b Balance) String() string {
	text := fmt.Sprintf("%d accepted; %d tickets", b.Accepted, b.Tickets)
	if b.Comments != 0 {
		text += fmt.Sprintf(", %d comments", b.Comments)
	}
	text += fmt.Sprintf(", %d held, %d rejected, %d deleted, %d expired", b.Suspended, b.Rejected,
		b.Deleted, b.Expired)
	for _, rare := range []struct {
		n    int64
		name string
	}{{b.Kept, "deleted and to be restored for a while"}, {b.HandedOff, "handed off and deleted"},
		{b.SetAside, "set aside"}, {b.Lost, "lost"},
		{b.Duplicates, "sent again"}} {
		if rare.n != 0 {
			text += fmt.Sprintf(", %d %s", rare.n, rare.name)
		}
	}
	return text
}

const balanceQuery = `select (select value from meta where name = '` + totalAccepted + `'),
	(select count(*) from tickets), (select count(*) from comments),
	(select count(*) from suspended),
	(select count(*) from deleted),
	(select value from meta where name = '` + totalRejected + `'),
	(select value from meta where name = '` + totalDeleted + `'),
	(select value from meta where name = '` + totalExpired + `'),
	(select value from meta where name = '` + totalHandedOff + `'),
	(select value from meta where name = '` + totalSetAside + `'),
	(select value from meta where name = '` + totalLost + `'),
	(select value from meta where name = '` + totalDuplicates + `')`

// Balance counts, in one snapshot.
func (db *DB) Balance(ctx context.Context) (Balance, error) {
	b, err := one(ctx, db, scanBalance, balanceQuery)
	if err != nil {
		return b, fmt.Errorf("balance of messages: %w", err)
	}
	return b, nil
}

func scanBalance(row scanner) (b Balance, err error) {
	return b, row.Scan(&b.Accepted, &b.Tickets, &b.Comments, &b.Suspended, &b.Kept, &b.Rejected, &b.Deleted,
		&b.Expired, &b.HandedOff, &b.SetAside, &b.Lost, &b.Duplicates)
}

// total counts one more message in a total.
func (t *tx) total(name string) {
	if t.totals == nil {
		t.totals = map[string]int64{}
	}
	t.totals[name]++
}

func (t *tx) flushTotals() error {
	for name, n := range t.totals {
		err := t.exec(`update meta set value = value + $1 where name = $2`, n, name)
		if err != nil {
			return fmt.Errorf("total of %s: %w", name, err)
		}
	}
	return nil
}
