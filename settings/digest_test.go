package settings

import (
	"strings"
	"testing"
)

// TestDigestSettings: what would keep people from being told is named, and how to mend it.
func TestDigestSettings(t *testing.T) {
	const target = "[handoff.mail]\nkind = \"smtp\"\naddress = \"127.0.0.1:25\"\n" +
		"events = [\"digest.made\"]\n"
	for text, want := range map[string]string{
		"to = \"ann@help.test\"": "",
		"to = \"ann@help.test=Europe/Berlin bob@help.test\"\ntime_zone = \"America/New_York\"": "",
		"to = \"ann\"":                                   `digest.to: "ann": there is no @`,
		"to = \"ann@help.test=Mars\"":                    `digest.to: "ann@help.test=Mars": there is no time zone "Mars"`,
		"time_zone = \"Local\"":                          `digest.time_zone: "Local" is none: write one such as Europe/Berlin`,
		"every = \"5m\"":                                 "digest.every: 10m at least",
		"every = \"3d\"":                                 "digest.warn_before: 2d is less than digest.every",
		"quiet_after = \"1m\"":                           "digest.quiet_after: 10m at least, or 0s",
		"from = \"gatepost\"":                            `digest.from: "gatepost": there is no @`,
		"links = \"gate.test\"":                          `digest.links: "gate.test" is no address of a page`,
		"links = \"https://gate.test/x/\"":               "",
		"reply_token = true":                             `digest.reply_token: no reply would be known by it`,
		"to = \"support@help.test\"":                     "digest.to: support@help.test is one of smtp.recipients",
		"to = \"a@b.test\"\n[handoff.x]\n" + target[15:]: "digest.to: mail, x carry it, and everybody would get it twice",
	} {
		s, err := read(t, "[smtp]\nrecipients = \"support@help.test\"\n"+target+"[digest]\n"+text, nil)
		if err == nil {
			err = s.Check()
		}
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", text, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	for text, want := range map[string]string{
		"[digest]\nto = \"a@b.test\"": "digest.to: no target carries it: give one of the kind smtp " +
			`"digest.made" among its events`,
		strings.Replace(target, "smtp", "lmtp", 1): "events: digest.made is for targets of the kind smtp",
		strings.Replace(target, "digest.made", "mail.quiet", 1): "events: mail.quiet is for targets of " +
			"the kind webhook",
	} {
		s, err := read(t, text, nil)
		if err == nil {
			err = s.Check()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}
