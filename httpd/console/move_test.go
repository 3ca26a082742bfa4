package console

import (
	"bytes"
	"fmt"
	"html"
	"mime/multipart"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"gatepost/httpd"
	"gatepost/httpd/httpdtest"
	"gatepost/policy"
)

// send sends a form with files, by name and text, as a browser does.
func send(b *httpdtest.Browser, fields map[string]string, files ...string) (page, to string,
	status int) {
	b.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for name, value := range fields {
		b.Must(form.WriteField(name, value))
	}
	for i := 0; i+1 < len(files); i += 2 {
		w, err := form.CreateFormFile("files", files[i])
		b.Must(err)
		_, err = w.Write([]byte(files[i+1]))
		b.Must(err)
	}
	b.Must(form.Close())
	w := b.Do(httpdtest.Call{Method: "POST", Path: "/move", Session: b.Session, Body: body.String(),
		Header: http.Header{"Content-Type": {form.FormDataContentType()}}})
	return w.Body.String(), w.Header().Get("Location"), w.Code
}

// packed are the hidden fields of the form that confirms.
func packed(page string) map[string]string {
	fields := map[string]string{"do": "apply"}
	for _, m := range regexp.MustCompile(`type="hidden" name="(\w+)" value="([^"]*)"`).
		FindAllStringSubmatch(page, -1) {
		fields[m[1]] = html.UnescapeString(m[2])
	}
	return fields
}

// What would change is shown before anything is, and is just what is changed then.
func TestMoveOver(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes the time of many other tests")
	}
	st := testServer(t)
	b := st.Browser("admin@acme.test")
	b.Says(b.Get("/move", http.StatusOK), `type="file"`)
	before := st.Changes()
	var many strings.Builder
	many.WriteString("name,email,role,suspended\n")
	for i := range 20_000 { // more than other requests may carry
		fmt.Fprintf(&many, "\"Person <%d>\",p%d@client.test,end-user,%t\n%s", i, i, i%50 == 0,
			strings.Repeat(" ", 40)+",,,\n")
	}
	many.WriteString("Cleo,cleo@help.test,agent,false\n")
	page, _, status := send(b, map[string]string{"allow": "@partner.test", "do": "preview",
		"block": "* client.test\nreject:*", "staff": "cleo@help.test"}, "users.csv", many.String(),
		"orgs.json", `{"name":"Client \"Ltd\" & Co.","domain_names":["client.test"]}`)
	if status != http.StatusOK || many.Len() < httpd.MaxBody {
		t.Fatalf("status %d, %d octets: %.300s", status, many.Len(), page)
	}
	b.Says(page, "<td>40001</td><td>20001</td><td>400 of the new ones suspended;", "20000 without",
		"1 keep a role", "<code>@partner.test</code> → <code>partner.test</code>",
		"blocklist.txt, line 2: <code>reject:*</code>", "Move all of this over",
		"client.test on the blocklist contradicts client.test in the organisation")
	if n := st.Changes(); n != before || st.List(policy.Block) != "" {
		t.Fatalf("the preview changed something: %d entries of the audit log, then %d", before, n)
	}
	confirm := packed(page)
	_, to, status := send(b, confirm)
	if status != http.StatusSeeOther {
		t.Fatalf("status %d", status)
	}
	b.Says(b.Get(to, http.StatusOK), "Moved over.", "Undo</button>")
	if st.List(policy.Allow) != "partner.test" || st.List(policy.Block) != "* client.test" {
		t.Errorf("the lists are %q and %q", st.List(policy.Allow), st.List(policy.Block))
	}
	for email, want := range map[string]policy.Profile{
		"p50@client.test": {Known: true, Suspended: true}, "p51@client.test": {Known: true},
		"cleo@help.test": {Known: true, Role: policy.Agent}} {
		if got, err := st.DB.Profile(st.Address(email)); err != nil || got != want {
			t.Errorf("%s: %+v, %v", email, got, err)
		}
	}
	b.Says(b.Get("/organizations", http.StatusOK), "Client &#34;Ltd&#34; &amp; Co.")
	after := st.Changes()
	if _, to, _ := send(b, confirm); !strings.Contains(to, "did=same") || st.Changes() != after {
		t.Errorf("once more leads to %s, %d entries of the audit log, then %d", to, after, st.Changes())
	}
}

// What cannot be read is said, with what was typed, and changes nothing.
func TestMoveOverRefuses(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes the time of many other tests")
	}
	st := testServer(t)
	b := st.Browser("admin@acme.test")
	for text, want := range map[string]string{"<users/>": "is XML", "name\nAnn\n": "no column is named email"} {
		page, _, status := send(b, map[string]string{"allow": "kept.test"}, "users.x", text)
		if status != http.StatusUnprocessableEntity {
			t.Errorf("%s: status %d", text, status)
		}
		b.Says(page, want, "kept.test</textarea>")
	}
	page, _, _ := send(b, map[string]string{"staff": "nobody"})
	b.Says(page, "staff:", "nobody")
	big := strings.Repeat("x", maxMove+1)
	if _, _, status := send(b, nil, "users.csv", big); status != http.StatusRequestEntityTooLarge {
		t.Errorf("too much: status %d", status)
	}
	agent := st.Browser("agent@acme.test")
	if _, _, status := send(agent, nil); status != http.StatusForbidden {
		t.Errorf("an agent: status %d", status)
	}
}
