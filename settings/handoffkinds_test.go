package settings

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// What is for another kind is refused with the kinds that have it, and shown only if it is set.
func TestKindsOfHandoff(t *testing.T) {
	s, err := read(t, "[handoff.hook]\nkind = \"webhook\"\nurl = \"https://desk.test/?token=geheim\"\n"+
		"secret = \"whsec_a whsec_b\"\n", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Check(); err != nil {
		t.Error(err)
	}
	hook := s.Handoff["hook"]
	if keys, err := hook.SigningKeys(); err != nil || !slices.Equal(keys, []string{"whsec_a",
		"whsec_b"}) {
		t.Errorf("%q, %v", keys, err)
	}
	if time.Duration(hook.Timeout) != 30*time.Second || !bool(hook.RetryUnknown) ||
		hook.Place() != "https://desk.test/" {
		t.Errorf("%+v, at %s", hook, hook.Place())
	}
	shown := map[string]string{}
	for _, l := range s.Lines() {
		shown[l.Setting] = l.Value
		if strings.Contains(l.Value, "geheim") || strings.Contains(l.Value, "whsec") {
			t.Errorf("shown: %+v", l)
		}
	}
	for setting, want := range map[string]bool{"url": true, "inline": true, "address": false,
		"program": false, "reply_to": false} {
		if _, is := shown["handoff.hook."+setting]; is != want {
			t.Errorf("%s is shown: %v", setting, is)
		}
	}
	for text, want := range map[string]string{
		"kind = \"webhook\"\naddress = \"x:25\"": "handoff.a.address: a target of the kind webhook has " +
			"none, but smtp, lmtp: take it out",
		"kind = \"smtp\"\nreturn_path = false": "handoff.a.return_path: a target of the kind smtp",
		"kind = \"maildir\"\npassword = \"x\"": "handoff.a.password: a target of the kind maildir",
		"kind = \"http\"\nreply_to = \"drop\"": `handoff.a.reply_to: "drop": write keep or remove`,
		"kind = \"http\"\ninline = \"1MiB\"":   "handoff.a.inline: a target of the kind http",
		"kind = \"http\"\nsecret = \"x\"\nsecret_file = \"y\"": "handoff.a.secret_file: there is a " +
			"secret, too",
		"kind = \"pigeon\"": `handoff.a.kind: "pigeon": write one of smtp, lmtp, `,
		"":                  "handoff.a.kind: it is missing: write one of smtp,",
	} {
		s, err := read(t, "[handoff.a]\n"+text, nil)
		if err == nil {
			err = s.Check()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n%v, want %s", text, err, want)
		}
	}
}

// docs/hand-off.md has every kind of target, and every setting that one has.
func TestHandoffOfDocs(t *testing.T) {
	text, err := os.ReadFile("../docs/hand-off.md")
	if err != nil {
		t.Fatal(err)
	}
	names := HandoffKinds()
	for f := range reflect.TypeFor[Handoff]().Fields() {
		names = append(names, f.Tag.Get("toml"))
	}
	for _, name := range names {
		if !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("docs/hand-off.md does not say what %s is", name)
		}
	}
}

// A tag that names no kind would keep a setting from all of them.
func TestSettingsOfKinds(t *testing.T) {
	for f := range reflect.TypeFor[Handoff]().Fields() {
		for kind := range strings.FieldsSeq(f.Tag.Get("for")) {
			if !slices.Contains(HandoffKinds(), kind) {
				t.Errorf("%s is for %s, which is no kind of target", f.Name, kind)
			}
		}
	}
}

// A pair without its equals sign may be a secret in the wrong place, and is not said.
func TestPairs(t *testing.T) {
	h := &Handoff{Fields: Words{"queue=a=b", "geheim"}, Headers: Words{"=x"}}
	if got, err := h.FormFields(); err == nil || strings.Contains(err.Error(), "geheim") ||
		got[0] != (Pair{"queue", "a=b"}) || !strings.HasPrefix(err.Error(), "fields: entry 2 is not") {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := h.HeaderFields(); err == nil {
		t.Error("a field without a name is taken")
	}
}
