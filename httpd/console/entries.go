package console

import (
	"net/http"

	"gatepost/httpd"
	"gatepost/policy"
	"gatepost/store"
)

// An entriesView is a list as a table, a page of it.
type entriesView struct {
	List   listing
	Name   policy.ListName
	Tabs   []entriesTab
	Heads  []entriesHead
	Page   store.Page[store.ListedRule]
	Sorted string // what is left out by the order, "" if nothing is
	Error  string
}

// An entriesTab leads to one of the lists.
type entriesTab struct {
	Title, URL string
	Count      int
	Here       bool
}

// An entriesHead is the head of a column, and leads to the list in its order.
type entriesHead struct{ Title, URL, Sort string }

// entriesColumns are the orders of the table, and in which of them the greatest is first.
var entriesColumns = []struct {
	title, sort string
	descending  bool
}{{"Entry", "entry", false}, {"Note", "", false}, {"By", "", false}, {"Since", "added", true},
	{"Until", "expires", false}, {"Mail", "hits", true}, {"Last", "last", true}}

// leftOutBy says what a table in that order does not have.
var leftOutBy = map[string]string{"expires": "Only entries that end are in this order.",
	"hits": "Only entries that decided a message are in this order.",
	"last": "Only entries that decided a message are in this order; of reject: it is not kept when."}

func (s *handlers) entriesPage(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	return s.showEntries(w, r, c, http.StatusOK, "")
}

func (s *handlers) showEntries(w http.ResponseWriter, r *http.Request, c httpd.Caller, status int,
	wrong string) (err error) {
	v := entriesView{List: newListing("/rules/entries", r), Error: wrong}
	if v.Name = policy.ListName(v.List.Get("list")); v.Name != policy.Allow {
		v.Name = policy.Block
	}
	p, err := s.DB.Policy(r.Context())
	if err != nil {
		return err
	}
	for _, l := range []listView{{Name: policy.Block, Title: "Blocklist", Count: p.Block.Len()},
		{Name: policy.Allow, Title: "Allowlist", Count: p.Allow.Len()}} {
		v.Tabs = append(v.Tabs, entriesTab{l.Title, v.List.With("list", string(l.Name)), l.Count,
			l.Name == v.Name})
	}
	q := store.RuleQuery{List: v.Name, Search: v.List.Get("q"), Keyword: v.List.Get("keyword"),
		State: v.List.Get("state"), Sort: v.List.Get("sort")}
	page := v.List.page()
	page.Descending = v.heads()
	v.Sorted = leftOutBy[q.Sort]
	if v.Page, err = s.DB.RulePage(r.Context(), q, page); err != nil {
		return err
	}
	return s.renderStatus(w, r, c, status, "entries.html", v)
}

// heads makes the heads of the columns, and reports whether the order that is asked for has the
// greatest first.
func (v *entriesView) heads() (descending bool) {
	for _, column := range entriesColumns {
		head := entriesHead{Title: column.title}
		if column.sort != "" {
			down := column.descending
			if column.sort == v.sort() {
				if order := v.List.Get("order"); order != "" {
					down = order == "desc"
				}
				descending, head.Sort = down, "ascending"
				if down {
					head.Sort = "descending"
				}
				down = !down
			}
			head.URL = v.List.With("sort", column.sort, "order", map[bool]string{false: "asc",
				true: "desc"}[down])
		}
		v.Heads = append(v.Heads, head)
	}
	return descending
}

// sort is the order that is asked for, or the first.
func (v *entriesView) sort() string {
	for _, column := range entriesColumns {
		if column.sort != "" && column.sort == v.List.Get("sort") {
			return column.sort
		}
	}
	return entriesColumns[0].sort
}
