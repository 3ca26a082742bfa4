package httpd

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gatepost/policy"
	"gatepost/store"
)

func auditOf(subject string) store.AuditQuery { return store.AuditQuery{Subject: subject} }

func TestUsers(t *testing.T) {
	st := testServer(t)
	do := st.as("admin@acme.test")
	w := do("POST", "/api/v2/users", `{"user":{"name":"Bob","email":"Bob@Example.ORG",
		"role":"agent","verified":true}}`)
	o := st.object(w, http.StatusCreated)
	bob := at(o, "user").(map[string]any)
	if bob["email"] != "bob@example.org" || bob["role"] != "agent" || bob["suspended"] != false ||
		w.Header().Get("Location") != bob["url"] {
		t.Errorf("made %v at %s", bob, w.Header().Get("Location"))
	}
	path := "/api/v2/users/" + itoa(int64(bob["id"].(float64)))
	o = st.object(do("PUT", path, `{"user":{"suspended":true,"name":"Bobby","role":"end-user",
		"email":"bob@example.org"}}`), 200)
	st.wants(o, "Bobby", "user", "name")
	st.wants(o, true, "user", "suspended")
	st.wants(o, "end-user", "user", "role")
	for field, body := range map[string]string{"email": `{"user":{"email":"bob@example.org"}}`,
		"role": `{"user":{"email":"c@example.org","role":"boss"}}`, "user": `{}`,
		"name": `{"user":{"email":"c@example.org","name":"a\nb"}}`} {
		if o := st.object(do("POST", "/api/v2/users", body), 422); at(o, "details", field) == nil {
			t.Errorf("%s: %v", body, o)
		}
	}
	st.object(do("PUT", path, `{"user":{"email":"other@example.org"}}`), 422)
	for _, query := range []string{"bobby", "email:bob@example.org", "example.org"} {
		o = st.object(do("GET", "/api/v2/users/search.json?query="+query, ""), 200)
		if o["count"] != 1.0 || at(o, "users", 0, "email") != "bob@example.org" {
			t.Errorf("search %s: %v", query, o)
		}
	}
	st.has(st.object(do("GET", "/api/v2/users?page[size]=2", ""), 200), 2, "users")
	if o = st.object(do("DELETE", path, "{}"), 200); at(o, "user", "active") != false {
		t.Errorf("removed %v", o)
	}
	st.object(do("GET", path, ""), 404)
}

// TestLastAdmin: the last admin stays one.
func TestLastAdmin(t *testing.T) {
	st := testServer(t)
	do := st.as("admin@acme.test")
	me := st.object(do("GET", "/api/v2/users/me", ""), 200)
	path := "/api/v2/users/" + itoa(int64(at(me, "user", "id").(float64)))
	for field, body := range map[string]string{"role": `{"user":{"role":"agent"}}`,
		"suspended": `{"user":{"suspended":true}}`} {
		if o := st.object(do("PUT", path, body), 422); at(o, "details", field) == nil {
			t.Errorf("%s: %v", body, o)
		}
	}
	st.object(do("DELETE", path, ""), 422)
}

func TestRules(t *testing.T) {
	st := testServer(t)
	do := st.as("admin@acme.test")
	o := st.object(do("PUT", "/api/v2/rules",
		`{"rules":{"allowlist":"acme.test","blocklist":"* Reject:evil.test"}}`), 200)
	st.wants(o, "acme.test\n", "rules", "allowlist", "text")
	st.wants(o, "*\nreject:evil.test\n", "rules", "blocklist", "text")
	st.wants(o, 2.0, "rules", "blocklist", "count")
	o = st.object(do("PUT", "/api/v2/rules",
		`{"rules":{"allowlist":"","blocklist":"good.test @bad.test *.worse.test"}}`), 422)
	problems, _ := at(o, "details", "blocklist").([]any)
	if len(problems) != 2 || !strings.Contains(fmt.Sprint(problems[0]), "bad.test") {
		t.Errorf("problems %v", o)
	}
	o = st.object(do("GET", "/api/v2/rules", ""), 200)
	st.wants(o, 1.0, "rules", "allowlist", "count") // as it was
	entries := "/api/v2/rules/block/entries"
	o = st.object(do("POST", entries, `{"entry":"spam.test","note":"see ticket 7"}`), 200)
	if o["added"] != 1.0 {
		t.Errorf("added %v", o)
	}
	st.object(do("POST", entries, `{"entries":["a.test","no@pe@x"]}`), 422)
	if w := do("DELETE", entries+"?entry=spam.test&entry=*", ""); w.Code != http.StatusNoContent {
		t.Errorf("removed: %d %s", w.Code, w.Body)
	}
	st.object(do("DELETE", entries+"?entry=spam.test", ""), 404)
	st.object(do("DELETE", entries, ""), 422)
	o = st.object(do("GET", entries+".json", ""), 200)
	if len(o["entries"].([]any)) != 1 || at(o, "entries", 0, "entry") != "reject:evil.test" {
		t.Errorf("entries %v", o)
	}
	st.rules(policy.Block, "")
	if o := st.object(do("GET", entries, ""), 200); len(o["entries"].([]any)) != 0 {
		t.Errorf("entries of an empty list: %v", o)
	}
	st.object(do("GET", "/api/v2/rules/grey/entries", ""), 404)
}

