package policy

import "testing"

// What has one fix each is written as it was meant, and its white space stays; where one has none
// nothing is changed.
func TestMend(t *testing.T) {
	for text, want := range map[string]string{
		"@acme.test\n\tbücher.example  fine.test\n": "acme.test\n\tbücher.example  fine.test\n",
		"reject: acme.test fine.test":               "reject:acme.test fine.test",
		"*.acme.test,b.test":                        "",
		"fine.test":                                 "fine.test",
		"":                                          "",
		"@acme.test two@@acme.test":                 "",
		"a\u200bcme.test\nb.test:25 b.test":         "",
		"b\u200b.test b.test":                       "b.test b.test",
	} {
		got, ok := Mend(Block, text)
		if _, err := ParseList(Block, got); ok != (want != "" || text == "") || ok && (got != want ||
			err != nil) || !ok && got != text {
			t.Errorf("%q: %q, %t, want %q", text, got, ok, want)
		}
	}
	for text, want := range map[string]string{
		"10.0.0.1,10.0.0.2\n192.0.2.01": "10.0.0.1 10.0.0.2\n192.0.2.1",
		"192.0.2.77/24":                 "192.0.2.0/24",
		"192.0.2 10.0.0.1":              "192.0.2.* 10.0.0.1",
		"300.1.1.1 10.0.0.1":            "",
		"0.0.0.0/0":                     "",
	} {
		got, ok := MendRanges(text)
		if ok != (want != "") || ok && got != want || !ok && got != text {
			t.Errorf("%q: %q, %t, want %q", text, got, ok, want)
		}
	}
}

// FuzzMend: what is mended can be taken, and what can be taken is not changed.
func FuzzMend(f *testing.F) {
	for _, text := range []string{"@acme.test b.test", "reject: a.test", "10.0.0.1,10.0.0.2", "\xff @a.test"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		mended, ok := Mend(Block, text)
		if _, err := ParseList(Block, mended); ok != (err == nil) {
			t.Errorf("%q became %q, %t: %v", text, mended, ok, err)
		}
		if _, err := ParseList(Block, text); err == nil && mended != text {
			t.Errorf("%q became %q", text, mended)
		}
		mended, ok = MendRanges(text)
		if _, err := ParseRanges(mended); ok != (err == nil) {
			t.Errorf("ranges %q became %q, %t: %v", text, mended, ok, err)
		}
	})
}
