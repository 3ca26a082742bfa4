package console

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"gatepost/httpd"
	"gatepost/policy"
	"gatepost/store"
)

// pageSize is how many lines a list has: about two screens.
const pageSize = 50

// A listing is what somebody has asked a list for, as the query of its address has it.
type listing struct {
	path   string
	values url.Values
}

// listingKeys are what a listing keeps of a query. Where a page begins is kept only as long as
// nothing else changes.
var listingKeys = [...]string{"cause", "q", "sort", "order", "state", "target", "list",
	"keyword", "after", "before"}

func newListing(path string, r *http.Request) listing {
	l := listing{path: path, values: url.Values{}}
	for _, key := range listingKeys {
		if value := r.FormValue(key); value != "" {
			l.values.Set(key, value)
		}
	}
	return l
}

func (l listing) Get(key string) string { return l.values.Get(key) }

// URL is the address of the list as it is.
func (l listing) URL() string { return l.at(l.path) }

// Of is the address of one entry, with the list beside it as it is.
func (l listing) Of(id int64) string { return l.at(l.path + "/" + strconv.FormatInt(id, 10)) }

func (l listing) at(path string) string {
	if len(l.values) == 0 {
		return path
	}
	return path + "?" + l.values.Encode()
}

// With is the list with other settings: names and values, "" to leave one out. It begins at
// its first page.
func (l listing) With(pairs ...string) string {
	next := listing{l.path, url.Values{}}
	for key, values := range l.values {
		if key != "after" && key != "before" {
			next.values[key] = values
		}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			next.values.Del(pairs[i])
		} else {
			next.values.Set(pairs[i], pairs[i+1])
		}
	}
	return next.URL()
}

// Fields are what forms carry along, but for those that are named.
func (l listing) Fields(except ...string) map[string]string {
	fields := map[string]string{}
	for key := range l.values {
		fields[key] = l.values.Get(key)
	}
	for _, key := range except {
		delete(fields, key)
	}
	return fields
}

// query reads the one search box: words, of which from:acme.test and cause:spam are filters.
func (l listing) query() store.Query {
	q := store.Query{Cause: l.Get("cause"), Sort: l.Get("sort")}
	var words []string
	for word := range strings.FieldsSeq(l.Get("q")) {
		switch {
		case strings.HasPrefix(word, "from:"):
			q.From = httpd.LowerASCII(word[len("from:"):])
		case strings.HasPrefix(word, "cause:"):
			q.Cause = httpd.LowerASCII(word[len("cause:"):])
		default:
			words = append(words, word)
		}
	}
	q.Search = strings.Join(words, " ")
	return q
}

// page is where the list begins. What has no order of its own is the newest first.
func (l listing) page() store.PageRequest {
	byTime := l.Get("sort") == "" || l.Get("sort") == "created"
	return store.PageRequest{Size: pageSize, After: l.Get("after"), Before: l.Get("before"),
		Descending: l.Get("order") == "desc" || byTime && l.Get("order") != "asc"}
}

// A queueView is the queue as it is shown, with a message beside it if one is open.
type queueView struct {
	List   listing
	Page   store.Page[store.Suspended]
	Causes map[string]int64
	Total  int64
	All    *store.Matching // all that the list selects, if that is more than this page
	Open   *heldView       // nil if none is open
}

// IsOpen reports whether the message is the one that is open.
func (q queueView) IsOpen(id int64) bool { return q.Open != nil && q.Open.ID == id }

func (s *handlers) queueView(ctx context.Context, r *http.Request) (*queueView, error) {
	v := &queueView{List: newListing("/suspended", r)}
	var err error
	if v.Page, err = s.DB.SuspendedPage(ctx, v.List.query(), v.List.page()); err != nil {
		return nil, err
	}
	if v.Page.HasMore || v.Page.HasPrevious {
		m, err := s.DB.Matching(ctx, v.List.query())
		if err != nil {
			return nil, err
		}
		v.All = &m
	}
	s.QueueSeen(ctx)
	if v.Causes, err = s.DB.CauseCounts(ctx); err != nil {
		return nil, err
	}
	for _, n := range v.Causes {
		v.Total += n
	}
	return v, nil
}

// homePage leads to where somebody works.
func (s *handlers) homePage(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	home := "/suspended"
	if c.Role == policy.EndUser {
		home = "/requests"
	}
	http.Redirect(w, r, home, http.StatusSeeOther)
	return nil
}

func (s *handlers) queuePage(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	q, err := s.queueView(r.Context(), r)
	if err != nil {
		return err
	}
	return s.render(w, r, c, "queue.html", q)
}

// heldPage is the queue with one message open in it.
func (s *handlers) heldPage(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	id, err := httpd.PathID(r)
	if err != nil {
		return err
	}
	open, err := s.heldView(r.Context(), id)
	if err != nil {
		return s.goneFromQueue(w, r, id, err)
	}
	q, err := s.queueView(r.Context(), r)
	if err != nil {
		return err
	}
	q.Open = open
	open.place(q)
	return s.render(w, r, c, "queue.html", q)
}
