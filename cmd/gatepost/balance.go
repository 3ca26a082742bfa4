package main

import (
	"context"
	"time"
)

// balanceEvery is how often a server counts what became of the mail it took: often enough to
// tell the day, and seldom enough that to count millions of rows does not matter.
const balanceEvery = 24 * time.Hour

// watchBalance counts at the start and once a day. Whatever it finds, mail is taken.
func (g *daemon) watchBalance(ctx context.Context) error {
	tick := time.NewTicker(balanceEvery)
	defer tick.Stop()
	for {
		g.checkBalance(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (g *daemon) checkBalance(ctx context.Context) {
	b, err := g.db.Balance(ctx)
	switch n := b.Difference(); {
	case ctx.Err() != nil:
	case err != nil:
		g.log.Error("the messages that were accepted could not be counted", "error", err)
	case n > 0:
		g.log.Error("messages that were accepted are missing: run `gatepost doctor`, and restore "+
			"the database from a backup if it is damaged", "missing", n, "counted", b.String())
	case n < 0:
		g.log.Error("there are more messages than were accepted: something else has written into "+
			"the database; run `gatepost doctor`", "excess", -n, "counted", b.String())
	}
}
