package console

import (
	"strings"
	"testing"
)

// However deep the HTML of a message is, its document is no deeper than a browser lays out
// at once; what is flat stays as it is.
func TestNestingIsBounded(t *testing.T) {
	for name, c := range map[string]struct {
		page, tag string
		most      int
	}{
		"deep":             {strings.Repeat("<div><b>", 25_000) + "the end", "<b>", maxNesting / 2},
		"ends of nothing":  {strings.Repeat("<b></i></div>", 25_000) + "the end", "<b>", maxNesting},
		"closed":           {strings.Repeat("<b>x</b>", 1000) + "the end", "<b>", 1000},
		"no ends":          {strings.Repeat("<p>x", 1000) + "the end", "<p>", 1000},
		"deep, then again": {strings.Repeat("<b>", 300) + strings.Repeat("</b>", 300) + "<i>the end</i>", "<i>", 1},
	} {
		got := sanitised(t, []string{c.page}, false)
		if n := strings.Count(got, c.tag); n != c.most || !strings.Contains(got, "the end") {
			t.Errorf("%s: %d of %s, want %d", name, n, c.tag, c.most)
		}
	}
}
