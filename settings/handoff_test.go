package settings

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const desk = `
[handoff.desk]
kind = "smtp"
address = "desk.test:25"
recipients = ["support@acme.test", "Help.Acme.Test"]
timeout = "90s"
parallel = 4

[handoff.second-desk]
kind = "lmtp"
address = "/run/lmtp"
`

// read reads a configuration file and variables as the program does.
func read(t *testing.T, text string, variables map[string]string) (*Settings, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "gatepost.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Read(Source{Path: path, Getenv: func(name string) string { return variables[name] }})
}

// A target is a table of the file, each of its settings may be in the environment, and what is
// secret is shown to nobody.
func TestHandoff(t *testing.T) {
	s, err := read(t, desk, map[string]string{"GATEPOST_HANDOFF_SECOND_DESK_PASSWORD": "geheim",
		"GATEPOST_HANDOFF_DESK_PARALLEL": "1"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Check(); err != nil {
		t.Error(err)
	}
	d, second := s.Handoff["desk"], s.Handoff["second-desk"]
	if d.Kind != "smtp" || d.Parallel != 1 || time.Duration(d.Timeout) != 90*time.Second ||
		second.Parallel != 2 || second.Events.String() != "ticket.created comment.created" {
		t.Errorf("%+v, %+v", d, second)
	}
	if got, err := d.Filter(); err != nil || !slices.Equal(got, []string{"support@acme.test",
		"help.acme.test"}) {
		t.Errorf("%q, %v", got, err)
	}
	if secret, err := second.Secret(); err != nil || secret != "geheim" {
		t.Errorf("%q, %v", secret, err)
	}
	shown := map[string]Line{}
	for _, l := range s.Lines() {
		shown[l.Setting] = l
		if strings.Contains(l.Value, "geheim") {
			t.Errorf("shown: %+v", l)
		}
	}
	for key, want := range map[string]string{
		"handoff.second-desk.password": "(set) from GATEPOST_HANDOFF_SECOND_DESK_PASSWORD",
		"handoff.desk.password":        " from default",
		"handoff.desk.timeout":         "90s from " + s.File,
		"handoff.desk.parallel":        "1 from GATEPOST_HANDOFF_DESK_PARALLEL",
	} {
		if got := shown[key].Value + " from " + shown[key].From; got != strings.Replace(want, "90s",
			"1m30s", 1) {
			t.Errorf("%s is %s, want %s", key, got, want)
		}
	}
	if got := s.Strays([]string{"GATEPOST_HANDOFF_DESK_PASSWORD=x", "GATEPOST_HANDOFF_DESK_PASWORD=x",
		"GATEPOST_HANDOFF_SECOND_DESK_TO=x"}); len(got) != 1 || !strings.Contains(got[0],
		"did you mean GATEPOST_HANDOFF_DESK_PASSWORD?") {
		t.Errorf("%q", got)
	}
}

// What is wrong is named, with its key or its place.
func TestWrongHandoff(t *testing.T) {
	for text, want := range map[string]string{
		`handoff = 1`:                                 `handoff: write a table for each target`,
		"[handoff]\ndesk = 1":                         `gatepost.toml:2:8: handoff.desk: write a table`,
		`[handoff."a b"]`:                             `handoff."a b": a target is called by small letters`,
		"[handoff.desk]\nadress = 1":                  `:2:1: there is no setting "handoff.desk.adress": did you mean "handoff.desk.address"?`,
		"[handoff.desk]\ncolour = 1":                  `handoff.desk has kind, address, allow, events`,
		"[handoff.desk]\ntimeout = 5":                 `handoff.desk.timeout: 5 has no unit`,
		"[handoff.desk]\nparallel = 0":                `handoff.desk.parallel: "0" is no whole number above 0`,
		"[handoff.desk]\nevents = \"ticket\"":         `handoff.desk.events: "ticket": write ticket.created,`,
		"[handoff.desk]\nevents = \"\"":               `handoff.desk.events: there are none`,
		"[handoff.desk]\nrecipients = \"a@b@c x..y\"": `handoff.desk.recipients: "a@b@c":`,
		"[handoff.desk]\npassword = \"x\"\npassword_file = \"y\"": `handoff.desk.password_file: there is a ` +
			`password, too`,
		"[handoff.desk]\nparallel = 1000":  `handoff.desk.parallel: 100 at most`,
		"[handoff.desk]\ntimeout = \"0s\"": `handoff.desk.timeout: 1s at least`,
	} {
		s, err := read(t, text, nil)
		if err == nil {
			err = s.Check()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n%v, want %s", text, err, want)
		}
	}
}

// A secret is the first line of its file.
func TestSecretFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	h := &Handoff{PasswordFile: file}
	if _, err := h.Secret(); err == nil || !strings.HasPrefix(err.Error(), "password_file: open") {
		t.Error(err)
	}
	for text, want := range map[string]string{"geheim": "geheim", "geheim\r\nmore": "geheim", "\nx": ""} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := h.Secret(); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}

// A target changes as a whole, also where only its secret does.
func TestReloadOfHandoff(t *testing.T) {
	was, err := read(t, desk, nil)
	if err != nil {
		t.Fatal(err)
	}
	next, err := read(t, strings.Replace(desk, "second-desk", "third", 1),
		map[string]string{"GATEPOST_HANDOFF_DESK_PASSWORD": "geheim"})
	if err != nil {
		t.Fatal(err)
	}
	changed, waiting := was.Hold(next)
	if waiting != nil || changed.String() != "handoff.desk handoff.second-desk handoff.third" {
		t.Errorf("changed %q, waiting %q", changed, waiting)
	}
	if again, err := read(t, desk, nil); err != nil {
		t.Error(err)
	} else if changed, _ := was.Hold(again); changed != nil {
		t.Errorf("the same has changed: %q", changed)
	}
}