// TestRulesGeneration: who says what they have read replaces nothing else.
func TestRulesGeneration(t *testing.T) {
	st := testServer(t)
	do := st.as("admin@acme.test")
	put := func(rules string, status int) map[string]any {
		t.Helper()
		return st.object(do("PUT", "/api/v2/rules", `{"rules":`+rules+`}`), status)
	}
	o := put(`{"allowlist":"a.test","blocklist":"b.test","generation":0}`, 200)
	st.wants(o, 1.0, "rules", "generation") // one step for both
	o = put(`{"allowlist":"","blocklist":"mine.test","generation":0}`, 409)
	if o["error"] != "Conflict" || !strings.Contains(fmt.Sprint(o["description"]), "read them again") {
		t.Errorf("refused with %v", o)
	}
	if allow, block := st.list(policy.Allow), st.list(policy.Block); allow+block != "a.testb.test" {
		t.Errorf("the lists are %q and %q", allow, block)
	}
	put(`{"allowlist":"","generation":-1}`, 422)
	put(`{"allowlist":"a.test","generation":0}`, 200) // which stands
	put(`{"blocklist":"mine.test","generation":1}`, 200)
	o = put(`{"blocklist":"whatever.test"}`, 200)
	st.wants(o, 3.0, "rules", "generation")
}

// TestLongList: a list that no field holds is not shown as one, and is streamed whole.
func TestLongList(t *testing.T) {
	st := testServer(t)
	var entries []policy.Entry
	for i := range 6000 {
		e, err := policy.ParseEntry(policy.Block, fmt.Sprintf("d%d.test", i))
		st.must(err)
		entries = append(entries, e)
	}
	_, err := st.hand().AddRules(t.Context(), policy.Block, entries, "")
	st.must(err)
	do := st.as("admin@acme.test")
	o := st.object(do("GET", "/api/v2/rules", ""), 200)
	st.wants(o, nil, "rules", "blocklist", "text")
	st.wants(o, 6000.0, "rules", "blocklist", "count")
	o = st.object(do("GET", "/api/v2/rules/block/entries", ""), 200)
	st.has(o, 6000, "entries")
}

// TestUndo: a change is in the audit log with who, from where and by which door, and can be
// taken back once.
func TestUndo(t *testing.T) {
	st := testServer(t)
	secret, _ := st.token("admin@acme.test")
	api := func(method, path, body string) map[string]any {
		t.Helper()
		return st.object(st.do(call{method: method, path: path, body: body, token: secret}), 200)
	}
	api("PUT", "/api/v2/rules", `{"rules":{"blocklist":"spam.test"}}`)
	o := api("GET", "/api/v2/audit_logs?page[size]=1", "")
	entry := at(o, "audit_logs", 0).(map[string]any)
	st.wants(entry, "admin@acme.test", "actor")
	st.wants(entry, "api", "door")
	st.wants(entry, inside, "ip_address")
	st.wants(entry, true, "undoable")
	st.wants(o, true, "meta", "has_more")
	st.has(o, 1, "audit_logs")
	path := "/api/v2/audit_logs/" + itoa(int64(entry["id"].(float64))) + "/undo"
	if w := st.do(call{method: "POST", path: path, token: secret}); w.Code != http.StatusNoContent {
		t.Fatalf("undo: %d %s", w.Code, w.Body)
	}
	o = api("GET", "/api/v2/rules", "")
	if at(o, "rules", "blocklist", "count") != 0.0 {
		t.Errorf("after the undo: %v", o)
	}
	st.object(st.do(call{method: "POST", path: path, token: secret}), 422)
	o = api("GET", "/api/v2/audit_logs?page[size]=1", "")
	next := strings.TrimPrefix(at(o, "links", "next").(string), "http://localhost:8025")
	st.wants(api("GET", next, ""), entry["id"], "audit_logs", 0, "id")
}

