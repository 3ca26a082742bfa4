package settings

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"gatepost/policy"
)

func TestSize(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "512": 512, "64KiB": 64 << 10, "25 MiB": 25 << 20, "2gib": 2 << 30,
		"10MB": 1e7, "1kb": 1000, "7B": 7,
	} {
		var s Size
		if err := s.UnmarshalText([]byte(text)); err != nil || int64(s) != want {
			t.Errorf("%q is %d, %v; want %d", text, s, err, want)
		}
	}
	for _, text := range []string{"", "MiB", "-1", "1.5GiB", "25 parsecs", "9999999999GiB",
		"99999999999999999999"} {
		if err := new(Size).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is taken for a size", text)
		}
	}
}

func TestSpan(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"14d": 14 * 24 * time.Hour, "36h": 36 * time.Hour, "1h30m": 90 * time.Minute,
		"90s": 90 * time.Second, "0d": 0, "250ms": 250 * time.Millisecond,
	} {
		var s Span
		if err := s.UnmarshalText([]byte(text)); err != nil || time.Duration(s) != want {
			t.Errorf("%q is %v, %v; want %v", text, s, err, want)
		}
	}
	for _, text := range []string{"", "14", "d", "-1d", "-5m", "1.5d", "999999999d", "soon"} {
		if err := new(Span).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is taken for a length of time", text)
		}
	}
}

// What config show prints of a size or a span can be written into the file.
func TestUnitsReadBack(t *testing.T) {
	for _, n := range []Size{0, 1, 1000, 1024, 1536, 25 << 20, 3 << 30, 1e9} {
		var back Size
		if err := back.UnmarshalText([]byte(n.String())); err != nil || back != n {
			t.Errorf("%d prints as %s, which reads as %d, %v", n, n, back, err)
		}
	}
	for _, d := range []time.Duration{0, time.Second, time.Minute, 90 * time.Second, time.Hour,
		25 * time.Hour, 48 * time.Hour, 90 * time.Minute, time.Millisecond} {
		var back Span
		if err := back.UnmarshalText([]byte(Span(d).String())); err != nil || back != Span(d) {
			t.Errorf("%v prints as %s, which reads as %s, %v", d, Span(d), back, err)
		}
	}
}

// Every setting can be given as text, as flags and the environment do, and has a default
// that passes.
func TestEverySettingTakesText(t *testing.T) {
	s := Defaults()
	s.Each(func(key string, v reflect.Value) {
		text := "7"
		switch v.Interface().(type) {
		case Span:
			text = "7s"
		case Toggle:
			text = "true"
		}
		if err := assign(v, text); err != nil {
			t.Errorf("%s = %s: %v", key, text, err)
		}
		if v.IsZero() {
			t.Errorf("%s stays empty", key)
		}
	})
}

func TestLimit(t *testing.T) {
	for text, want := range map[string]int{"0": 0, "20": 20, "100000": 100000} {
		var l Limit
		if err := l.UnmarshalText([]byte(text)); err != nil || int(l) != want {
			t.Errorf("%q is %d, %v; want %d", text, l, err, want)
		}
	}
	for _, text := range []string{"", "-1", "1.5", "none", "99999999999999999999"} {
		if err := new(Limit).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is taken for a limit", text)
		}
	}
}

func TestToggle(t *testing.T) {
	for text, want := range map[string]Toggle{"true": true, "false": false} {
		got := !want
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%q is %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "yes", "1", "True", "off"} {
		if err := new(Toggle).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is taken for true or false", text)
		}
	}
}

// Every switch of a cause is that of a cause, and reaches the policy.
func TestCauseSwitches(t *testing.T) {
	none, all := Defaults(), Defaults()
	causes := 0
	none.Each(func(key string, v reflect.Value) {
		name, found := strings.CutPrefix(key, CauseSwitch(""))
		if !found || name == "mailing_list" {
			return
		}
		causes++
		v.SetBool(false)
		cause, known := policy.ParseCause(name)
		if off := none.off(); !known || !off.Has(cause) || all.off().Has(cause) {
			t.Errorf("%s: known %v, switched off %v", key, known, off.Has(cause))
		}
	})
	if causes < 13 {
		t.Errorf("only %d causes have a switch", causes)
	}
}

