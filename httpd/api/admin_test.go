package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"gatepost/httpd"
	"gatepost/httpd/httpdtest"
	"gatepost/policy"
	"gatepost/store"
)

func auditOf(subject string) store.AuditQuery { return store.AuditQuery{Subject: subject} }

func TestUsers(t *testing.T) {
	st := testServer(t)
	do := st.As("admin@acme.test")
	w := do("POST", "/api/v2/users", `{"user":{"name":"Bob","email":"Bob@Example.ORG",
		"role":"agent","verified":true}}`)
	o := st.Object(w, http.StatusCreated)
	bob := httpdtest.At(o, "user").(map[string]any)
	if bob["email"] != "bob@example.org" || bob["role"] != "agent" || bob["suspended"] != false ||
		w.Header().Get("Location") != bob["url"] {
		t.Errorf("made %v at %s", bob, w.Header().Get("Location"))
	}
	path := "/api/v2/users/" + fmt.Sprint(int64(bob["id"].(float64)))
	o = st.Object(do("PUT", path, `{"user":{"suspended":true,"name":"Bobby","role":"end-user",
		"email":"bob@example.org"}}`), 200)
	st.Wants(o, "Bobby", "user", "name")
	st.Wants(o, true, "user", "suspended")
	st.Wants(o, "end-user", "user", "role")
	for field, body := range map[string]string{"email": `{"user":{"email":"bob@example.org"}}`,
		"role": `{"user":{"email":"c@example.org","role":"boss"}}`, "user": `{}`,
		"name": `{"user":{"email":"c@example.org","name":"a\nb"}}`} {
		o := st.Object(do("POST", "/api/v2/users", body), 422)
		if httpdtest.At(o, "details", field) == nil {
			t.Errorf("%s: %v", body, o)
		}
	}
	st.Object(do("PUT", path, `{"user":{"email":"other@example.org"}}`), 422)
	for _, query := range []string{"bobby", "email:bob@example.org", "example.org"} {
		o = st.Object(do("GET", "/api/v2/users/search.json?query="+query, ""), 200)
		if o["count"] != 1.0 || httpdtest.At(o, "users", 0, "email") != "bob@example.org" {
			t.Errorf("search %s: %v", query, o)
		}
	}
	st.Has(st.Object(do("GET", "/api/v2/users?page[size]=2", ""), 200), 2, "users")
	if o = st.Object(do("DELETE", path, "{}"), 200); httpdtest.At(o, "user", "active") != false {
		t.Errorf("removed %v", o)
	}
	st.Object(do("GET", path, ""), 404)
}

// TestLastAdmin: the last admin stays one.
func TestLastAdmin(t *testing.T) {
	st := testServer(t)
	do := st.As("admin@acme.test")
	me := st.Object(do("GET", "/api/v2/users/me", ""), 200)
	path := "/api/v2/users/" + fmt.Sprint(int64(httpdtest.At(me, "user", "id").(float64)))
	for field, body := range map[string]string{"role": `{"user":{"role":"agent"}}`,
		"suspended": `{"user":{"suspended":true}}`} {
		if o := st.Object(do("PUT", path, body), 422); httpdtest.At(o, "details", field) == nil {
			t.Errorf("%s: %v", body, o)
		}
	}
	st.Object(do("DELETE", path, ""), 422)
}

