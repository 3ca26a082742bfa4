package terminal

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestTableOffTerminal(t *testing.T) {
	var out strings.Builder
	rows := [][]string{{"1", "a\tb", "x\ny\x1b[0m"}, {"2", "", "z"}}
	each := func(yield func([]string, error) bool) {
		_ = yield(rows[0], nil) && yield(rows[1], nil)
	}
	if err := WriteTable(&out, []string{"ID", "A", "B"}, each, false); err != nil {
		t.Fatal(err)
	}
	if want := "1\ta\\tb\tx\\ny\\x1b[0m\n2\t\tz\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

// A terminal must obey nothing in a line of JSON, and a reader must get the same value.
func TestWriteJSON(t *testing.T) {
	const text = "\x1b[31m \u202e \u200b \u009b \x7f \U000e0041 返 <b> & \u2028"
	var out strings.Builder
	if err := WriteJSON(&out, map[string]string{"subject": text}); err != nil {
		t.Fatal(err)
	}
	line, rest, _ := strings.Cut(out.String(), "\n")
	if rest != "" || strings.IndexFunc(line, isHidden) >= 0 {
		t.Errorf("WriteJSON wrote %q, which is not one visible line", out.String())
	}
	if !strings.Contains(line, "返 <b> &") {
		t.Errorf("WriteJSON wrote %q, and escaped what needs none", line)
	}
	var back map[string]string
	if err := json.Unmarshal([]byte(line), &back); err != nil || back["subject"] != text {
		t.Errorf("read back %q, %v; want %q", back["subject"], err, text)
	}
}
