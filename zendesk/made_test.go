package zendesk_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"
)

// manyUsers is how many users the made export has.
const manyUsers = 20_000

// A made is an export that was made, with what should come of it.
type made struct {
	files                                        map[string][]byte
	profiles, suspended, nowhere, deleted, twice int
}

// makeExport makes an export with all that exports are known to have: users in a CSV file of
// UTF-8 with a byte order mark and cells of several lines, in one of UTF-16 with semicolons, and
// as JSON, a line each and in pages; users without an address, deleted, merged and suspended.
func makeExport(t testing.TB) *made {
	m := &made{files: map[string][]byte{}}
	var comma, semicolon, lines strings.Builder
	comma.WriteString("\ufeff")
	commas, semicolons := csv.NewWriter(&comma), csv.NewWriter(&semicolon)
	commas.UseCRLF, semicolons.Comma = true, ';'
	header := []string{"id", "Name", "Email", "External ID", "Role", "Suspended", "Active",
		"Organization", "Tags", "Notes"}
	var page []map[string]any
	for _, w := range []*csv.Writer{commas, semicolons} {
		if err := w.Write(header); err != nil {
			t.Fatal(err)
		}
	}
	encoder := json.NewEncoder(&lines)
	for i := range manyUsers {
		u := m.user(i)
		row := []string{fmt.Sprint(i), u.name, u.email, "", u.role, fmt.Sprint(u.suspended),
			fmt.Sprint(u.active), "Acme|Widget", "vip, \"new\"", u.notes}
		var err error
		switch i % 4 {
		case 0:
			err = commas.Write(row)
		case 1:
			err = semicolons.Write(row)
		case 2:
			err = encoder.Encode(u.object(i))
		default:
			page = append(page, u.object(i))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	commas.Flush()
	semicolons.Flush()
	pages, err := json.MarshalIndent(map[string]any{"users": page, "count": len(page),
		"next_page": nil}, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	m.files["users-1.csv"] = []byte(comma.String())
	m.files["users-2.csv"] = utf16LE(semicolon.String())
	m.files["users.json"], m.files["users-page.json"] = []byte(lines.String()), pages
	m.files["organizations.json"], m.files["organizations.csv"] = makeOrgs()
	m.files["allowlist.txt"], m.files["blocklist.txt"] = makeList("a"), makeList("b")
	return m
}

// A madeUser is one user of the export.
type madeUser struct {
	name, email, role, notes string
	suspended, active        bool
}

// user is the user of that number, and counts what should come of it.
func (m *made) user(i int) madeUser {
	u := madeUser{name: fmt.Sprintf("Person %d, Esq.", i), role: "end-user", active: true,
		email: fmt.Sprintf("Person%d@Client%d.test", i, i%300), notes: "plain"}
	counted := &m.profiles
	switch {
	case i%100 < 10:
		u.email, counted = "", &m.nowhere
	case i%100 < 13: // merged into another, and deleted
		u.active, counted = false, &m.deleted
		if i%2 == 0 {
			u.email = ""
		}
	case i%100 == 13:
		u.email, counted = "same@client.test", &m.twice
	case i%100 < 17:
		u.suspended = true
		m.suspended++
	case i%100 == 20:
		u.role, u.notes = "agent", "of several\r\nlines, with \"quotation marks\";\n\nand blank ones"
	case i%100 == 21:
		u.email = fmt.Sprintf("mailto:p%d@BÜCHER.test", i)
	case i%100 == 22:
		u.email = fmt.Sprintf("<p%d@client.test>", i)
	}
	if i == 13 { // the first of those that are the same
		counted = &m.profiles
	}
	*counted++
	return u
}

func (u madeUser) object(i int) map[string]any {
	o := map[string]any{"id": 360000000000 + i, "url": fmt.Sprint("https://x.test/users/", i),
		"name": u.name, "email": u.email, "role": u.role, "suspended": u.suspended, "active": u.active,
		"verified": true, "shared": false, "organization_id": nil, "notes": u.notes,
		"tags": []string{"vip"}, "user_fields": map[string]any{"email": "trap@trap.test"}, "photo": nil}
	if u.email == "" {
		o["email"] = nil
	}
	return o
}

func makeOrgs() (lines, sheet []byte) {
	var b, c strings.Builder
	c.WriteString("name,external_id,notes,details,default,shared,shared_comments,group,tags\n")
	for i := range 300 {
		fmt.Fprintf(&b, `{"id":%d,"name":"Client %d","domain_names":["Client%d.test"],"tags":[]}`+"\n",
			i, i, i)
		fmt.Fprintf(&c, "Other %d,,\"of\nlines\",,other%d.test boss%d@free.test,false,false,,\n", i, i, i)
	}
	return []byte(b.String()), []byte(c.String())
}

// makeList fills a field with 9,900 characters.
func makeList(letter string) []byte {
	var b strings.Builder
	for i := 0; b.Len() < 9_860; i++ {
		fmt.Fprintf(&b, "x%d@%s%d.test ", i, letter, i)
		if i%10 == 0 {
			fmt.Fprintf(&b, "@%s%d.example ", strings.ToUpper(letter), i)
		}
	}
	return []byte(b.String())
}

// utf16LE is a text as spreadsheets save it.
func utf16LE(s string) []byte {
	b := []byte{0xff, 0xfe}
	for _, c := range utf16.Encode([]rune(s)) {
		b = append(b, byte(c), byte(c>>8))
	}
	return b
}
