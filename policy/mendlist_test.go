package policy_test

import (
	"fmt"
	"strings"
	"testing"

	"gatepost/policy"
)

// What has one right reading is taken, and told; the rest is left out, and told.
func TestMendEntries(t *testing.T) {
	for text, want := range map[string]struct{ entries, mended, left string }{
		"acme.test ann@acme.test":      {"acme.test ann@acme.test", "", ""},
		"@acme.test":                   {"acme.test", "@acme.test>acme.test", ""},
		"ACME.test SUSPEND:X.test":     {"acme.test suspend:x.test", "ACME.test>acme.test SUSPEND:X.test>suspend:x.test", ""},
		"a.test,b.test;c.test":         {"a.test b.test c.test", "a.test,b.test;c.test>a.test b.test c.test", ""},
		"acme.test, x.test,":           {"acme.test x.test", "acme.test,>acme.test x.test,>x.test", ""},
		"mailto:ann@acme.test?subject": {"ann@acme.test", "mailto:ann@acme.test?subject>ann@acme.test", ""},
		"a.test A.test a.test.":        {"a.test", "A.test> a.test.>", ""},
		"*.acme.test *@acme.test":      {"acme.test", "*.acme.test>acme.test *@acme.test>", ""},
		"bücher.test BÜCHER.test":      {"bücher.test", "BÜCHER.test>", ""},
		"Ann@BÜCHER.test":              {"ann@bücher.test", "Ann@BÜCHER.test>ann@bücher.test", ""},
		"reject: acme.test x.test":     {"reject:acme.test x.test", "reject: acme.test>reject:acme.test", ""},
		"<ann@acme.test>":              {"ann@acme.test", "<ann@acme.test>>ann@acme.test", ""},
		"mailto:p@BÜCHER.test,":        {"p@bücher.test", "mailto:p@BÜCHER.test,>p@bücher.test", ""},
		"<reject:@A.test>;*.b.test":    {"", "", "1"}, // is * b.test of rejected mail as well?
		"reject:@A.test,reject:*.b.test": {"reject:a.test reject:b.test",
			"reject:@A.test,reject:*.b.test>reject:a.test reject:b.test", ""},
		"reject:a.test,reject:b.test": {"reject:a.test reject:b.test",
			"reject:a.test,reject:b.test>reject:a.test reject:b.test", ""},

		"reject:*":                   {"", "", "1"},
		"suspend:a.test,b.test":      {"", "", "1"},
		"fine.test co.uk x@y@ #note": {"fine.test", "", "11 17 22"},
		"allow:acme.test 192.0.2.1":  {"", "", "1 17"},
		"ａｃｍｅ.test":                  {"", "", "1"},
	} {
		entries, mended, left := policy.MendEntries(policy.Block, text)
		var got [3][]string
		for _, e := range entries {
			got[0] = append(got[0], e.String())
		}
		for _, m := range mended {
			got[1] = append(got[1], m.Was+">"+m.Is)
		}
		for _, p := range left {
			got[2] = append(got[2], fmt.Sprint(p.Column))
		}
		for i, want := range []string{want.entries, want.mended, want.left} {
			if s := strings.Join(got[i], " "); s != want {
				t.Errorf("%s: %s %q, want %q", text, []string{"takes", "mends", "leaves"}[i], s, want)
			}
		}
	}
}
