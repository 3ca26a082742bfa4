package store

import (
	"context"
	"maps"
	"strings"

	"gatepost/policy"
)

// scanKind is what the kinds of count begin with that are of a scanner: "scan:clamav:found".
const scanKind = "scan:"

// scanTime is the kind of the milliseconds that scans took.
const scanTime = "ms"

// A ScanCount is what became of the scans of one scanner.
type ScanCount struct {
	Found   int64   `json:"found"`
	Nothing int64   `json:"nothing_found"`
	None    int64   `json:"not_scanned"` // no answer, or none to be had
	Seconds float64 `json:"seconds"`     // that one took on average, waiting included
}

// countScans counts what scanners said of a message, and how long they took.
func (t *tx) countScans(minute int64, f *policy.Facts) {
	for s, scan := range f.Scans {
		if scan.Result == policy.NotAsked {
			continue
		}
		kind := scanKind + policy.Scanner(s).String() + ":"
		t.count(minute, kind+scan.Result.String())
		t.counts[counter{minute, kind + scanTime}] += scan.Took
	}
}

// CountUnscanned counts the scans of a message that is deferred for want of an answer: nothing else
// is kept of it.
func (db *DB) CountUnscanned(ctx context.Context, r *Record) error {
	return db.writer.do(ctx, func(t *tx) error {
		t.countScans(minute(r.Envelope.ReceivedAt), r.Facts)
		return nil
	})
}

// takeScans takes the counts of scanners out of others; nil if no scanner was asked.
func (c Counts) takeScans() map[string]ScanCount {
	var all map[string]ScanCount
	for s := range policy.ScannerCount {
		prefix := scanKind + s.String() + ":"
		of := func(r policy.ScanResult) int64 { return c[prefix+r.String()] }
		n := ScanCount{Found: of(policy.Found), Nothing: of(policy.NothingFound),
			None: of(policy.ScanFailed) + of(policy.CannotBeScanned)}
		total := n.Found + n.Nothing + n.None
		if total == 0 {
			continue
		}
		n.Seconds = float64(c[prefix+scanTime]) / 1000 / float64(total)
		if all == nil {
			all = map[string]ScanCount{}
		}
		all[s.String()] = n
	}
	maps.DeleteFunc(c, func(kind string, _ int64) bool { return strings.HasPrefix(kind, scanKind) })
	return all
}
