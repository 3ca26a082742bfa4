package message

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestReferences(t *testing.T) {
	for _, c := range []struct {
		name, header string
		want         []Reference
	}{
		{"none", "Subject: a\r\n", nil},
		{"nearest first", "References: <1@a> <2@a>\r\n <3@a>\r\nIn-Reply-To: <3@a>\r\n",
			[]Reference{{"In-Reply-To", "3@a"}, {"References", "2@a"}, {"References", "1@a"}}},
		{"folded within an id", "In-Reply-To: <long.\r\n part@a>\r\n",
			[]Reference{{"In-Reply-To", "long.part@a"}}},
		{"comment", "In-Reply-To: (of <not@a> (today)) <1@a> (Ann's message)\r\n",
			[]Reference{{"In-Reply-To", "1@a"}}},
		{"comment without an end", "In-Reply-To: <1@a> (of <2@a>\r\n",
			[]Reference{{"In-Reply-To", "1@a"}, {"In-Reply-To", "2@a"}}},
		{"phrase", "In-Reply-To: Your message of \"Fri <not@a>\" <1@a>\r\n",
			[]Reference{{"In-Reply-To", "1@a"}}},
		{"no white space", "References: <1@a><2@a>\r\n",
			[]Reference{{"References", "2@a"}, {"References", "1@a"}}},
		{"no brackets", "In-Reply-To: 1@a\r\nReferences: 0@a, 1@a\r\n",
			[]Reference{{"In-Reply-To", "1@a"}, {"References", "0@a"}}},
		{"no id", "In-Reply-To: Ann\r\nReferences: <>\r\n", nil},
		{"quoted local part", "In-Reply-To: <\"a(b\"@a>\r\n",
			[]Reference{{"In-Reply-To", `"a(b"@a`}}},
		{"no end", "In-Reply-To: <1@a> <2@a\r\n", []Reference{{"In-Reply-To", "1@a"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Parse([]byte(c.header + "\r\n")).References()
			if !slices.Equal(got, c.want) {
				t.Errorf("\n got %q\nwant %q", got, c.want)
			}
		})
	}
}

// However many somebody names, the nearest few are looked for.
func TestReferencesAreBounded(t *testing.T) {
	var ids, parents strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&ids, " <%d@a>", i)
		fmt.Fprintf(&parents, " <p%d@a>", i)
	}
	got := Parse([]byte("References:" + ids.String() + "\r\nIn-Reply-To:" + parents.String() +
		"\r\n\r\n")).References()
	if len(got) != maxReferences || got[0].ID != "p0@a" || got[maxParents-1].ID != "p4@a" ||
		got[maxParents].ID != "999@a" || got[maxReferences-1].ID != "985@a" {
		t.Errorf("%d: %q", len(got), got)
	}
	for _, odd := range []string{"(", "<", `"`, "<>", `\`, "(<\""} {
		field := "References: " + strings.Repeat(odd, MaxHeader/2/len(odd)) + "\r\n\r\n"
		if got := Parse([]byte(field)).References(); len(got) > 0 {
			t.Errorf("%s: %q", odd, got)
		}
	}
	if got := BareMessageID("<" + strings.Repeat("a", maxMessageID+1) + ">"); got != "" {
		t.Errorf("%d octets are an id", len(got))
	}
}

func TestBareMessageID(t *testing.T) {
	for field, want := range map[string]string{
		"<1@a>": "1@a", "<1@a> (x)": "1@a", "1@a": "1@a", "": "", "<>": "", "nothing": "",
		"< 1@a >": "1@a", "<1>": "1",
	} {
		if got := BareMessageID(field); got != want {
			t.Errorf("%q: %q, want %q", field, got, want)
		}
	}
}
