package api

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"gatepost/httpd"
	"gatepost/store"
)

// Limits of a page. The vendor's clients ask for more now and then, and take what they get.
const (
	maxPage   = 100
	maxOffset = 10000 // records that can be reached by page numbers; cursors reach all
)

// A paging is which page a request asks for, in either of the vendor's styles.
type paging struct {
	request store.PageRequest
	cursor  bool // page[size], page[after], page[before]; otherwise page, per_page
	number  int  // from 1, of the other style
}

// pageParameters are those of a list, by cursor or by number.
func pageParameters() []parameter {
	return append(cursorParameters(),
		may("page[before]", "string", "the page before this cursor"),
		may("page", "1..", "number of the page, from 1: reaches the first 10,000 records"),
		may("per_page", "1..100", "records on a page, by number"))
}

// cursorParameters are those of a list that goes in one direction.
func cursorParameters() []parameter {
	return []parameter{may("page[size]", "1..100", "records on a page, by cursor"),
		may("page[after]", "string", "the page after this cursor")}
}

// readPaging reads both styles. Without any of them the page is the first hundred.
func readPaging(query url.Values) (p paging, err error) {
	p.number = 1
	p.request.Size = maxPage
	for _, name := range []string{"page[size]", "page[after]", "page[before]"} {
		p.cursor = p.cursor || query.Has(name)
	}
	if p.cursor {
		p.request.After, p.request.Before = query.Get("page[after]"), query.Get("page[before]")
		if p.request.After != "" && p.request.Before != "" {
			return p, httpd.Invalid("page", "page[after] and page[before] do not go together")
		}
		p.request.Size, err = readNumber(query, "page[size]", maxPage)
		p.request.Size = min(p.request.Size, maxPage)
		return p, err
	}
	if p.request.Size, err = readNumber(query, "per_page", maxPage); err != nil {
		return p, err
	}
	p.request.Size = min(p.request.Size, maxPage)
	if p.number, err = readNumber(query, "page", 1); err != nil {
		return p, err
	}
	if p.number > maxOffset/p.request.Size {
		return p, httpd.Invalid("page", "page numbers reach the first %d records: page[size] and "+
			"page[after] reach all", maxOffset)
	}
	return p, nil
}

// readNumber is a number from 1, or the default if there is none.
func readNumber(query url.Values, name string, otherwise int) (int, error) {
	text := query.Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, httpd.Invalid(name, "%q is no number from 1", text)
	}
	return n, nil
}

// turn reads the page that was asked for.
func turn[T any](p paging, read func(store.PageRequest) (store.Page[T], error)) (
	store.Page[T], error) {
	if p.cursor || p.number == 1 {
		return read(p.request)
	}
	skip := p.request
	for left := (p.number - 1) * p.request.Size; left > 0; left -= skip.Size {
		skip.Size = min(left, maxSkip)
		before, err := read(skip)
		if err != nil || !before.HasMore {
			return store.Page[T]{}, err
		}
		skip.After = before.Last
	}
	p.request.After = skip.After
	return read(p.request)
}

// maxSkip is how many records are passed over at once.
const maxSkip = 1000

// A body is the JSON of a page: the records under their name, and where the others are.
type body map[string]any

// pageBody says where the next page and the one before are, or null. Addresses are absolute,
// on the host that the caller used. count is only asked for the style that shows it.
func pageBody[T any](s *handlers, r *http.Request, name string, records any, p paging,
	page store.Page[T], count func() (int64, error)) (body, error) {
	b := body{name: records,
		"meta": map[string]any{"has_more": page.HasMore, "after_cursor": orNull(page.Last),
			"before_cursor": orNull(page.First)}}
	if s.DB.WithoutIndexes() {
		b["warning"] = store.IndexesWarning
	}
	if p.cursor {
		b["links"] = links(
			when(page.HasMore, s.link(r, "page[after]", page.Last, "page[before]")),
			when(page.HasPrevious, s.link(r, "page[before]", page.First, "page[after]")))
		return b, nil
	}
	n, err := count()
	if err != nil {
		return nil, err
	}
	reachable := page.HasMore && p.number < maxOffset/p.request.Size
	next := when(reachable, s.link(r, "page", strconv.Itoa(p.number+1)))
	previous := when(p.number > 1, s.link(r, "page", strconv.Itoa(p.number-1)))
	b["links"] = links(next, previous)
	b["next_page"], b["previous_page"], b["count"] = next, previous, n
	return b, nil
}

func links(next, previous *string) map[string]*string {
	return map[string]*string{"next": next, "prev": previous}
}

func when(is bool, link string) *string {
	if !is {
		return nil
	}
	return &link
}

func orNull(text string) *string { return when(text != "", text) }

// link is the address of this request with another page.
func (s *handlers) link(r *http.Request, name, value string, without ...string) string {
	query := r.URL.Query()
	for _, other := range without {
		query.Del(other)
	}
	query.Set(name, value)
	path := r.URL.Path
	if asked, err := url.ParseRequestURI(r.RequestURI); err == nil {
		path = asked.Path // with the .json that was taken off
	}
	return s.base(r) + (&url.URL{Path: path, RawQuery: query.Encode()}).String()
}

// base is what every address of ours begins with, as the caller knows us. The name was
// checked: it is one of ours.
func (s *handlers) base(r *http.Request) string {
	scheme := "http"
	if s.Secure || r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

// apiURL is the address of a record.
func (s *handlers) apiURL(r *http.Request, kind string, id int64) string {
	return fmt.Sprintf("%s/api/v2/%s/%d.json", s.base(r), kind, id)
}
