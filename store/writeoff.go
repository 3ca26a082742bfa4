package store

import (
	"context"
	"errors"
	"fmt"
)

// ErrBalanced says that a difference which is to be written off is not the one that there is.
var ErrBalanced = errors.New("the difference is another")

// WriteOff takes a difference of the balance down as understood, see Balance.Difference: messages
// that are missing become lost, what is there beyond was accepted. Where the difference is not n
// nothing changes, and the error is ErrBalanced.
func (h *Editor) WriteOff(ctx context.Context, n int64) (b Balance, err error) {
	err = h.do(ctx, func(t *tx) error {
		if b, err = scanBalance(t.row(balanceQuery)); err != nil {
			return damaged(err)
		}
		if n == 0 || b.Difference() != n {
			return fmt.Errorf("%w: %d (%s)", ErrBalanced, b.Difference(), b)
		}
		total, count := totalLost, n
		if n < 0 {
			total, count = totalAccepted, -n
		}
		if err := t.exec(`update meta set value = value + $1 where name = $2`, count,
			total); err != nil {
			return err
		}
		_, err = h.note(t, event{action: "database.write_off", after: map[string]int64{total: count}})
		if err != nil {
			return err
		}
		b, err = scanBalance(t.row(balanceQuery))
		return err
	})
	return b, err
}
