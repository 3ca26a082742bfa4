package policy_test

import (
	"strings"
	"testing"

	"gatepost/policy"
)

// What scanners say of a message that nothing else holds, and what becomes of it.
func TestScans(t *testing.T) {
	const later, never = policy.ScanFailed, policy.CannotBeScanned
	found := policy.Scan{Result: policy.Found, Words: "Test.Virus"}
	for name, c := range map[string]struct {
		scanner policy.Scanner
		scan    policy.Scan
		on      policy.Unscanned
		allow   bool
		off     policy.Cause
		want    string
		why     string // a part of the trail
	}{
		"nobody asked": {want: "ticket", why: "malware_detected: nothing shows it"},
		"nothing found": {scan: policy.Scan{Result: policy.NothingFound}, want: "ticket",
			why: "malware_detected: clamav: it finds nothing"},
		"found": {scan: found, want: "suspend malware_detected",
			why: "it may be harmful (clamav: Test.Virus)"},
		"found, allowed": {scan: found, allow: true, want: "suspend malware_detected"},
		"found, off": {scan: found, off: policy.Malware, want: "ticket",
			why: "malware_detected: it is switched off"},
		"failed, pass": {scan: policy.Scan{Result: later, Words: "x"}, on: policy.PassUnscanned,
			want: "ticket", why: "malware_detected: clamav: it was not scanned: x"},
		"failed, hold": {scan: policy.Scan{Result: later}, want: "suspend malware_detected",
			why: "clamav: it was not scanned)"},
		"failed, defer": {scan: policy.Scan{Result: later}, on: policy.DeferUnscanned,
			want: "defer malware_detected"},
		"too large, defer": {scan: policy.Scan{Result: never}, on: policy.DeferUnscanned,
			want: "suspend malware_detected"},
		"too large, pass": {scan: policy.Scan{Result: never}, on: policy.PassUnscanned,
			want: "ticket"},
		"spam": {scanner: policy.Rspamd, scan: policy.Scan{Result: policy.Found,
			Words: "reject, 20.0 of 15.0 points: GTUBE 20.0"}, want: "suspend spam",
			why: "marks it as spam (rspamd: reject, 20.0 of 15.0 points: GTUBE 20.0)"},
		"spam, allowed": {scanner: policy.Rspamd, scan: found, allow: true, want: "ticket",
			why: "spam: something shows it, but the sender is allowed"},
		"no spam": {scanner: policy.Rspamd, scan: policy.Scan{Result: policy.NothingFound,
			Words: "no action"}, want: "ticket", why: "spam: rspamd: it finds nothing: no action"},
		"no spam filter": {scanner: policy.Rspamd, scan: policy.Scan{Result: later},
			on: policy.DeferUnscanned, want: "defer spam"},
	} {
		t.Run(name, func(t *testing.T) {
			p := policy.Policy{}
			p.Unscanned[c.scanner], p.Off = c.on, p.Off.With(c.off)
			if c.allow {
				p.Allow = list(t, policy.Allow, "acme.test")
			}
			f := policy.Facts{}
			f.Sender.Address = address(t, "ann@acme.test")
			before := p.Decide(&f)
			asks := c.off != policy.Malware && !(c.allow && c.scanner == policy.Rspamd)
			if got := p.AsksScanner(&before, c.scanner); got != asks {
				t.Errorf("whether it is asked: %v", got)
			}
			f.Scans[c.scanner] = c.scan
			d := p.Decide(&f)
			if got := strings.TrimSpace(d.Action.String() + " " + d.Cause.String()); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
			if d.Unscanned() != (d.Action == policy.Defer) {
				t.Errorf("unscanned: %v", d.Unscanned())
			}
			trail := ""
			for _, s := range d.Trail() {
				trail += s.Rule + ": " + s.Answer + "\n"
			}
			if !strings.Contains(trail, c.why) {
				t.Errorf("the trail lacks %q:\n%s", c.why, trail)
			}
		})
	}
}

// What is held, rejected or deferred without them is nothing to ask scanners about.
func TestScannersAreNotAskedInVain(t *testing.T) {
	for _, c := range []struct {
		block  string
		stored int
	}{{block: "acme.test"}, {block: "reject:acme.test"}, {stored: 1}, {stored: 2}} {
		p := policy.Policy{Block: list(t, policy.Block, c.block),
			Settings: policy.Settings{PerHour: 1}}
		f := policy.Facts{Stored: c.stored}
		f.Sender.Address = address(t, "ann@acme.test")
		d := p.Decide(&f)
		if p.AsksScanner(&d, policy.ClamAV) || p.AsksScanner(&d, policy.Rspamd) {
			t.Errorf("%+v: %v, and a scanner is asked", c, d.Action)
		}
		if d.Unscanned() {
			t.Errorf("%+v: no scanner failed", c)
		}
	}
}

// Malware never makes a profile for who sent it.
func TestMalwareMakesNoProfile(t *testing.T) {
	if id, _ := policy.Malware.ID(); id != 25 || policy.Malware.ProfileOnRecover() {
		t.Errorf("%d, a profile: %v", id, policy.Malware.ProfileOnRecover())
	}
}
