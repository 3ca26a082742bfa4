package api

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"gatepost/httpd/httpdtest"
	"gatepost/policy"
)

// follow reads every page from a first one on, by links.next, and gives the ids.
func followPages(st *httpdtest.Site, first, name string, token string) (ids []float64, pages int) {
	st.Helper()
	for next := first; next != ""; pages++ {
		if pages > 300 {
			st.Fatal("there is no end")
		}
		o := st.Object(st.Do(call{Method: "GET", Path: next, Token: token}), 200)
		records, _ := o[name].([]any)
		for _, r := range records {
			ids = append(ids, httpdtest.At(r, "id").(float64))
		}
		more := httpdtest.At(o, "meta", "has_more").(bool)
		link, present := o["links"].(map[string]any)["next"]
		if !present {
			st.Fatal("links.next is missing")
		}
		to, isLink := link.(string)
		if isLink != more {
			st.Errorf("has_more %t beside %v", more, link)
		}
		u, err := url.Parse(to)
		st.Must(err)
		if isLink && (u.Scheme != "http" || u.Host != "localhost:8025") {
			st.Errorf("links.next is %q", to)
		}
		next = ""
		if isLink {
			next = u.RequestURI()
		}
	}
	return ids, pages
}

// TestPaging reads 257 entries in both styles, with every order, and each of them once.
func TestPaging(t *testing.T) {
	const held = 257
	st := testServer(t)
	secret, _ := st.Token("agent@acme.test")
	st.Rules(policy.Block, "*")
	for i := range held {
		st.Receive(httpdtest.Message(fmt.Sprintf("s%d@example.net", i%7), fmt.Sprintf("no %d", i%5), "x"))
	}
	for _, query := range []string{"", "?page[size]=100", "?page%5Bsize%5D=50&sort_by=subject",
		"?page[size]=99&sort_by=author_email&sort_order=desc", "?page[size]=100&sort_by=cause",
		"?per_page=30", "?per_page=25&page=1&sort_by=created_at&sort_order=asc", "?per_page=1000"} {
		for _, path := range []string{"/api/v2/suspended_tickets", "/api/v2/suspended_tickets.json"} {
			ids, pages := followPages(st, path+query, "suspended_tickets", secret)
			seen := map[float64]bool{}
			for _, id := range ids {
				seen[id] = true
			}
			if len(ids) != held || len(seen) != held || pages < 3 {
				t.Errorf("%s%s: %d entries, %d of them different, on %d pages", path, query, len(ids),
					len(seen), pages)
			}
		}
	}
}

// TestOffsetPages: what the older style shows beside the newer, and where it ends.
func TestOffsetPages(t *testing.T) {
	st := testServer(t)
	do := st.As("agent@acme.test")
	for i := range 5 {
		st.Hold(fmt.Sprint(i))
	}
	o := st.Object(do("GET", "/api/v2/suspended_tickets.json?per_page=2&page=2", ""), 200)
	const path = "/api/v2/suspended_tickets.json"
	st.Wants(o, 5.0, "count")
	st.Wants(o, "http://localhost:8025"+path+"?page=1&per_page=2", "previous_page")
	st.Wants(o, "http://localhost:8025"+path+"?page=3&per_page=2", "next_page")
	o = st.Object(do("GET", path+"?per_page=2&page=3", ""), 200)
	st.Wants(o, nil, "next_page")
	st.Wants(o, nil, "links", "next")
	o = st.Object(do("GET", "/api/v2/suspended_tickets?per_page=2&page=9", ""), 200)
	st.Has(o, 0, "suspended_tickets")
	st.Wants(o, nil, "next_page")
	for _, query := range []string{"page=101", "page=0", "page=x", "per_page=-1", "page[size]=x",
		"page[after]=nonsense", "page[after]=a&page[before]=b", "sort_by=size", "sort_order=up"} {
		if o := st.Object(do("GET", path+"?"+query, ""), 422); o["details"] == nil {
			t.Errorf("%s: %v", query, o)
		}
	}
}

