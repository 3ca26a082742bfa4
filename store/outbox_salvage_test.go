package store

import (
	"path/filepath"
	"testing"
)

// What is salvaged of a database has its targets and what waits for them, and the next run
// carries it; what was done is not carried again, and no id of a hand-off is given twice.
func TestSalvagedHandoffs(t *testing.T) {
	from := filepath.Join(t.TempDir(), "old.db")
	f := openAt(t, from)
	f.targets(Target{Name: "desk", Kind: "smtp"})
	f.receive(mail("ann@mail.test", "one", ""))
	f.receive(mail("ann@mail.test", "two", ""))
	run := f.start()
	f.end(run, Carried{ID: f.take(run, "desk", 1)[0].ID, State: HandoffDone})
	f.take(run, "desk", 1) // and the server is killed
	to := filepath.Join(t.TempDir(), "new.db")
	if _, err := SalvageTo(t.Context(), from, to, Server(), Options{}); err != nil {
		t.Fatal(err)
	}
	g := openAt(t, to)
	g.receive(mail("ann@mail.test", "three", ""))
	g.wantHandoffs("salvaged", "desk ticket.created 1 done", "desk ticket.created 2 waiting",
		"desk ticket.created 3 waiting")
	if got := g.take(g.start(), "desk", 9); len(got) != 2 || got[0].Attempt != 2 {
		t.Errorf("%+v", got)
	}
	if n, err := g.StrandedHandoffs(t.Context()); n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	g.spoil(`pragma foreign_keys = off`)
	g.spoil(`delete from tickets where id = 3`)
	g.spoil(`delete from messages where id = 3`)
	if n, err := g.StrandedHandoffs(t.Context()); n != 1 || err != nil {
		t.Errorf("%d stranded, %v", n, err)
	}
}
