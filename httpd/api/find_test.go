package api

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"gatepost/httpd/httpdtest"
	"gatepost/policy"
)

// What is found is bounded by a span of time and a number; whether there is more is said.
func TestFindByTheAPI(t *testing.T) {
	st := testServer(t)
	st.Rules(policy.Block, "suspend:example.net reject:junk.test")
	for i := range 3 {
		st.Receive(httpdtest.Message("sam@example.net", fmt.Sprint("Copy ", i), "x"))
		st.Clock.Move(time.Hour)
	}
	do := st.As("agent@acme.test")
	find := func(query string) map[string]any {
		return st.Object(do("GET", "/api/v2/find"+query, ""), http.StatusOK)
	}
	for query, want := range map[string]string{
		"?query=sam":            "3,2,1 false",
		".json?query=sam+copy":  "3,2,1 false",
		"?query=sam&per_page=2": "3,2 true",
		"?query=sam&per_page=2&until=2026-11-22T10:00:00Z": "1 false",
		"?query=sam&since=2026-11-22T11:00:00%2B01:00":     "3,2 false",
		"?query=sam&since=2026-11-22T11:00:00+01:00":       "3,2 false",
		"?query=sam&since=2026-11-22":                      "3,2,1 false",
		"?query=sam&until=2026-11-22":                      " false",
		"?query=2":                                         "2,3 false",
		"?query=nobody":                                    " false",
		"?query=" + strings.Repeat("%25_", 5000):           " false",
		"?query=%00%ff":                                    " false",
	} {
		o := find(query)
		var ids []string
		for _, f := range o["found"].([]any) {
			ids = append(ids, fmt.Sprint(httpdtest.At(f, "id")))
		}
		got := fmt.Sprint(strings.Join(ids, ","), " ", httpdtest.At(o, "meta", "has_more"))
		if got != want || o["count"] != float64(len(ids)) {
			t.Errorf("%.80s: %q, want %q; count %v", query, got, want, o["count"])
		}
		st.Has(o, 0, "rejects")
	}
	o := find("?query=x@junk.test+example.net")
	st.Has(o, 1, "rejects")
	st.Wants(o, "x@junk.test", "rejects", 0, "sender")
	st.Wants(o, "junk.test is on the blocklist (reject:junk.test)", "rejects", 0, "why")
}

// A search that cannot be read is refused, with the parameter that it is about.
func TestFindRefusals(t *testing.T) {
	st := testServer(t)
	do := st.As("agent@acme.test")
	for query, want := range map[string][2]string{
		"":                             {"query", "there is nothing to look for"},
		"?query=%20":                   {"query", "there is nothing to look for"},
		"?query=a&q=b":                 {"q", "there is no such parameter: write query, since"},
		"?query=a&query=b":             {"query", "it is given 2 times"},
		"?query=a&page=2":              {"page", "there is no such parameter"},
		"?query=a&per_page=0":          {"per_page", "no number from 1"},
		"?query=a&since=tuesday":       {"since", `"tuesday" is no date: write 2026-11-24`},
		"?query=a&until=2026-11-24T15": {"until", "is no date"},
		"?query=a&since=2026-11-24&until=2026-11-24": {"since", "2026-11-24 is not before until"},
	} {
		o := st.Object(do("GET", "/api/v2/find"+query, ""), http.StatusUnprocessableEntity)
		said, _ := httpdtest.At(o, "details", want[0], 0, "description").(string)
		if !strings.Contains(said, want[1]) {
			t.Errorf("%s: %v, want %v", query, o, want)
		}
	}
	ann := st.As("ann@example.com")
	st.Object(ann("GET", "/api/v2/find?query="+url.QueryEscape("ann@example.com"), ""),
		http.StatusForbidden)
}
