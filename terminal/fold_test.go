package terminal_test

import (
	"testing"

	"gatepost/terminal"
)

func TestFold(t *testing.T) {
	const page = "# blank\n\nA message with\nnothing in it.\n\n- Switch: `causes.blank`\n- Lifted: no\n- `a.long.word.of.a.setting`\n\n## Why\nSo\n"
	for width, want := range map[int]string{
		80: "# blank\n\nA message with nothing in it.\n\n- Switch: `causes.blank`\n- Lifted: no\n- `a.long.word.of.a.setting`\n\n## Why\nSo\n",
		14: "# blank\n\nA message with\nnothing in it.\n\n- Switch:\n  `causes.blank`\n- Lifted: no\n-\n  `a.long.word.of.a.setting`\n\n## Why\nSo\n",
		0:  "#\nblank\n\nA\nmessage\nwith\nnothing\nin\nit.\n\n-\n  Switch:\n  `causes.blank`\n-\n  Lifted:\n  no\n-\n  `a.long.word.of.a.setting`\n\n##\nWhy\nSo\n",
	} {
		if got := terminal.Fold(page, width); got != want {
			t.Errorf("%d columns: %q, want %q", width, got, want)
		}
	}
	if got := terminal.Fold("", 80); got != "" {
		t.Errorf("%q", got)
	}
}
