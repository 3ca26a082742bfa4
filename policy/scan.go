package policy

import (
	"fmt"
	"io"

	"gatepost/message"
)

// A Scanner is a program beside ours that looks into messages.
type Scanner uint8

// The scanners, in the order in which they are asked.
const (
	ClamAV Scanner = iota
	Rspamd
	ScannerCount // how many there are
)

// A scannerRow is all that is known of a scanner.
type scannerRow struct {
	name  string
	cause Cause // that it shows
}

var scanners = [ScannerCount]scannerRow{
	ClamAV: {"clamav", Malware},
	Rspamd: {"rspamd", Spam},
}

// String is the name of the scanner, as settings and the trail have it.
func (s Scanner) String() string { return scanners[s].name }

// A ScanQuery is a message that a scanner is to look into.
type ScanQuery struct {
	ID       string // of the decision
	Envelope *message.Envelope
	Hop      Hop
	Size     int64            // octets
	Content  func() io.Reader // the message as it was received, from its beginning
}

// A Scan is what a scanner said of a message. The zero Scan is that nobody asked it.
type Scan struct {
	Result ScanResult
	Words  string // the name of what it found, its score, or why it could not say
	Took   int64  // milliseconds
}

// A ScanResult is what came of asking. Whatever is neither found nor nothing is no answer: a
// message that was not scanned is never taken for a clean one.
type ScanResult uint8

const (
	NotAsked ScanResult = iota
	NothingFound
	Found
	ScanFailed      // it gave no answer: later it may
	CannotBeScanned // it cannot look into this message, however often it is asked
	ScanResultCount
)

var scanResults = [ScanResultCount]string{"", "nothing found", "found", "failed", "cannot be scanned"}

func (r ScanResult) String() string { return scanResults[r] }

// parseScanResult is the result of that name, NotAsked if there is none.
func parseScanResult(name string) ScanResult {
	for r, text := range scanResults {
		if text == name {
			return ScanResult(r)
		}
	}
	return NotAsked
}

// String says it in a few words, "" if nobody asked. They repeat what the scanner wrote.
func (s Scan) String() string {
	switch s.Result {
	case NothingFound:
		return colon("it finds nothing", s.Words)
	case Found:
		return s.Words
	case ScanFailed, CannotBeScanned:
		return colon("it was not scanned", s.Words)
	}
	return ""
}

func colon(says, words string) string {
	if words == "" {
		return says
	}
	return says + ": " + words
}

// An Unscanned says what becomes of mail that a scanner gave no answer on, if nothing else
// holds it. The zero Unscanned holds it.
type Unscanned uint8

const (
	HoldUnscanned Unscanned = iota
	PassUnscanned
	DeferUnscanned // the client is to come again; held, if it cannot be scanned at all
)

// ParseUnscanned reads hold, pass or defer.
func ParseUnscanned(name string) (Unscanned, error) {
	for u, known := range [...]string{"hold", "pass", "defer"} {
		if name == known {
			return Unscanned(u), nil
		}
	}
	return HoldUnscanned, fmt.Errorf("%q: write pass, hold or defer", name)
}

// AsksScanner reports whether what the scanner says can change the decision, which was made
// without: not if the message is held, rejected or deferred already, if the cause is switched
// off, or if it is lifted from this sender.
func (p *Policy) AsksScanner(d *Decision, s Scanner) bool {
	c := scanners[s].cause
	return d.Action.LetsIn() && !p.Off.Has(c) && !(causes[c].lifted && d.allowed)
}

// scanned holds what the message itself shows, and then what a scanner found in it. A message
// that could not be scanned is held or deferred where that is asked for.
func scanned(p *Policy, f *Facts, s standing, c Cause) verdict {
	v := shown(p, f, s, c)
	scanner, there := scannerOf(c)
	if v.decides || !there {
		return v
	}
	scan := f.Scans[scanner]
	switch unscanned := p.Unscanned[scanner]; {
	case scan.Result == Found:
	case scan.Result != ScanFailed && scan.Result != CannotBeScanned, unscanned == PassUnscanned:
		return v
	case unscanned == DeferUnscanned && scan.Result == ScanFailed:
		return verdict{decides: true, action: Defer, cause: c, evidence: scan.evidence(scanner)}
	}
	return verdict{decides: true, action: Suspend, cause: c, evidence: scan.evidence(scanner)}
}

func (s Scan) evidence(by Scanner) Evidence {
	return Evidence{by.String(), s.String()}.fit()
}

// scannerOf is the scanner that shows a cause.
func scannerOf(c Cause) (s Scanner, there bool) {
	for s := range ScannerCount {
		if scanners[s].cause == c {
			return s, true
		}
	}
	return 0, false
}

// scanOf is what a scanner said where the rule of its cause did not decide, "" if it was not
// asked.
func (d Decision) scanOf(r ruleID) string {
	if r < firstOfCause || r >= ruleRate {
		return ""
	}
	scanner, there := scannerOf(firstAsked + Cause(r-firstOfCause))
	if !there || d.facts.Scans[scanner].Result == NotAsked {
		return ""
	}
	return d.facts.Scans[scanner].evidence(scanner).String()
}

// Unscanned reports whether it is deferred because a scanner did not answer.
func (d Decision) Unscanned() bool {
	return d.Action == Defer && d.step != ruleRate
}
