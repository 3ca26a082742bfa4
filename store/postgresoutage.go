package store

import (
	"context"
	"time"
)

// An outage is since when nothing can be written, or asked for a message, and why.
type outage struct {
	since time.Time
	why   error
}

// fails notes that a try which began at a time has failed for want of a server. It reports whether to
// try again: once it has been so for as long as anybody waits, each tries but once.
func (p *postgres) fails(began time.Time, why error) (again bool) {
	was := p.unwritten.Load()
	is := &outage{began, advised(why)}
	if was != nil {
		is.since = was.since
	}
	p.unwritten.CompareAndSwap(was, is) // or it is over, and was noted by another
	return time.Since(is.since) <= p.patience
}

// Outage is since when nothing can be written, and why; no error if it can, as far as is known. That is
// PostgreSQL's to say: a file that cannot be written is Broken.
func (db *DB) Outage() (since time.Time, why error) {
	if o := db.unwritten.Load(); o != nil {
		return o.since, o.why
	}
	return time.Time{}, nil
}

// probes tries to write while nothing can be written, until ctx ends: nobody else may for a while.
func (p *postgres) probes(ctx context.Context) {
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if _, why := p.Outage(); why != nil {
			trying, cancel := context.WithTimeout(ctx, beatWait)
			_ = p.Ping(trying) // it is known then
			cancel()
		}
	}
}

// await asks again as again has what is written tried again: a message that begins while another
// server takes the place of this one is as one that is being written then.
func (p *postgres) await(ctx context.Context, ask func() error) error {
	for began := time.Now(); ; pause() {
		at := time.Now()
		err := ask()
		if !isPassing(err) || ctx.Err() != nil || !p.fails(at, err) || time.Since(began) > p.patience {
			return err
		}
	}
}
