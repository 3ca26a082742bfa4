package main

import (
	"context"

	"gatepost/store"
)

// examineHandoffs looks at what is to be carried on. Where there is no target nothing is said.
func (a *app) examineHandoffs(ctx context.Context, db *store.DB) (all []finding) {
	const check = "hand-offs"
	targets, err := db.Targets(ctx)
	if err != nil {
		return []finding{fault(check, a.mendDatabase(err), "%v", err)}
	}
	for _, text := range a.targetWarnings(targets) {
		all = append(all, warn(check, "see `"+a.command("handoff", "targets")+"`", "%s", text))
	}
	stranded, err := db.StrandedHandoffs(ctx)
	if err != nil {
		return append(all, fault(check, a.mendDatabase(err), "%v", err))
	}
	if stranded > 0 {
		all = append(all, fault(check, "look for their messages in a backup", "%s without a message",
			count(int(stranded), "hand-off waits", "hand-offs wait")))
	}
	if all != nil || len(targets) == 0 {
		return all
	}
	return []finding{sound(check, "nothing waits for long, and nothing failed")}
}
