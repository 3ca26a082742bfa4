package policy

import (
	"strings"
	"testing"
)

// TestRemedyRows: every kind of remedy has words of its own, and is made in one way: by a
// command, which needs a subject, or by a setting, which has none.
func TestRemedyRows(t *testing.T) {
	said := map[string]RemedyKind{}
	for kind := range remedyEnd {
		row := remedyRows[kind]
		if before, twice := said[row.words]; row.words == "" || twice {
			t.Errorf("kind %d is said as %q, as kind %d is", kind, row.words, before)
		}
		said[row.words] = kind
		isSetting := row.setting.Key != "" && row.setting.Value != ""
		if isSetting == (row.command != "") || isSetting == strings.Contains(row.words, "%s") {
			t.Errorf("kind %d: %q by %q or %q", kind, row.words, row.command, row.setting)
		}
		if (row.about == nil) != (kind >= firstOut) || row.apply == nil {
			t.Errorf("kind %d is never tried", kind)
		}
	}
	if none := (Remedy{Kind: remedyEnd}); none.Words() != "" || none.Command() != "" {
		t.Errorf("there is no such kind, and it says %q", none.Words())
	}
}