// Claims are taken only where nobody but this machine can connect.
func TestTakesClaims(t *testing.T) {
	for text, want := range map[string]bool{
		"":                                      true,
		"smtp.listen = '127.0.0.1:25 [::1]:25'": true,
		"smtp.listen = '127.0.0.1:25 0.0.0.0:25'": false,
		"smtp.listen_tls = '192.0.2.1:465'":       false,
		"smtp.listen = ':25'":                     false,
		"smtp.relays = '127.0.0.1'":               false,
		"smtp.proxies = '127.0.0.1'":              false,
		"auth.loopback = 'check'":                 false,
	} {
		s := Defaults()
		if err := s.Parse("t.toml", []byte(text)); err != nil {
			t.Fatal(err)
		}
		if got := s.TakesClaims(); got != want {
			t.Errorf("%q takes claims: %v, want %v", text, got, want)
		}
	}
}

// What errors name of docs/relays.md is there.
func TestProductTable(t *testing.T) {
	text, err := os.ReadFile("../docs/relays.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "\n### "+productTable+"\n") {
		t.Errorf("docs/relays.md has no section %q", productTable)
	}
}

// What a file says is a setting or an error, and a check finds all that is wrong at once, in
// the order of the settings.
func TestCheckTellsAll(t *testing.T) {
	if err := Defaults().Check(); err != nil {
		t.Errorf("the defaults: %v", err)
	}
	s := Defaults()
	if err := s.Parse("t.toml", []byte("file = 'other.toml'")); err == nil {
		t.Error("file is no setting")
	}
	err := s.Parse("t.toml", []byte("db = ''\nauth.trust = 'all'\nhttp.ips = 'here'\n"+
		"smtp = {listen_tls = '192.0.2.1:465', clients = 'x', recipients = 'a@b@c'}\n"+
		"http.proxies = '*'"))
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for line := range strings.Lines(fmt.Sprint(s.Check())) {
		keys = append(keys, regexp.MustCompile(`^[a-z_.]+`).FindString(line))
	}
	want := "db auth.trust smtp.recipients smtp.clients smtp.tls_cert http.ips http.proxies"
	if got := strings.Join(keys, " "); got != want {
		t.Errorf("wrong are %s; want %s: %v", got, want, s.Check())
	}
}

// A cause that nobody knows is refused where it stands, however the file spells its section,
// and what is of another kind as well.
func TestCausesInFiles(t *testing.T) {
	for text, want := range map[string]string{
		"[causes]\nauto_mail = false": `c.toml:2:1: there is no setting "causes.auto_mail": ` +
			`did you mean "causes.auto_mailer"?`,
		"causes.auto_mail = false": `c.toml:1:1: there is no setting "causes.auto_mail": ` +
			`did you mean "causes.auto_mailer"?`,
		"[causes]\nserver_lock = true\nblocklisted = true": `c.toml:2:1: there is no setting ` +
			`"causes.server_lock": did you mean "causes.system_user"?` + "\n" +
			`c.toml:3:1: there is no setting "causes.blocklisted": did you mean "causes.blank"?`,
		"[causes]\n'' = true": `c.toml:2:1: there is no setting "causes.": did you mean "causes"?`,
		"[causes]\nblank = [false]": "c.toml:2:9: causes.blank: its value cannot be of the kind " +
			"array",

		"[causes.blank]\nx = 1": "c.toml:1:2: causes.blank: cannot store a table in a bool",
		"[causes]\nblank = false\nmailing_list = true\nspam = 'false'": "",
	} {
		s := Defaults()
		err := s.Parse("c.toml", []byte(text))
		if got := fmt.Sprint(err); got != want && (err != nil || want != "") {
			t.Errorf("%s:\n%s, want\n%s", text, got, want)
		}
		if off := s.off(); err == nil && (!off.Has(policy.Blank) || !off.Has(policy.Spam) ||
			off.Has(policy.Loop) || !bool(s.Causes.MailingList)) {
			t.Errorf("%s: %v", text, off)
		}
	}
}
