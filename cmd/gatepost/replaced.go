package main

import (
	"context"
	"time"

	"gatepost/store"
)

// rescueEvery is how long a rescue that failed is left before it is tried again: somebody may
// be making room for it.
const rescueEvery = 10 * time.Second

// watchFiles ends the server when the files of the database are no longer at their paths, once
// the mail in them is safe: they may have no other name, and end with this process.
func (g *daemon) watchFiles(ctx context.Context) error {
	if !g.db.AwaitReplaced(ctx) {
		return nil
	}
	for {
		rescued, err := g.db.Rescue(context.WithoutCancel(ctx))
		if err == nil {
			g.noteRescued(rescued)
			return g.db.Replaced()
		}
		g.log.Error("the database was replaced under the running server and its mail cannot be "+
			"written out: it is in this process only, do not end it before that is done",
			"reason", g.db.Replaced(), "error", err, "again_in", rescueEvery.String())
		select {
		case <-time.After(rescueEvery):
		case <-ctx.Done():
			return g.db.Replaced()
		}
	}
}

// noteRescued says in one line what has happened and how the mail comes back.
func (g *daemon) noteRescued(r store.Rescue) {
	attrs := []any{"reason", g.db.Replaced()}
	if r.Path != "" {
		attrs = append(attrs, "rescued", r.Path, "messages", r.Messages,
			"missing_contents", r.Missing)
	}
	if r.Lost != nil {
		g.log.Error("the database was written over under the running server, and there is no second "+
			"copy of it: all mail is put off (451) and the server stops; run `commands` as the "+
			"server's user and `gatepost restore` with your last backup; `gatepost doctor salvage` "+
			"reads what remains", append(attrs, "no_copy", r.Lost, "commands", r.Commands)...)
		return
	}
	if r.Unsaved > 0 {
		attrs = append(attrs, "not_rescued", r.Unsaved)
	}
	if r.Commands == "" {
		g.log.Error("the lock of the database was replaced under the running server: the server "+
			"stops, since another may run now; start it again", attrs...)
		return
	}
	g.log.Error("the database was replaced under the running server: all mail is put off (451) "+
		"and the server stops; to get the mail back, run `commands` as the server's user, and "+
		"then start it", append(attrs, "commands", r.Commands)...)
}

// warnOfCopy says when there is no second copy of the database, or none any more. It reports
// whether there is none, for the next time.
func (g *daemon) warnOfCopy(was bool) bool {
	err := g.db.SecondCopy()
	if err != nil && !was {
		g.log.Warn("there is no second copy of the database: when it is written over under the server "+
			"its mail has to come from a backup", "reason", err)
	}
	return err != nil
}