func TestCheck(t *testing.T) {
	st := testServer(t)
	st.rules(policy.Block, "* suspend:evil.test")
	do := st.as("agent@acme.test")
	o := st.object(do("GET", "/api/v2/check?sender=x@Evil.test", ""), 200)
	st.wants(o, "x@evil.test", "sender")
	st.wants(o, "suspend", "decision")
	st.wants(o, "suspend:evil.test", "rule")
	o = st.object(do("GET", "/api/v2/check?sender=ann@example.com", ""), 200)
	st.wants(o, "ticket", "decision")
	st.wants(o, nil, "rule")
	st.object(do("GET", "/api/v2/check?sender=nobody", ""), 422)
	st.object(do("GET", "/api/v2/check", ""), 422)
}

// TestContentGone: what cannot be recovered is listed under both names, and stays.
func TestContentGone(t *testing.T) {
	st := testServer(t)
	st.rules(policy.Block, "*")
	id := st.receive(letterOf("sam@example.net", "large", strings.Repeat("0123456789\r\n", 10000)))
	files, err := filepath.Glob(filepath.Join(st.db.Dir(), "*.eml"))
	st.must(err)
	if len(files) != 1 {
		t.Fatalf("files %v", files)
	}
	st.must(os.Remove(files[0]))
	do := st.as("agent@acme.test")
	o := st.object(do("GET", "/api/v2/suspended_tickets", ""), 200)
	if at(o, "suspended_tickets", 0, "error_messages", 0) != "its content is gone" {
		t.Errorf("list %v", o)
	}
	for _, path := range []string{"/" + itoa(id) + "/recover", "/recover_many?ids=" + itoa(id)} {
		o := st.object(do("PUT", "/api/v2/suspended_tickets"+path, ""), 422)
		for _, name := range []string{"ticket", "suspended_tickets"} {
			if at(o, name, 0, "id") != float64(id) || at(o, name, 0, "error_messages", 0) == nil {
				t.Errorf("%s: %v", path, o)
			}
		}
		if strings.Contains(fmt.Sprint(o), st.db.Dir()) {
			t.Errorf("a path of the machine is shown: %v", o)
		}
	}
}

