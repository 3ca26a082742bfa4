package main

import (
	"strings"
	"time"

	"gatepost/intake"
	"gatepost/policy"
	"gatepost/scanner"
	"gatepost/settings"
)

// A scannerSet are the scanners that settings name; nil for one that is not asked.
type scannerSet struct {
	clamd  *scanner.Clamd
	rspamd *scanner.Rspamd
}

// newScanners makes those that the settings name. No connection is made before there is a
// message to look into.
func newScanners(s *settings.Settings) *scannerSet {
	set := &scannerSet{}
	if c := s.ClamAV; c.Address != "" {
		set.clamd = scanner.NewClamd(c.Address, scanner.Limits{Timeout: time.Duration(c.Timeout),
			MaxSize: int64(c.MaxSize), AtOnce: int(c.MaxScans)})
	}
	if r := s.Rspamd; r.URL != "" {
		set.rspamd = scanner.NewRspamd(scanner.RspamdOptions{URL: r.URL,
			TaskTimeout: time.Duration(r.TaskTimeout),
			RejectOnly:  r.HoldFrom == settings.RspamdRejects},
			scanner.Limits{Timeout: time.Duration(r.Timeout), MaxSize: int64(r.MaxSize),
				AtOnce: int(r.MaxScans)})
	}
	return set
}

// all are those that there are, in the order in which they are asked.
func (set *scannerSet) all() (all []intake.Scanner) {
	if set.clamd != nil {
		all = append(all, set.clamd)
	}
	if set.rspamd != nil {
		all = append(all, set.rspamd)
	}
	return all
}

// send sends what became of scans since the scanners were set.
func (set *scannerSet) send(counter, gauge sender) {
	all := map[policy.Scanner]*scanner.Counts{}
	if set.clamd != nil {
		all[policy.ClamAV] = set.clamd.Counts()
	}
	if set.rspamd != nil {
		all[policy.Rspamd] = set.rspamd.Counts()
	}
	for s, counts := range all {
		for r := policy.NothingFound; r < policy.ScanResultCount; r++ {
			counter("scans_total", "Messages that a scanner was asked about, by what came of it.",
				float64(counts.Of(r)), "scanner", s.String(), "result", r.String())
		}
		counter("scan_seconds_total", "Time that scans took together, waiting included.",
			counts.Seconds(), "scanner", s.String())
		gauge("scans_open", "Scans that wait or are in progress.", float64(counts.Open()),
			"scanner", s.String())
	}
}

// scan has the scanners asked that the settings name.
func (g *daemon) scan(s *settings.Settings) []intake.Scanner {
	set := newScanners(s)
	g.scanners.Store(set)
	return set.all()
}

// isOfScanner reports whether a setting says how a scanner is asked.
func isOfScanner(key string) bool {
	return strings.HasPrefix(key, "clamav.") || strings.HasPrefix(key, "rspamd.")
}
