package store

import (
	"context"
	"time"
)

// A write that nobody waits for to be acknowledged, such as what became of a hand-off, costs mail
// its turn where it has a transaction to itself: the messages that come meanwhile wait for one
// more fsync. So where messages come many at a time it rides with the next of them.

// mostRide is how long such a write waits for company: about as long as a client takes from one
// answer to the end of its next message.
const mostRide = 5 * time.Millisecond

// ride is do for what can wait a few milliseconds.
func (w *writer) ride(ctx context.Context, f func(*tx) error) error {
	return w.write(ctx, &write{do: f, turn: make(chan bool, 1), rides: true})
}

// Crowded reports whether messages come many at a time: what can wait does better to let them
// pass.
func (db *DB) Crowded() bool {
	db.writer.lock.Lock()
	defer db.writer.lock.Unlock()
	return db.writer.crowded()
}

// crowded is for who has the lock.
func (w *writer) crowded() bool { return time.Since(w.crowdAt) < w.patience }

// await has a write wait for company. The caller has the lock.
func (w *writer) await(j *write) {
	if len(w.riders) == 0 {
		time.AfterFunc(w.patience, w.alight)
	}
	w.riders = append(w.riders, j)
}

// alight has those who have waited for long enough written without company.
func (w *writer) alight() {
	w.lock.Lock()
	defer w.lock.Unlock()
	if riders := w.riders; len(riders) > 0 {
		w.riders = nil
		if w.enqueue(riders...) {
			riders[0].turn <- true
		}
	}
}

// enqueue queues writes, and reports whether the first of them is to lead. The caller has the
// lock.
func (w *writer) enqueue(all ...*write) (lead bool) {
	w.queue = append(w.queue, all...)
	lead = !w.leading
	w.leading = true
	return lead
}

// crowd notes when the last batch of several was taken. The caller has the lock.
func (w *writer) crowd(batch []*write) {
	n := 0
	for _, j := range batch {
		if !j.rides {
			n++
		}
	}
	if n > 1 {
		w.crowdAt = time.Now()
	}
}
