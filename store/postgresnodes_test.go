package store

import (
	"path/filepath"
	"testing"
	"time"

	"gatepost/policy"
	"gatepost/store/storetest"
)

// node opens the database of a path as one of its nodes, and has it be one until the end of the test.
func node(t *testing.T, path, name string) (f *fixture, leave func()) {
	t.Helper()
	f = &fixture{T: t, path: path, clock: noon}
	db, err := Open(at(t, path), Options{Node: name, Version: "1.2", Now: func() time.Time { return f.clock }})
	if err != nil {
		t.Fatal(err)
	}
	f.DB = db
	unlock, err := db.Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	left := false
	leave = func() {
		if left {
			return
		}
		left = true
		if err := unlock(); err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(leave)
	return f, leave
}

// Any number of nodes have one database, each decision names the one that made it, and each lists all
// of them: also one that is gone, for some days.
func TestNodes(t *testing.T) {
	onServerOnly(t)
	path := filepath.Join(t.TempDir(), "gatepost.db")
	one, leave := node(t, path, "mx1")
	two, _ := node(t, path, "mx2")
	other := openAt(t, path) // a command
	other.rules(policy.Block, "held.test")
	for _, f := range []*fixture{one, two, other} {
		r, id := f.receive(mail("a@held.test", "from "+f.writer.node, "x"))
		held, err := other.Suspended(t.Context(), id)
		if err != nil || held.Node != f.writer.node {
			t.Errorf("decided by %q, want %q; %v", held.Node, f.writer.node, err)
		}
		if e, err := other.Explain(t.Context(), r.ID); err != nil || e.Node != f.writer.node {
			t.Errorf("explained as of %q, want %q; %v", e.Node, f.writer.node, err)
		}
	}
	all := other.nodesAre("mx1", "mx2")
	for _, n := range all {
		if !n.Serving || n.Version != "1.2" || n.Layout < 20 || n.Unseen > 60 || n.StartedAt.After(n.SeenAt) {
			t.Errorf("%+v", n)
		}
	}
	if s, err := other.Status(t.Context()); err != nil || !s.Serving || !s.StartedAt.Equal(all[0].StartedAt) {
		t.Errorf("status: %+v, %v", s, err)
	}

	leave()
	other.nodesAre("mx2")
	other.nodeRows(`insert into nodes values ('lost', 'mx3', '1.1', 20, 5, ` + clockOfServer + ` - 60000),
		('long lost', 'mx4', '1.0', 20, 5, ` + clockOfServer + ` - 86400000 * 8)`)
	if err := two.engine.(*postgres).beat(t.Context()); err != nil {
		t.Fatal(err)
	}
	if all := other.nodesAre("mx2", "mx3"); all[1].Serving || all[1].Unseen < 60 {
		t.Errorf("lost: %+v", all[1])
	}
	other.nodeRows(`update nodes set seen_at = 5`)
	if s, err := other.Status(t.Context()); err != nil || s.Serving || s.StartedAt != nil {
		t.Errorf("status without a node: %+v, %v", s, err)
	}
}

// A node that was forgotten is there again with its next beat.
func TestNodeForgotten(t *testing.T) {
	onServerOnly(t)
	path := filepath.Join(t.TempDir(), "gatepost.db")
	f, _ := node(t, path, "mx1")
	f.nodeRows(`delete from nodes`)
	if err := f.engine.(*postgres).beat(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.nodesAre("mx1")
}

func (f *fixture) nodeRows(statement string) {
	f.Helper()
	if err := storetest.Run(at(f.T, f.path), statement); err != nil {
		f.Fatal(err)
	}
}

func (f *fixture) nodesAre(names ...string) []Node {
	f.Helper()
	all, err := f.engine.nodes(f.Context())
	if err != nil || len(all) != len(names) {
		f.Fatalf("nodes %+v, %v; want %q", all, err, names)
	}
	for i, n := range all {
		if n.Name != names[i] {
			f.Fatalf("nodes %+v, want %q", all, names)
		}
	}
	return all
}