// TestOpenAPI holds the description against the routes, both ways.
func TestOpenAPI(t *testing.T) {
	st := testServer(t)
	o := st.object(st.do(call{method: "GET", path: "/openapi.json"}), 200)
	if o["openapi"] != "3.1.0" {
		t.Errorf("version %v", o["openapi"])
	}
	roles := map[MinRole]string{Anybody: "anybody", EndUser: "end-user", Agent: "agent", Admin: "admin"}
	var want, got []string
	for _, rt := range slices.Concat(st.server.operations(), st.server.apiRoutes()) {
		if rt.Pattern != "/" {
			want = append(want, rt.Pattern+" "+roles[rt.Role])
		}
	}
	for path, methods := range o["paths"].(map[string]any) {
		for method, op := range methods.(map[string]any) {
			got = append(got, fmt.Sprintf("%s %s %s", strings.ToUpper(method), path, at(op, "x-role")))
			checkParameters(t, path, op)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(want, got) {
		t.Errorf("described:\n%s\nrouted:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	text, err := json.Marshal(o)
	st.must(err)
	for _, ref := range strings.Split(string(text), `"$ref":"#/`)[1:] {
		name, _, _ := strings.Cut(ref, `"`)
		found := any(o)
		for _, step := range strings.Split(name, "/") {
			found = at(found, step)
		}
		if found == nil {
			t.Errorf("there is no %s", name)
		}
	}
}

// checkParameters: what stands in braces in a path is described, and nothing else is.
func checkParameters(t *testing.T, path string, op any) {
	t.Helper()
	parameters, _ := at(op, "parameters").([]any)
	for _, p := range parameters {
		name := fmt.Sprint(at(p, "name"))
		if in := at(p, "in"); (in == "path") != strings.Contains(path, "{"+name+"}") {
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
	doc := st.object(st.do(call{method: "GET", path: "/openapi.json"}), 200)
	st.rules(policy.Block, "suspend:example.net")
	held := st.receive(strings.Replace(withFiles(), "ann@example.com", "ann@example.net", 1))
	let := st.receive(withFiles())
	do := st.as("admin@acme.test")
	for _, c := range []struct {
		path   string
		in     []any
		schema string
	}{
		{"/suspended_tickets", []any{"suspended_tickets", 0}, "SuspendedTicket"},
		{"/suspended_tickets/" + itoa(held), []any{"suspended_ticket", "attachments", 0},
			"Attachment"},
		{"/tickets/" + itoa(let), []any{"ticket"}, "Ticket"},
		{"/tickets/" + itoa(let) + "/comments", []any{"comments", 0}, "Comment"},
		{"/users/me", []any{"user"}, "User"},
		{"/rules", nil, "Rules"},
		{"/rules/block/entries", []any{"entries", 0}, "Entry"},
		{"/audit_logs", []any{"audit_logs", 0}, "AuditLog"},
		{"/check?sender=a@example.net", nil, "Checked"},
	} {
		o := st.object(do("GET", "/api/v2"+c.path, ""), 200)
		record, _ := at(o, c.in...).(map[string]any)
		schema := at(doc, "components", "schemas", c.schema)
		properties := at(schema, "properties").(map[string]any)
		for name := range record {
			if properties[name] == nil {
				t.Errorf("%s: %s is not described", c.path, name)
			}
		}
		required, _ := at(schema, "required").([]any)
		for _, name := range required {
			if _, present := record[name.(string)]; !present {
				t.Errorf("%s: %s is missing of %v", c.path, name, record)
			}
		}
	}
}

// TestOperations: probes, addresses and metrics.
func TestOperations(t *testing.T) {
	st := testServer(t)
	st.server.Addresses = []string{"192.0.2.1", "2001:db8::1"}
	st.hold("one")
	get := func(path, client string, header http.Header) (int, string) {
		t.Helper()
		w := st.do(call{method: "GET", path: path, client: client, header: header})
		return w.Code, w.Body.String()
	}
	if code, text := get("/livez", outside, nil); code != 200 || text != "ok\n" {
		t.Errorf("livez %d %q", code, text)
	}
	if code, text := get("/ips", outside, nil); code != 200 || text != "192.0.2.1\n2001:db8::1\n" {
		t.Errorf("ips %d %q", code, text)
	}
	if code, _ := get("/metrics", outside, nil); code != 403 {
		t.Errorf("metrics from outside: %d", code)
	}
	proxied := http.Header{"X-Forwarded-For": {"127.0.0.1"}}
	if code, _ := get("/metrics", "127.0.0.1", proxied); code != 403 {
		t.Errorf("metrics through a proxy on this machine: %d", code)
	}
	st.server.Proxies = rangesOf(t, "127.0.0.1/32")
	for _, header := range []http.Header{nil, {"X-Real-Ip": {"127.0.0.1"}}} {
		if code, _ := get("/metrics", "127.0.0.1", header); code != 403 {
			t.Errorf("metrics through a proxy that says nothing: %d", code)
		}
	}
	st.server.Metrics = rangesOf(t, "127.0.0.1/32")
	if code, _ := get("/metrics", "127.0.0.1", nil); code != 200 {
		t.Errorf("metrics for a proxy that is named: %d", code)
	}
	proxied.Set("X-Forwarded-For", outside)
	if code, _ := get("/metrics", "127.0.0.1", proxied); code != 403 {
		t.Errorf("metrics through a proxy that is named: %d", code)
	}
	st.server.Proxies, st.server.Metrics = nil, nil
	code, text := get("/metrics", "127.0.0.1", nil)
	for _, line := range []string{"gatepost_held 1\n", "gatepost_conservation_difference 0\n",
		"gatepost_held_by_cause{cause=\"blocklisted\"} 1\n",
		"gatepost_http_requests_total{method=\"GET\",status=\"200\"} 3\n",
		"gatepost_info{version=\"test\"} 1\n",
		"gatepost_decisions{kind=\"suspend\",window=\"1h\"} 1\n",
		"# TYPE gatepost_sign_ins_total counter\n"} {
		if code != 200 || !strings.Contains(text, line) {
			t.Errorf("metrics %d without %q:\n%s", code, line, text)
		}
	}
	if strings.Contains(text, "@") || strings.Contains(text, "example") {
		t.Errorf("metrics name somebody:\n%s", text)
	}
	st.server.Metrics = rangesOf(t, "198.51.100.0/24")
	if code, _ := get("/metrics", outside, nil); code != 200 {
		t.Errorf("metrics from their own range: %d", code)
	}
}

// TestReady: not ready says why, and when to come again.
func TestReady(t *testing.T) {
	st := testServer(t)
	if w := st.do(call{method: "GET", path: "/readyz"}); w.Code != 200 {
		t.Errorf("%d", w.Code)
	}
	st.server.Ready = func(context.Context) error { return fmt.Errorf("the disk is full") }
	w := st.do(call{method: "GET", path: "/readyz"})
	again := w.Header().Get("Retry-After")
	if w.Code != 503 || w.Body.String() != "the disk is full\n" || again == "" {
		t.Errorf("%d %q", w.Code, w.Body)
	}
}

// TestLog: one line a request, with who and from where, and nothing of the query.
func TestLog(t *testing.T) {
	st := testServer(t)
	do := st.as("agent@acme.test")
	do("GET", "/api/v2/suspended_tickets?query=secret-words", "")
	do("GET", "/api/v2/x%0Aforged", "")
	text := st.log.String()
	who := `user=agent@acme.test`
	if !strings.Contains(text, who) || !strings.Contains(text, "client="+inside) ||
		strings.Contains(text, "secret-words") || strings.Contains(text, "\nforged") {
		t.Errorf("log:\n%s", text)
	}
}
