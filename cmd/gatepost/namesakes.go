package main

import (
	"context"
	"fmt"
	"time"

	"gatepost/store"
)

// namesEvery is how often nodes of one name are looked for: one that has started is known to be there
// with its second sign of life, and so within a few seconds.
const namesEvery = 2 * time.Second

// watchNames says once of each node that has the name of this one.
func (g *daemon) watchNames(ctx context.Context) error {
	tick := time.NewTicker(namesEvery)
	defer tick.Stop()
	own, known := g.settings.Load().NodeName(), map[string]bool{}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		nodes, _ := g.db.Nodes(ctx) // what cannot be read now is the next time
		for _, n := range store.Namesakes(nodes) {
			if n.Name != own || n.Own || known[n.ID] {
				continue
			}
			known[n.ID] = true
			g.log.Warn("another node has the name of this one: nobody can tell which of them decided a "+
				"message; give each its own `node`", "node", n.Name, "id", n.ID, "version", n.Version,
				"started", stamp(n.StartedAt), "seen", stamp(n.SeenAt))
		}
	}
}

// nameWarnings are of nodes that have one name.
func nameWarnings(nodes []store.Node) (all []string) {
	same := store.Namesakes(nodes) // sorted by their names
	for i, n := range same {
		which := fmt.Sprintf("%s (%s, since %s, seen %s ago)", n.ID, n.Version, stamp(n.StartedAt),
			age(time.Duration(n.Unseen)*time.Second))
		if i > 0 && same[i-1].Name == n.Name {
			all[len(all)-1] += " and " + which
		} else {
			all = append(all, fmt.Sprintf("several nodes are called %s, give each its own `node`: %s",
				n.Name, which))
		}
	}
	return all
}
