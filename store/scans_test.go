package store

import (
	"context"
	"testing"
	"time"

	"gatepost/policy"
)

// Status counts what scanners said, also of what was deferred, and neither as decisions.
func TestScansAreCounted(t *testing.T) {
	f, ctx := open(t), context.Background()
	said := func(s policy.Scanner, r policy.ScanResult, ms int64) variation {
		return func(rec *Record) { rec.Facts.Scans[s] = policy.Scan{Result: r, Took: ms} }
	}
	f.receive(mail("ann@acme.test", "1", "x"), said(policy.ClamAV, policy.NothingFound, 1000))
	r, _ := f.receive(mail("ann@acme.test", "2", "x"), said(policy.ClamAV, policy.Found, 2000))
	said(policy.ClamAV, policy.ScanFailed, 6000)(r)
	if err := f.CountUnscanned(ctx, r); err != nil {
		t.Fatal(err)
	}
	s, err := f.Status(ctx)
	want := ScanCount{Found: 1, Nothing: 1, None: 1, Seconds: 3}
	if err != nil || len(s.Scanners) != 1 || s.Scanners["clamav"] != want {
		t.Errorf("%+v, %v", s.Scanners, err)
	}
	if len(s.Hour) != 2 || len(s.Day) != 2 {
		t.Errorf("%v, %v", s.Hour, s.Day)
	}
	points, err := f.Plot(ctx, f.clock.Add(-time.Hour), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range points {
		for kind := range p.Counts {
			if kind != "ticket" && kind != "suspend" {
				t.Errorf("the plot has %q", kind)
			}
		}
	}
}