func TestRules(t *testing.T) {
	st := testServer(t)
	do := st.As("admin@acme.test")
	o := st.Object(do("PUT", "/api/v2/rules",
		`{"rules":{"allowlist":"acme.test","blocklist":"* Reject:evil.test"}}`), 200)
	st.Wants(o, "acme.test\n", "rules", "allowlist", "text")
	st.Wants(o, "*\nreject:evil.test\n", "rules", "blocklist", "text")
	st.Wants(o, 2.0, "rules", "blocklist", "count")
	o = st.Object(do("PUT", "/api/v2/rules",
		`{"rules":{"allowlist":"","blocklist":"good.test @bad.test *.worse.test"}}`), 422)
	problems, _ := httpdtest.At(o, "details", "blocklist").([]any)
	if len(problems) != 2 || !strings.Contains(fmt.Sprint(problems[0]), "bad.test") {
		t.Errorf("problems %v", o)
	}
	o = st.Object(do("GET", "/api/v2/rules", ""), 200)
	st.Wants(o, 1.0, "rules", "allowlist", "count") // as it was
	entries := "/api/v2/rules/block/entries"
	o = st.Object(do("POST", entries, `{"entry":"spam.test","note":"see ticket 7"}`), 200)
	if o["added"] != 1.0 {
		t.Errorf("added %v", o)
	}
	st.Object(do("POST", entries, `{"entries":["a.test","no@pe@x"]}`), 422)
	if w := do("DELETE", entries+"?entry=spam.test&entry=*", ""); w.Code != http.StatusNoContent {
		t.Errorf("removed: %d %s", w.Code, w.Body)
	}
	st.Object(do("DELETE", entries+"?entry=spam.test", ""), 404)
	st.Object(do("DELETE", entries, ""), 422)
	o = st.Object(do("GET", entries+".json", ""), 200)
	if len(o["entries"].([]any)) != 1 || httpdtest.At(o, "entries", 0, "entry") != "reject:evil.test" {
		t.Errorf("entries %v", o)
	}
	st.Rules(policy.Block, "")
	if o := st.Object(do("GET", entries, ""), 200); len(o["entries"].([]any)) != 0 {
		t.Errorf("entries of an empty list: %v", o)
	}
	st.Object(do("GET", "/api/v2/rules/grey/entries", ""), 404)
}

// TestRulesGeneration: who says what they have read replaces nothing else.
func TestRulesGeneration(t *testing.T) {
	st := testServer(t)
	do := st.As("admin@acme.test")
	put := func(rules string, status int) map[string]any {
		t.Helper()
		return st.Object(do("PUT", "/api/v2/rules", `{"rules":`+rules+`}`), status)
	}
	o := put(`{"allowlist":"a.test","blocklist":"b.test","generation":0}`, 200)
	st.Wants(o, 1.0, "rules", "generation") // one step for both
	o = put(`{"allowlist":"","blocklist":"mine.test","generation":0}`, 409)
	if o["error"] != "Conflict" || !strings.Contains(fmt.Sprint(o["description"]), "read them again") {
		t.Errorf("refused with %v", o)
	}
	if allow, block := st.List(policy.Allow), st.List(policy.Block); allow+block != "a.testb.test" {
		t.Errorf("the lists are %q and %q", allow, block)
	}
	put(`{"allowlist":"","generation":-1}`, 422)
	put(`{"allowlist":"a.test","generation":0}`, 200) // which stands
	put(`{"blocklist":"mine.test","generation":1}`, 200)
	o = put(`{"blocklist":"whatever.test"}`, 200)
	st.Wants(o, 3.0, "rules", "generation")
}

// TestLongList: a list that no field holds is not shown as one, and is streamed whole.
func TestLongList(t *testing.T) {
	st := testServer(t)
	st.BlockMany(6000, "d%d.test")
	do := st.As("admin@acme.test")
	o := st.Object(do("GET", "/api/v2/rules", ""), 200)
	st.Wants(o, nil, "rules", "blocklist", "text")
	st.Wants(o, 6000.0, "rules", "blocklist", "count")
	o = st.Object(do("GET", "/api/v2/rules/block/entries", ""), 200)
	st.Has(o, 6000, "entries")
}

