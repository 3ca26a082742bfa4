package main

import (
	"context"
	"time"
)

// outageTold is how long nothing can be written before that is told of: until then it is a longer wait
// for 250.
const outageTold = 3 * time.Second

// watchOutages says once of each time in which PostgreSQL cannot be written that it is so, and once that
// it is over.
func (g *daemon) watchOutages(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for told := (time.Time{}); ; {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		since, why := g.db.Outage()
		switch {
		case why == nil && !told.IsZero():
			g.log.Info("the database can be written again", "database", g.db.Name(), "after",
				time.Since(told).Round(time.Second).String())
			told = time.Time{}
		case why != nil && told.IsZero() && time.Since(since) >= outageTold:
			g.log.Error("the database cannot be written: mail waits, and is put off with 451 if that "+
				"lasts", "database", g.db.Name(), "reason", why)
			told = since
		}
	}
}
