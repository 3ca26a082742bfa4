package settings

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"gatepost/policy"
)

// ClamAV says where and how clamd is asked.
type ClamAV struct {
	Address   string `toml:"address"`
	OnFailure string `toml:"on_failure"`
	Timeout   Span   `toml:"timeout"`
	MaxSize   Size   `toml:"max_size"`
	MaxScans  Number `toml:"max_scans"`
}

// Rspamd says where and how rspamd is asked.
type Rspamd struct {
	URL         string `toml:"url"`
	OnFailure   string `toml:"on_failure"`
	Timeout     Span   `toml:"timeout"`
	TaskTimeout Span   `toml:"task_timeout"`
	HoldFrom    string `toml:"hold_from"`
	MaxSize     Size   `toml:"max_size"`
	MaxScans    Number `toml:"max_scans"`
}

// The actions of rspamd from which a message is held: the values of rspamd.hold_from.
const (
	RspamdMarks   = "add header"
	RspamdRejects = "reject"
)

// leastScan is the least time that a scanner is given.
const leastScan = Span(100 * time.Millisecond)

// checkScanners checks how scanners are asked, also those that are not.
func (s *Settings) checkScanners() error {
	var errs []error
	wrong := func(bad bool, format string, v ...any) {
		if bad {
			errs = append(errs, fmt.Errorf(format, v...))
		}
	}
	if _, err := s.unscanned(); err != nil {
		errs = append(errs, err)
	}
	if a := s.ClamAV.Address; a != "" && !filepath.IsAbs(a) {
		err := checkAddress(a)
		wrong(err != nil, "clamav.address: %v, and no path of a socket, such as "+
			"/run/clamav/clamd.ctl", err)
	}
	if s.Rspamd.URL != "" {
		wrong(!plainURL(s.Rspamd.URL), "rspamd.url: %q: write where its normal worker listens, "+
			"such as http://127.0.0.1:11333", s.Rspamd.URL)
	}
	wrong(s.ClamAV.Timeout < leastScan, "clamav.timeout: %s at least: no scan would end", leastScan)
	wrong(s.Rspamd.Timeout < leastScan, "rspamd.timeout: %s at least: no scan would end", leastScan)
	wrong(s.Rspamd.TaskTimeout < leastScan, "rspamd.task_timeout: %s at least: no scan would "+
		"count as whole", leastScan)
	wrong(s.ClamAV.MaxSize < 1<<10, "clamav.max_size: 1KiB at least")
	wrong(s.Rspamd.MaxSize < 1<<10, "rspamd.max_size: 1KiB at least")
	wrong(s.Rspamd.HoldFrom != RspamdMarks && s.Rspamd.HoldFrom != RspamdRejects,
		"rspamd.hold_from: %q: write %q or %q", s.Rspamd.HoldFrom, RspamdMarks, RspamdRejects)
	return errors.Join(errs...)
}

// plainURL reports whether it is the scheme, a host and a port, and no more that would be sent.
func plainURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" &&
		u.User == nil && strings.Trim(u.Path, "/") == "" && u.RawQuery == "" && u.Fragment == ""
}

// unscanned is what becomes of mail that a scanner gave no answer on.
func (s *Settings) unscanned() (on [policy.ScannerCount]policy.Unscanned, err error) {
	for scanner, word := range map[policy.Scanner]string{policy.ClamAV: s.ClamAV.OnFailure,
		policy.Rspamd: s.Rspamd.OnFailure} {
		var e error
		if on[scanner], e = policy.ParseUnscanned(word); e != nil {
			err = errors.Join(err, fmt.Errorf("%s.on_failure: %w", scanner, e))
		}
	}
	return on, err
}
