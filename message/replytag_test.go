package message_test

import (
	"fmt"
	"testing"

	"gatepost/message"
)

// TestReplyTag: what stands behind the last + is a tag if it begins as one does, whatever became
// of its letters on the way.
func TestReplyTag(t *testing.T) {
	for path, want := range map[string]string{
		"support+re-abc@help.test":     "support@help.test re-abc",
		"Support+RE-Abc@Help.test":     "Support@Help.test re-abc",
		"support+eu+re-abc@help.test":  "support+eu@help.test re-abc",
		"support+re-@help.test":        "support@help.test re-",
		"support+re-abc+x@help.test":   "support+re-abc+x@help.test ",
		"support+abc@help.test":        "support+abc@help.test ",
		"support@help.test":            "support@help.test ",
		"+re-abc@help.test":            "+re-abc@help.test ",
		`"a+re-b"@help.test`:           `"a+re-b"@help.test `,
		"postmaster":                   "postmaster ",
		"":                             " ",
		"support@help.test+re-x@a.com": "support@help.test@a.com re-x",
	} {
		base, tag := message.ReplyTag(path)
		if got := base + " " + tag; got != want {
			t.Errorf("%q: %q, want %q", path, got, want)
		}
	}
}

// TestWithoutReplyTags: who is named with a tag and without one is one recipient.
func TestWithoutReplyTags(t *testing.T) {
	got := fmt.Sprint(message.WithoutReplyTags([]string{"a+re-1@x.test", "b@x.test", "a+re-2@x.test",
		"b+re-1@x.test", "c+d@x.test"}))
	if got != "[a@x.test b@x.test c+d@x.test]" {
		t.Error(got)
	}
}

func TestBases(t *testing.T) {
	for text, want := range map[string]string{
		"support+eu+re-a@help.test": "[support+eu@help.test support@help.test]",
		"support@help.test":         "[]",
		"+x@help.test":              "[]",
		"a.+x@help.test":            `["a."@help.test]`,
		`"a+b c"@help.test`:         "[]",
	} {
		a := message.MustParseAddress(text)
		if got := fmt.Sprint(a.Bases()); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	if all := (message.Address{}).Bases(); all != nil {
		t.Error(all)
	}
}