// TestUndo: a change is in the audit log with who, from where and by which door, and can be
// taken back once.
func TestUndo(t *testing.T) {
	st := testServer(t)
	secret, _ := st.Token("admin@acme.test")
	api := func(method, path, body string) map[string]any {
		t.Helper()
		return st.Object(st.Do(call{Method: method, Path: path, Body: body, Token: secret}), 200)
	}
	api("PUT", "/api/v2/rules", `{"rules":{"blocklist":"spam.test"}}`)
	o := api("GET", "/api/v2/audit_logs?page[size]=1", "")
	entry := httpdtest.At(o, "audit_logs", 0).(map[string]any)
	st.Wants(entry, "admin@acme.test", "actor")
	st.Wants(entry, "api", "door")
	st.Wants(entry, inside, "ip_address")
	st.Wants(entry, true, "undoable")
	st.Wants(o, true, "meta", "has_more")
	st.Has(o, 1, "audit_logs")
	path := "/api/v2/audit_logs/" + fmt.Sprint(int64(entry["id"].(float64))) + "/undo"
	if w := st.Do(call{Method: "POST", Path: path, Token: secret}); w.Code != http.StatusNoContent {
		t.Fatalf("undo: %d %s", w.Code, w.Body)
	}
	o = api("GET", "/api/v2/rules", "")
	if httpdtest.At(o, "rules", "blocklist", "count") != 0.0 {
		t.Errorf("after the undo: %v", o)
	}
	st.Object(st.Do(call{Method: "POST", Path: path, Token: secret}), 422)
	o = api("GET", "/api/v2/audit_logs?page[size]=1", "")
	next := strings.TrimPrefix(httpdtest.At(o, "links", "next").(string), "http://localhost:8025")
	st.Wants(api("GET", next, ""), entry["id"], "audit_logs", 0, "id")
}

func TestCheck(t *testing.T) {
	st := testServer(t)
	st.Rules(policy.Block, "* suspend:evil.test")
	do := st.As("agent@acme.test")
	o := st.Object(do("GET", "/api/v2/check?sender=x@Evil.test", ""), 200)
	st.Wants(o, "x@evil.test", "sender")
	st.Wants(o, "suspend", "decision")
	st.Wants(o, "suspend:evil.test", "rule")
	o = st.Object(do("GET", "/api/v2/check?sender=ann@example.com", ""), 200)
	st.Wants(o, "ticket", "decision")
	st.Wants(o, nil, "rule")
	st.Object(do("GET", "/api/v2/check?sender=nobody", ""), 422)
	st.Object(do("GET", "/api/v2/check", ""), 422)
}

// TestContentGone: what cannot be recovered is listed under both names, and stays.
func TestContentGone(t *testing.T) {
	st := testServer(t)
	st.Rules(policy.Block, "*")
	id := st.Receive(httpdtest.Message("sam@example.net", "large", strings.Repeat("0123456789\r\n", 10000)))
	st.LoseContents()
	do := st.As("agent@acme.test")
	o := st.Object(do("GET", "/api/v2/suspended_tickets", ""), 200)
	if httpdtest.At(o, "suspended_tickets", 0, "error_messages", 0) != "its content is gone" {
		t.Errorf("list %v", o)
	}
	for _, path := range []string{fmt.Sprintf("/%d/recover", id),
		fmt.Sprintf("/recover_many?ids=%d", id)} {
		o := st.Object(do("PUT", "/api/v2/suspended_tickets"+path, ""), 422)
		for _, name := range []string{"ticket", "suspended_tickets"} {
			if httpdtest.At(o, name, 0, "id") != float64(id) ||
				httpdtest.At(o, name, 0, "error_messages", 0) == nil {
				t.Errorf("%s: %v", path, o)
			}
		}
		if strings.Contains(fmt.Sprint(o), st.DB.Dir()) {
			t.Errorf("a path of the machine is shown: %v", o)
		}
	}
}

