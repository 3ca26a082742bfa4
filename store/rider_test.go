package store

import (
	"context"
	"testing"
	"time"
)

// What can wait is written with the next message where messages come many at a time, at once
// where they do not, and by itself where none comes.
func TestRide(t *testing.T) {
	w := open(t).writer
	by := func(write func(context.Context, func(*tx) error) error) *tx {
		t.Helper()
		var in *tx
		err := write(context.Background(), func(t *tx) error { in = t; return nil })
		if err != nil || in == nil {
			t.Fatalf("written by %p: %v", in, err)
		}
		return in
	}
	w.patience = time.Hour
	by(w.ride) // nobody else writes: else this would not end

	w.crowdAt = time.Now()
	ridden := make(chan *tx)
	go func() { ridden <- by(w.ride) }()
	w.awaitRider(t)
	if mail := by(w.do); mail != <-ridden {
		t.Error("it has a transaction to itself beside that of a message")
	}

	w.patience, w.crowdAt = time.Millisecond, time.Now().Add(time.Hour)
	by(w.ride) // nobody comes
}

// awaitRider is until something waits for company.
func (w *writer) awaitRider(t *testing.T) {
	t.Helper()
	for range 5000 {
		w.lock.Lock()
		n := len(w.riders)
		w.lock.Unlock()
		if n > 0 {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("it does not wait for company")
}

// What is taken into hand, and what became of it, is what rides.
func TestHandoffsRide(t *testing.T) {
	f := open(t)
	f.targets(Target{Name: "desk", Kind: "smtp"})
	f.receive(mail("ann@acme.test", "1", "x"))
	r := f.start()
	with := func(write func()) {
		t.Helper()
		f.writer.patience, f.writer.crowdAt = time.Hour, time.Now()
		done := make(chan bool)
		go func() { write(); close(done) }()
		f.writer.awaitRider(t)
		f.receive(mail("bob@acme.test", "2", "y"))
		<-done
	}
	var leases []Lease
	with(func() { leases = f.take(r, "desk", 1) })
	with(func() { f.end(r, Carried{ID: leases[0].ID, State: HandoffDone}) })
}

// Messages that were written together are a crowd; one with what became of others is not.
func TestCrowd(t *testing.T) {
	db := open(t)
	w := db.writer
	w.patience = time.Hour
	for _, c := range []struct {
		batch []*write
		want  bool
	}{
		{[]*write{{}}, false},
		{[]*write{{}, {rides: true}, {rides: true}}, false},
		{[]*write{{}, {rides: true}, {}}, true},
	} {
		w.crowdAt = time.Time{}
		w.crowd(c.batch)
		if got := db.Crowded(); got != c.want {
			t.Errorf("%d writes: a crowd: %v", len(c.batch), got)
		}
	}
}