// TestBackwards: page[before] leads back to where page[after] came from.
func TestBackwards(t *testing.T) {
	st := testServer(t)
	do := st.As("agent@acme.test")
	for i := range 5 {
		st.Hold(fmt.Sprint(i))
	}
	one := st.Object(do("GET", "/api/v2/suspended_tickets?page[size]=2", ""), 200)
	if httpdtest.At(one, "links", "prev") != nil {
		t.Errorf("before the first page: %v", one["links"])
	}
	get := func(link any) map[string]any {
		t.Helper()
		text, _ := link.(string)
		return st.Object(do("GET", strings.TrimPrefix(text, "http://localhost:8025"), ""), 200)
	}
	two := get(httpdtest.At(one, "links", "next"))
	back := get(httpdtest.At(two, "links", "prev"))
	if fmt.Sprint(back["suspended_tickets"]) != fmt.Sprint(one["suspended_tickets"]) {
		t.Error("the page before the second is not the first")
	}
}

// TestSuspendedTicket holds every field against the message.
func TestSuspendedTicket(t *testing.T) {
	st := testServer(t)
	st.Rules(policy.Block, "suspend:example.com")
	id := st.Receive(httpdtest.Message("Ann Example <ann@example.com>", "Help", "My printer burns."))
	do := st.As("agent@acme.test")
	o := st.Object(do("GET", "/api/v2/suspended_tickets/"+fmt.Sprint(id), ""), 200)
	held := httpdtest.At(o, "suspended_ticket").(map[string]any)
	for name, want := range map[string]any{"id": float64(id), "subject": "Help",
		"content": "My printer burns.", "cause": "blocklisted", "cause_id": 13.0,
		"message_id": "<1@example.com>", "recipient": "support@acme.test", "ticket_id": nil,
		"brand_id": nil, "error_messages": nil, "rule": "suspend:example.com",
		"created_at": "2026-11-22T09:00:00Z", "updated_at": "2026-11-22T09:00:00Z",
		"expires_at": "2026-12-06T09:00:00Z", "authentication": "none",
		"url": "http://localhost:8025/api/v2/suspended_tickets/" + fmt.Sprint(id) + ".json"} {
		if got, present := held[name]; got != want || !present {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	ann, _ := st.DB.User(t.Context(), st.Address("ann@example.com"))
	st.Wants(held, float64(ann.ID), "author", "id")
	st.Wants(held, "ann@example.com", "author", "email")
	st.Wants(held, "Ann Example", "author", "name")
	st.Wants(held, "email", "via", "channel")
	st.Wants(held, "support@acme.test", "via", "source", "to", "address")
	st.Wants(held, "Ann Example", "via", "source", "from", "name")
	if trail := held["trail"].([]any); len(trail) < 3 || held["why"] == "" {
		t.Errorf("trail %v", trail)
	}
	o = st.Object(do("GET", "/api/v2/decisions/"+held["decision_id"].(string), ""), 200)
	if o["decision"] != "suspend" || o["id"] != float64(id) || o["why"] != held["why"] {
		t.Errorf("decision %v", o)
	}
	for _, path := range []string{"/suspended_tickets/99", "/suspended_tickets/x", "/decisions/none",
		"/suspended_tickets/-1", "/tickets/99", "/users/99"} {
		do := st.As("admin@acme.test")
		if o := st.Object(do("GET", "/api/v2"+path, ""), 404); o["error"] != "RecordNotFound" ||
			o["description"] != "Not found" {
			t.Errorf("%s: %v", path, o)
		}
	}
}

// TestRecover: a ticket of its sender, whoever recovers it; and again the same one.
func TestRecover(t *testing.T) {
	st := testServer(t)
	id := st.Hold("Help")
	do := st.As("agent@acme.test")
	path := "/api/v2/suspended_tickets/" + fmt.Sprint(id)
	o := st.Object(do("PUT", path+"/recover", `{"suspended_ticket":{}}`), 200)
	made := httpdtest.At(o, "ticket", 0).(map[string]any)
	if httpdtest.At(made, "requester", "email") != "sam@example.net" || made["made_profile"] != true ||
		made["requester_id"] == nil || made["recovered"] != true {
		t.Errorf("ticket %v", made)
	}
	again := st.Object(do("PUT", path+"/recover", "not JSON"), 200)
	if httpdtest.At(again, "ticket", 0, "id") != made["id"] {
		t.Errorf("again: %v", again)
	}
	for entry, err := range st.DB.AuditLog(t.Context(), auditOf(fmt.Sprint(id))) {
		st.Must(err)
		if entry.Actor != "agent@acme.test" || entry.Via != "console" || entry.Client != inside {
			t.Errorf("audit %+v", entry)
		}
	}
	st.Object(do("GET", path, ""), 404)
	ticket := fmt.Sprint(int64(made["id"].(float64)))
	o = st.Object(do("GET", "/api/v2/tickets/"+ticket+"/comments", ""), 200)
	st.Wants(o, "Hello\nthere.", "comments", 0, "body")
}

func TestMany(t *testing.T) {
	st := testServer(t)
	do := st.As("agent@acme.test")
	a, b, c, d := st.Hold("a"), st.Hold("b"), st.Hold("c"), st.Hold("d")
	many := "/api/v2/suspended_tickets/recover_many?ids="
	o := st.Object(do("PUT", many+fmt.Sprint(a)+"%2C"+fmt.Sprint(b)+","+fmt.Sprint(a), "{}"), 200)
	if len(o["tickets"].([]any)) != 2 || o["missing"] != nil {
		t.Errorf("recovered %v", o)
	}
	o = st.Object(do("PUT", many+fmt.Sprint(b)+",99999", ""), 200)
	if len(o["tickets"].([]any)) != 1 || httpdtest.At(o, "missing", 0) != 99999.0 {
		t.Errorf("recovered %v", o)
	}
	st.Object(do("PUT", many+"99998,99999", ""), 404)
	all := strings.TrimSuffix(strings.Repeat("1,", 101), ",")
	for _, path := range []string{many, "/api/v2/suspended_tickets/destroy_many?ids="} {
		method := map[bool]string{true: "PUT", false: "DELETE"}[path == many]
		if o := st.Object(do(method, path+all, ""), 422); o["error"] != "TooManyValues" {
			t.Errorf("101 ids: %v", o)
		}
		st.Object(do(method, path, ""), 422)
		st.Object(do(method, path+"1,x", ""), 422)
	}
	destroy := "/api/v2/suspended_tickets/destroy_many?ids="
	w := do("DELETE", destroy+fmt.Sprint(c)+","+fmt.Sprint(d)+",99999", `{"x":1}`)
	if w.Code != http.StatusNoContent || w.Body.Len() != 0 || w.Header().Get("Content-Type") != "" {
		t.Errorf("%d %q %v", w.Code, w.Body, w.Header())
	}
	st.Object(do("GET", "/api/v2/suspended_tickets/"+fmt.Sprint(c), ""), 404)
	st.Object(do("DELETE", destroy+fmt.Sprint(c), ""), 404)
	st.Object(do("DELETE", "/api/v2/suspended_tickets/"+fmt.Sprint(c), ""), 404)
	e := st.Hold("e")
	w = do("DELETE", "/api/v2/suspended_tickets/"+fmt.Sprint(e)+".json", "")
	if w.Code != http.StatusNoContent || w.Body.Len() != 0 {
		t.Errorf("%d %q", w.Code, w.Body)
	}
}

// TestRetryAfter: it is said with 429 and 503 only.
func TestRetryAfter(t *testing.T) {
	st := testServer(t)
	for _, path := range []string{"/livez", "/api/v2/tickets", "/api/v2/suspended_tickets?page=0"} {
		w := st.Do(call{Method: "GET", Path: path, Session: st.Session("agent@acme.test")})
		if w.Header().Get("Retry-After") != "" {
			t.Errorf("%s: %d with Retry-After", path, w.Code)
		}
	}
}

func TestAttachments(t *testing.T) {
	st := testServer(t)
	st.Rules(policy.Block, "suspend:example.com")
	id := st.Receive(httpdtest.WithFiles())
	do := st.As("agent@acme.test")
	o := st.Object(do("POST", "/api/v2/suspended_tickets/"+fmt.Sprint(id)+"/attachments", ""), 200)
	if httpdtest.At(o, "upload", "token") == "" ||
		httpdtest.At(o, "upload", "attachments", 1, "size") != 3.0 {
		t.Errorf("upload %v", o)
	}
	link, _ := httpdtest.At(o, "upload", "attachments", 0, "content_url").(string)
	path := strings.TrimPrefix(link, "http://localhost:8025")
	w := do("GET", path, "")
	if w.Code != 200 || w.Body.String() != "<script>alert(1)</script>" ||
		w.Header().Get("Content-Type") != "application/octet-stream" ||
		w.Header().Get("Content-Disposition") != "attachment; filename=passwd" {
		t.Errorf("%d %v %q", w.Code, w.Header(), w.Body)
	}
	name := httpdtest.At(o, "upload", "attachments", 1, "file_name").(string)
	if strings.ContainsRune(name, '\u202e') {
		t.Errorf("name %q", name)
	}
	for _, n := range []string{"0", "3", "-1", "x"} {
		st.Object(do("GET", "/api/v2/attachments/"+fmt.Sprint(id)+"/"+n, ""), 404)
	}
	if w := st.As("ann@example.com")("GET", path, ""); w.Code != 404 {
		t.Errorf("a customer reads what is held: %d", w.Code)
	}
}

// TestOwnTickets: an end-user sees their own tickets and no word of others.
func TestOwnTickets(t *testing.T) {
	st := testServer(t)
	mine := st.Receive(strings.Replace(httpdtest.WithFiles(), "files", "mine", 1))
	other := st.Receive(httpdtest.Message("Bob <bob@example.org>", "other", "x"))
	do := st.As("ann@example.com")
	o := st.Object(do("GET", "/api/v2/tickets", ""), 200)
	st.Has(o, 1, "tickets")
	st.Wants(o, float64(mine), "tickets", 0, "id")
	st.Wants(o, 1.0, "count")
	st.Object(do("GET", "/api/v2/tickets/"+fmt.Sprint(mine), ""), 200)
	st.Object(do("GET", "/api/v2/tickets/"+fmt.Sprint(mine)+"/comments", ""), 200)
	if w := do("GET", "/api/v2/attachments/"+fmt.Sprint(mine)+"/2", ""); w.Body.String() != "two" {
		t.Errorf("attachment %d %q", w.Code, w.Body)
	}
	for _, path := range []string{"/tickets/", "/attachments/"} {
		tail := map[string]string{"/attachments/": "/1"}[path]
		st.Object(do("GET", "/api/v2"+path+fmt.Sprint(other)+tail, ""), 404)
	}
	st.Object(do("GET", "/api/v2/tickets/"+fmt.Sprint(other)+"/comments", ""), 404)
	o = st.Object(st.As("agent@acme.test")("GET", "/api/v2/tickets", ""), 200)
	st.Wants(o, 2.0, "count")
}

// TestLargeBodies: more than a megabyte is not read.
func TestLargeBodies(t *testing.T) {
	st := testServer(t)
	do := st.As("admin@acme.test")
	w := do("PUT", "/api/v2/rules", `{"rules":{"allowlist":"`+strings.Repeat("a", 2<<20)+`"}}`)
	if o := st.Object(w, http.StatusRequestEntityTooLarge); o["error"] != "TooLarge" {
		t.Errorf("%v", o)
	}
	for _, body := range []string{"", "{", "[]", `{"rules":{}}`, `{"rules":7}`} {
		st.Object(do("PUT", "/api/v2/rules", body), 422)
	}
}
