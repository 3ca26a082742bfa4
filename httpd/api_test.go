package httpd

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"gatepost/policy"
)

func itoa(id int64) string { return strconv.FormatInt(id, 10) }

// follow reads every page from a first one on, by links.next, and gives the ids.
func (st *site) follow(first, name string, token string) (ids []float64, pages int) {
	st.Helper()
	for next := first; next != ""; pages++ {
		if pages > 300 {
			st.Fatal("there is no end")
		}
		o := st.object(st.do(call{method: "GET", path: next, token: token}), 200)
		records, _ := o[name].([]any)
		for _, r := range records {
			ids = append(ids, at(r, "id").(float64))
		}
		more := at(o, "meta", "has_more").(bool)
		link, present := o["links"].(map[string]any)["next"]
		if !present {
			st.Fatal("links.next is missing")
		}
		to, isLink := link.(string)
		if isLink != more {
			st.Errorf("has_more %t beside %v", more, link)
		}
		u, err := url.Parse(to)
		st.must(err)
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
	secret, _ := st.token("agent@acme.test")
	st.rules(policy.Block, "*")
	for i := range held {
		st.receive(letterOf(fmt.Sprintf("s%d@example.net", i%7), fmt.Sprintf("no %d", i%5), "x"))
	}
	for _, query := range []string{"", "?page[size]=100", "?page%5Bsize%5D=50&sort_by=subject",
		"?page[size]=99&sort_by=author_email&sort_order=desc", "?page[size]=100&sort_by=cause",
		"?per_page=30", "?per_page=25&page=1&sort_by=created_at&sort_order=asc", "?per_page=1000"} {
		for _, path := range []string{"/api/v2/suspended_tickets", "/api/v2/suspended_tickets.json"} {
			ids, pages := st.follow(path+query, "suspended_tickets", secret)
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
	do := st.as("agent@acme.test")
	for i := range 5 {
		st.hold(fmt.Sprint(i))
	}
	o := st.object(do("GET", "/api/v2/suspended_tickets.json?per_page=2&page=2", ""), 200)
	const path = "/api/v2/suspended_tickets.json"
	st.wants(o, 5.0, "count")
	st.wants(o, "http://localhost:8025"+path+"?page=1&per_page=2", "previous_page")
	st.wants(o, "http://localhost:8025"+path+"?page=3&per_page=2", "next_page")
	o = st.object(do("GET", path+"?per_page=2&page=3", ""), 200)
	st.wants(o, nil, "next_page")
	st.wants(o, nil, "links", "next")
	o = st.object(do("GET", "/api/v2/suspended_tickets?per_page=2&page=9", ""), 200)
	st.has(o, 0, "suspended_tickets")
	st.wants(o, nil, "next_page")
	for _, query := range []string{"page=101", "page=0", "page=x", "per_page=-1", "page[size]=x",
		"page[after]=nonsense", "page[after]=a&page[before]=b", "sort_by=size", "sort_order=up"} {
		if o := st.object(do("GET", path+"?"+query, ""), 422); o["details"] == nil {
			t.Errorf("%s: %v", query, o)
		}
	}
}

// TestBackwards: page[before] leads back to where page[after] came from.
func TestBackwards(t *testing.T) {
	st := testServer(t)
	do := st.as("agent@acme.test")
	for i := range 5 {
		st.hold(fmt.Sprint(i))
	}
	one := st.object(do("GET", "/api/v2/suspended_tickets?page[size]=2", ""), 200)
	if at(one, "links", "prev") != nil {
		t.Errorf("before the first page: %v", one["links"])
	}
	get := func(link any) map[string]any {
		t.Helper()
		text, _ := link.(string)
		return st.object(do("GET", strings.TrimPrefix(text, "http://localhost:8025"), ""), 200)
	}
	two := get(at(one, "links", "next"))
	back := get(at(two, "links", "prev"))
	if fmt.Sprint(back["suspended_tickets"]) != fmt.Sprint(one["suspended_tickets"]) {
		t.Error("the page before the second is not the first")
	}
}

// TestSuspendedTicket holds every field against the message.
func TestSuspendedTicket(t *testing.T) {
	st := testServer(t)
	st.rules(policy.Block, "suspend:example.com")
	id := st.receive(letterOf("Ann Example <ann@example.com>", "Help", "My printer burns."))
	do := st.as("agent@acme.test")
	o := st.object(do("GET", "/api/v2/suspended_tickets/"+itoa(id), ""), 200)
	held := at(o, "suspended_ticket").(map[string]any)
	for name, want := range map[string]any{"id": float64(id), "subject": "Help",
		"content": "My printer burns.", "cause": "blocklisted", "cause_id": 13.0,
		"message_id": "<1@example.com>", "recipient": "support@acme.test", "ticket_id": nil,
		"brand_id": nil, "error_messages": nil, "rule": "suspend:example.com",
		"created_at": "2026-11-22T09:00:00Z", "updated_at": "2026-11-22T09:00:00Z",
		"expires_at": "2026-12-06T09:00:00Z", "authentication": "none",
		"url": "http://localhost:8025/api/v2/suspended_tickets/" + itoa(id) + ".json"} {
		if got, present := held[name]; got != want || !present {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	ann, _ := st.db.User(t.Context(), st.address("ann@example.com"))
	st.wants(held, float64(ann.ID), "author", "id")
	st.wants(held, "ann@example.com", "author", "email")
	st.wants(held, "Ann Example", "author", "name")
	st.wants(held, "email", "via", "channel")
	st.wants(held, "support@acme.test", "via", "source", "to", "address")
	st.wants(held, "Ann Example", "via", "source", "from", "name")
	if trail := held["trail"].([]any); len(trail) < 3 || held["why"] == "" {
		t.Errorf("trail %v", trail)
	}
	o = st.object(do("GET", "/api/v2/decisions/"+held["decision_id"].(string), ""), 200)
	if o["decision"] != "suspend" || o["id"] != float64(id) || o["why"] != held["why"] {
		t.Errorf("decision %v", o)
	}
	for _, path := range []string{"/suspended_tickets/99", "/suspended_tickets/x", "/decisions/none",
		"/suspended_tickets/-1", "/tickets/99", "/users/99"} {
		do := st.as("admin@acme.test")
		if o := st.object(do("GET", "/api/v2"+path, ""), 404); o["error"] != "RecordNotFound" ||
			o["description"] != "Not found" {
			t.Errorf("%s: %v", path, o)
		}
	}
}

// TestRecover: a ticket of its sender, whoever recovers it; and again the same one.
func TestRecover(t *testing.T) {
	st := testServer(t)
	id := st.hold("Help")
	do := st.as("agent@acme.test")
	path := "/api/v2/suspended_tickets/" + itoa(id)
	o := st.object(do("PUT", path+"/recover", `{"suspended_ticket":{}}`), 200)
	made := at(o, "ticket", 0).(map[string]any)
	if at(made, "requester", "email") != "sam@example.net" || made["made_profile"] != true ||
		made["requester_id"] == nil || made["recovered"] != true {
		t.Errorf("ticket %v", made)
	}
	again := st.object(do("PUT", path+"/recover", "not JSON"), 200)
	if at(again, "ticket", 0, "id") != made["id"] {
		t.Errorf("again: %v", again)
	}
	for entry, err := range st.db.AuditLog(t.Context(), auditOf(itoa(id))) {
		st.must(err)
		if entry.Actor != "agent@acme.test" || entry.Door != "console" || entry.Client != inside {
			t.Errorf("audit %+v", entry)
		}
	}
	st.object(do("GET", path, ""), 404)
	ticket := itoa(int64(made["id"].(float64)))
	o = st.object(do("GET", "/api/v2/tickets/"+ticket+"/comments", ""), 200)
	st.wants(o, "Hello\nthere.", "comments", 0, "body")
}

func TestMany(t *testing.T) {
	st := testServer(t)
	do := st.as("agent@acme.test")
	a, b, c, d := st.hold("a"), st.hold("b"), st.hold("c"), st.hold("d")
	many := "/api/v2/suspended_tickets/recover_many?ids="
	o := st.object(do("PUT", many+itoa(a)+"%2C"+itoa(b)+","+itoa(a), "{}"), 200)
	if len(o["tickets"].([]any)) != 2 || o["missing"] != nil {
		t.Errorf("recovered %v", o)
	}
	o = st.object(do("PUT", many+itoa(b)+",99999", ""), 200)
	if len(o["tickets"].([]any)) != 1 || at(o, "missing", 0) != 99999.0 {
		t.Errorf("recovered %v", o)
	}
	st.object(do("PUT", many+"99998,99999", ""), 404)
	all := strings.TrimSuffix(strings.Repeat("1,", 101), ",")
	for _, path := range []string{many, "/api/v2/suspended_tickets/destroy_many?ids="} {
		method := map[bool]string{true: "PUT", false: "DELETE"}[path == many]
		if o := st.object(do(method, path+all, ""), 422); o["error"] != "TooManyValues" {
			t.Errorf("101 ids: %v", o)
		}
		st.object(do(method, path, ""), 422)
		st.object(do(method, path+"1,x", ""), 422)
	}
	destroy := "/api/v2/suspended_tickets/destroy_many?ids="
	w := do("DELETE", destroy+itoa(c)+","+itoa(d)+",99999", `{"x":1}`)
	if w.Code != http.StatusNoContent || w.Body.Len() != 0 || w.Header().Get("Content-Type") != "" {
		t.Errorf("%d %q %v", w.Code, w.Body, w.Header())
	}
	st.object(do("GET", "/api/v2/suspended_tickets/"+itoa(c), ""), 404)
	st.object(do("DELETE", destroy+itoa(c), ""), 404)
	st.object(do("DELETE", "/api/v2/suspended_tickets/"+itoa(c), ""), 404)
	e := st.hold("e")
	w = do("DELETE", "/api/v2/suspended_tickets/"+itoa(e)+".json", "")
	if w.Code != http.StatusNoContent || w.Body.Len() != 0 {
		t.Errorf("%d %q", w.Code, w.Body)
	}
}

// TestRetryAfter: it is said with 429 and 503 only.
func TestRetryAfter(t *testing.T) {
	st := testServer(t)
	for _, path := range []string{"/livez", "/api/v2/tickets", "/api/v2/suspended_tickets?page=0"} {
		w := st.do(call{method: "GET", path: path, session: st.session("agent@acme.test")})
		if w.Header().Get("Retry-After") != "" {
			t.Errorf("%s: %d with Retry-After", path, w.Code)
		}
	}
}

// withFiles is a message with attachments whose names are hostile.
func withFiles() string {
	part := func(name, text string) string {
		return "--b\r\nContent-Type: text/html\r\nContent-Disposition: attachment; " +
			"filename=\"" + name + "\"\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
			base64.StdEncoding.EncodeToString([]byte(text)) + "\r\n"
	}
	return "From: ann@example.com\r\nTo: support@acme.test\r\nSubject: files\r\n" +
		"MIME-Version: 1.0\r\n" +
		"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nsee below\r\n" +
		part("../../etc/passwd", "<script>alert(1)</script>") + part("a\u202egpj.exe", "two") +
		"--b--\r\n"
}

func TestAttachments(t *testing.T) {
	st := testServer(t)
	st.rules(policy.Block, "suspend:example.com")
	id := st.receive(withFiles())
	do := st.as("agent@acme.test")
	o := st.object(do("POST", "/api/v2/suspended_tickets/"+itoa(id)+"/attachments", ""), 200)
	if at(o, "upload", "token") == "" || at(o, "upload", "attachments", 1, "size") != 3.0 {
		t.Errorf("upload %v", o)
	}
	link, _ := at(o, "upload", "attachments", 0, "content_url").(string)
	path := strings.TrimPrefix(link, "http://localhost:8025")
	w := do("GET", path, "")
	if w.Code != 200 || w.Body.String() != "<script>alert(1)</script>" ||
		w.Header().Get("Content-Type") != "application/octet-stream" ||
		w.Header().Get("Content-Disposition") != "attachment; filename=passwd" {
		t.Errorf("%d %v %q", w.Code, w.Header(), w.Body)
	}
	name := at(o, "upload", "attachments", 1, "file_name").(string)
	if strings.ContainsRune(name, '\u202e') {
		t.Errorf("name %q", name)
	}
	for _, n := range []string{"0", "3", "-1", "x"} {
		st.object(do("GET", "/api/v2/attachments/"+itoa(id)+"/"+n, ""), 404)
	}
	if w := st.as("ann@example.com")("GET", path, ""); w.Code != 404 {
		t.Errorf("a customer reads what is held: %d", w.Code)
	}
}

// TestOwnTickets: an end-user sees their own tickets and no word of others.
func TestOwnTickets(t *testing.T) {
	st := testServer(t)
	mine := st.receive(strings.Replace(withFiles(), "files", "mine", 1))
	other := st.receive(letterOf("Bob <bob@example.org>", "other", "x"))
	do := st.as("ann@example.com")
	o := st.object(do("GET", "/api/v2/tickets", ""), 200)
	st.has(o, 1, "tickets")
	st.wants(o, float64(mine), "tickets", 0, "id")
	st.wants(o, 1.0, "count")
	st.object(do("GET", "/api/v2/tickets/"+itoa(mine), ""), 200)
	st.object(do("GET", "/api/v2/tickets/"+itoa(mine)+"/comments", ""), 200)
	if w := do("GET", "/api/v2/attachments/"+itoa(mine)+"/2", ""); w.Body.String() != "two" {
		t.Errorf("attachment %d %q", w.Code, w.Body)
	}
	for _, path := range []string{"/tickets/", "/attachments/"} {
		tail := map[string]string{"/attachments/": "/1"}[path]
		st.object(do("GET", "/api/v2"+path+itoa(other)+tail, ""), 404)
	}
	st.object(do("GET", "/api/v2/tickets/"+itoa(other)+"/comments", ""), 404)
	o = st.object(st.as("agent@acme.test")("GET", "/api/v2/tickets", ""), 200)
	st.wants(o, 2.0, "count")
}

// TestLargeBodies: more than a megabyte is not read.
func TestLargeBodies(t *testing.T) {
	st := testServer(t)
	do := st.as("admin@acme.test")
	w := do("PUT", "/api/v2/rules", `{"rules":{"allowlist":"`+strings.Repeat("a", 2<<20)+`"}}`)
	if o := st.object(w, http.StatusRequestEntityTooLarge); o["error"] != "TooLarge" {
		t.Errorf("%v", o)
	}
	for _, body := range []string{"", "{", "[]", `{"rules":{}}`, `{"rules":7}`} {
		st.object(do("PUT", "/api/v2/rules", body), 422)
	}
}
