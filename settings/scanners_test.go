package settings

import (
	"strings"
	"testing"

	"gatepost/policy"
)

func TestScannerSettings(t *testing.T) {
	for text, want := range map[string]string{
		"":                                        "",
		"[clamav]\naddress = \"127.0.0.1:3310\"":  "",
		"[clamav]\naddress = \"/run/clamd.ctl\"":  "",
		"[clamav]\naddress = \"run/clamd.ctl\"":   "clamav.address: \"run/clamd.ctl\"",
		"[clamav]\non_failure = \"drop\"":         "clamav.on_failure: \"drop\": write pass, hold or defer",
		"[clamav]\ntimeout = \"1ms\"":             "clamav.timeout: 100ms at least",
		"[clamav]\nmax_size = 1":                  "clamav.max_size: 1KiB at least",
		"[rspamd]\nurl = \"http://[::1]:11333/\"": "",
		"[rspamd]\nurl = \"127.0.0.1:11333\"":     "rspamd.url: \"127.0.0.1:11333\": write where",
		"[rspamd]\nurl = \"http://a/checkv2\"":    "rspamd.url",
		"[rspamd]\ntask_timeout = \"0s\"":         "rspamd.task_timeout: 100ms at least",
		"[rspamd]\nhold_from = \"greylist\"":      "rspamd.hold_from: \"greylist\": write \"add header\" or",
		"[rspamd]\non_failure = \"Pass\"":         "rspamd.on_failure",
	} {
		s := Defaults()
		if err := s.Parse("gatepost.toml", []byte(text)); err != nil {
			t.Fatal(err)
		}
		err := s.Check()
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s:\n%v\nwant %q", text, err, want)
		}
	}
	s := Defaults()
	s.ClamAV.OnFailure, s.Rspamd.OnFailure = "hold", "pass"
	p, err := s.Policy()
	if err != nil || p.Unscanned != [...]policy.Unscanned{policy.HoldUnscanned, policy.PassUnscanned} {
		t.Errorf("%v, %v", p.Unscanned, err)
	}
}