// TestOpenAPI holds the description against the routes, both ways.
func TestOpenAPI(t *testing.T) {
	st := testServer(t)
	o := st.Object(st.Do(call{Method: "GET", Path: "/openapi.json"}), 200)
	if o["openapi"] != "3.1.0" {
		t.Errorf("version %v", o["openapi"])
	}
	roles := map[httpd.MinRole]string{httpd.Anybody: "anybody", httpd.EndUser: "end-user",
		httpd.Agent: "agent", httpd.Admin: "admin"}
	var want, got []string
	ids := map[any]bool{nil: true, "": true}
	for _, rt := range st.Server.Routes() {
		if rt.Pattern != "/" {
			want = append(want, rt.Pattern+" "+roles[rt.Role])
		}
	}
	for path, methods := range o["paths"].(map[string]any) {
		for method, op := range methods.(map[string]any) {
			got = append(got, fmt.Sprintf("%s %s %s", strings.ToUpper(method), path,
				httpdtest.At(op, "x-role")))
			checkParameters(t, path, op)
			id := httpdtest.At(op, "operationId")
			if ids[id] || httpdtest.At(op, "summary") == "" || httpdtest.At(op, "tags", 0) == "" {
				t.Errorf("%s %s: it needs an id of its own, a summary and a tag: %v", method, path, op)
			}
			ids[id] = true
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(want, got) {
		t.Errorf("described:\n%s\nrouted:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	text, err := json.Marshal(o)
	st.Must(err)
	for _, ref := range strings.Split(string(text), `"$ref":"#/`)[1:] {
		name, _, _ := strings.Cut(ref, `"`)
		found := any(o)
		for _, step := range strings.Split(name, "/") {
			found = httpdtest.At(found, step)
		}
		if found == nil {
			t.Errorf("there is no %s", name)
		}
	}
}

// checkParameters: what stands in braces in a path is described, and nothing else is.
func checkParameters(t *testing.T, path string, op any) {
	t.Helper()
	parameters, _ := httpdtest.At(op, "parameters").([]any)
	for _, p := range parameters {
		name := fmt.Sprint(httpdtest.At(p, "name"))
		if in := httpdtest.At(p, "in"); (in == "path") != strings.Contains(path, "{"+name+"}") {
			t.Errorf("%s: parameter %s is in %s", path, name, in)
		}
		path = strings.ReplaceAll(path, "{"+name+"}", "")
	}
	if strings.Contains(path, "{") {
		t.Errorf("%s: a part of the path is not described", path)
	}
}

// TestRecordsMatch holds what is answered against what is described: every field, and no
// other.
func TestRecordsMatch(t *testing.T) {
	st := testServer(t)
	doc := st.Object(st.Do(call{Method: "GET", Path: "/openapi.json"}), 200)
	st.Rules(policy.Block, "suspend:example.net reject:junk.test")
	held := st.Receive(strings.Replace(httpdtest.WithFiles(), "ann@example.com", "ann@example.net", 1))
	let := st.Receive(httpdtest.WithFiles())
	st.Target("desk")
	st.Receive(httpdtest.WithFiles())
	do := st.As("admin@acme.test")
	st.Object(do("PUT", "/api/v2/rules/shadow", `{"rules":{"allowlist":"acme.test"}}`), 200)
	for _, c := range []struct {
		path   string
		in     []any
		schema string
	}{
		{"/suspended_tickets", []any{"suspended_tickets", 0}, "SuspendedTicket"},
		{"/suspended_tickets/" + fmt.Sprint(held), []any{"suspended_ticket", "attachments", 0},
			"Attachment"},
		{"/tickets/" + fmt.Sprint(let), []any{"ticket"}, "Ticket"},
		{"/tickets/" + fmt.Sprint(let) + "/comments", []any{"comments", 0}, "Comment"},
		{"/users/me", []any{"user"}, "User"},
		{"/rules", nil, "Rules"},
		{"/rules/shadow", []any{"shadow"}, "Shadow"},
		{"/rules/block/entries", []any{"entries", 0}, "Entry"},
		{"/audit_logs", []any{"audit_logs", 0}, "AuditLog"},
		{"/handoffs", []any{"handoffs", 0}, "Handoff"},
		{"/handoff_targets", []any{"handoff_targets", 0}, "HandoffTarget"},
		{"/check?sender=a@example.net", nil, "Checked"},
		{"/find?query=example.net", []any{"found", 0}, "Found"},
		{"/find?query=a@junk.test", []any{"rejects", 0}, "Rejection"},
	} {
		o := st.Object(do("GET", "/api/v2"+c.path, ""), 200)
		record, _ := httpdtest.At(o, c.in...).(map[string]any)
		schema := httpdtest.At(doc, "components", "schemas", c.schema)
		properties := httpdtest.At(schema, "properties").(map[string]any)
		for name := range record {
			if properties[name] == nil {
				t.Errorf("%s: %s is not described", c.path, name)
			}
		}
		required, _ := httpdtest.At(schema, "required").([]any)
		for _, name := range required {
			if _, present := record[name.(string)]; !present {
				t.Errorf("%s: %s is missing of %v", c.path, name, record)
			}
		}
	}
}
