package intake

import (
	"context"
	"errors"
	"io"

	"gatepost/policy"
	"gatepost/store"
)

// A Scanner looks into messages for what policy calls by the same name. It always answers, in
// its own time limit at most: that it could not look is an answer.
type Scanner interface {
	Kind() policy.Scanner
	Scan(context.Context, policy.ScanQuery) policy.Scan
}

// ErrUnscanned says that a scanner gave no answer, and that the client is to come again where it
// does not: nothing was taken, and the Outcome has the decision.
var ErrUnscanned = errors.New("the message could not be scanned: try again later")

// deferred is why a deferred message is not taken.
func (r *Receiver) deferred(ctx context.Context, record *store.Record) error {
	if !record.Decision.Unscanned() {
		return ErrDeferred
	}
	if err := r.DB.CountUnscanned(ctx, record); err != nil {
		return err
	}
	return ErrUnscanned
}

// isDeferred reports whether nothing was taken because of a decision.
func isDeferred(err error) bool {
	return errors.Is(err, ErrDeferred) || errors.Is(err, ErrUnscanned)
}

// scan asks each scanner whose answer can still change the decision, one after the other, and
// decides again. No scanner is asked twice.
func (h *handling) scan(ctx context.Context, rules *policy.Policy, record *store.Record,
	d policy.Decision) (policy.Decision, error) {
	for _, s := range h.scanners {
		said := &record.Facts.Scans[s.Kind()]
		if said.Result != policy.NotAsked || !rules.AsksScanner(&d, s.Kind()) {
			continue
		}
		*said = s.Scan(ctx, policy.ScanQuery{ID: record.ID, Envelope: record.Envelope,
			Hop: record.Facts.Hop, Size: record.Content.Size,
			Content: func() io.Reader { return record.Content.From(0) }})
		if err := ctx.Err(); err != nil { // a scan that was broken off says nothing
			return d, err
		}
		d = rules.Decide(record.Facts)
	}
	return d, nil
}
