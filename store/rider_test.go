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
	for i := 0; w.waiting() == 0; i++ {
		if i == 1000 {
			t.Fatal("it does not wait for company")
		}
		time.Sleep(time.Millisecond)
	}
	if mail := by(w.do); mail != <-ridden {
		t.Error("it has a transaction to itself beside that of a message")
	}

	w.patience, w.crowdAt = time.Millisecond, time.Now().Add(time.Hour)
	by(w.ride) // nobody comes
}

func (w *writer) waiting() int {
	w.lock.Lock()
	defer w.lock.Unlock()
	return len(w.riders)
}

// Messages that were written together are a crowd; one with what became of others is not.
func TestCrowd(t *testing.T) {
	w := open(t).writer
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
		if got := !w.crowdAt.IsZero(); got != c.want {
			t.Errorf("%d writes: a crowd: %v", len(c.batch), got)
		}
	}
}
