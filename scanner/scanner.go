// Package scanner asks the programs beside ours that look into messages: ClamAV's clamd and
// rspamd. It opens a connection for each message and sends it once that is there whole. It never
// takes a missing, broken or partial answer for a clean message, and decides nothing.
package scanner

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"gatepost/message"
	"gatepost/policy"
)

// Limits bound what is asked of one scanner.
type Limits struct {
	Timeout time.Duration // of one scan, the wait for a free place included
	MaxSize int64         // octets of a message that it takes
	AtOnce  int           // scans; at least one
}

// A gate lets as many scans through at once as a scanner is to bear, and counts them.
type gate struct {
	limits Limits
	places chan struct{}
	counts Counts
}

func newGate(l Limits) gate { return gate{limits: l, places: make(chan struct{}, max(l.AtOnce, 1))} }

// Counts are what became of scans since they were made.
type Counts struct {
	results [policy.ScanResultCount]atomic.Int64
	millis  atomic.Int64
	open    atomic.Int64
}

// Of is how many scans had that result.
func (c *Counts) Of(r policy.ScanResult) int64 { return c.results[r].Load() }

// Seconds is the time that all of them took together, waiting included.
func (c *Counts) Seconds() float64 { return float64(c.millis.Load()) / 1000 }

// Open is how many scans wait or are under way.
func (c *Counts) Open() int64 { return c.open.Load() }

// run has scan answer within the limits. A scanner that we gave up on may work on: its place
// stays taken until linger after the beginning.
func (g *gate) run(ctx context.Context, size int64, linger time.Duration,
	scan func(context.Context) policy.Scan) (said policy.Scan) {
	began := time.Now()
	g.counts.open.Add(1)
	defer func() {
		said.Took = time.Since(began).Milliseconds()
		g.counts.open.Add(-1)
		g.counts.results[said.Result].Add(1)
		g.counts.millis.Add(said.Took)
	}()
	switch {
	case size == 0: // which looks clean to both
		return never("the message is empty")
	case size > g.limits.MaxSize:
		return never("it has %d octets, and at most %d are scanned", size, g.limits.MaxSize)
	}
	ctx, cancel := context.WithTimeout(ctx, g.limits.Timeout)
	defer cancel()
	select {
	case g.places <- struct{}{}:
	case <-ctx.Done():
		return failed("too many scans at once: none of %d ended in time", cap(g.places))
	}
	entered := time.Now()
	said = scan(ctx)
	if rest := linger - time.Since(entered); ctx.Err() != nil && rest > 0 {
		time.AfterFunc(rest, func() { <-g.places })
	} else {
		<-g.places
	}
	return said
}

func failed(format string, v ...any) policy.Scan {
	return policy.Scan{Result: policy.ScanFailed, Words: message.Clean(fmt.Sprintf(format, v...))}
}

func never(format string, v ...any) policy.Scan {
	said := failed(format, v...)
	said.Result = policy.CannotBeScanned
	return said
}

// because is an error of the network in a few words: without addresses, and with what an operator
// can do something about.
func because(ctx context.Context, err error) string {
	if ctx.Err() != nil {
		return "no answer in time"
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Op + ": " + op.Err.Error()
	}
	return err.Error()
}
