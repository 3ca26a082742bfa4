package zendesk_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gatepost/message"
	"gatepost/policy"
	"gatepost/store"
	"gatepost/zendesk"
)

// What becomes of mail after an import is what the help desk documents of its rules: on its pages
// about the allowlist and the blocklist, about suspending users, and about the field Domains of
// an organisation.
func TestImportDecidesAsDocumented(t *testing.T) {
	db := open(t)
	apply(t, db, read(t, map[string][]byte{
		"users.csv": []byte("name,email,role,suspended,active\n" +
			"Ann,ann@known.test,end-user,false,true\n" +
			"Sue,sue@allowed.test,end-user,true,true\n" +
			"Dan,dan@gone.test,end-user,false,false\n" +
			"Kim,kim@free.test,end-user,false,true\n"),
		"organizations.json": []byte(`{"organizations":[{"name":"Acme","domain_names":` +
			`["acme.test","boss@free.test"]}]}`),
		"allowlist.txt": []byte("allowed.test, @gmail.test"),
		"blocklist.txt": []byte("* free.test suspend:randomspammer@gmail.test " +
			"reject:kim@known.test reject:eve@gmail.test reject:megaspam.test suspend:bob@acme.test " +
			"reject:new@strange.test"),
	}))
	rules, err := db.Policy(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for sender, want := range map[string]policy.Action{
		"x@allowed.test":           policy.Ticket,  // approve a domain
		"x@sub.allowed.test":       policy.Ticket,  // and its subdomains
		"x@elsewhere.test":         policy.Suspend, // * holds all other new users
		"ann@known.test":           policy.Ticket,  // but not who has a profile
		"sue@allowed.test":         policy.Suspend, // a suspended user stays so
		"dan@gone.test":            policy.Suspend, // a deleted user has no profile
		"x@gmail.test":             policy.Ticket,
		"randomspammer@gmail.test": policy.Suspend, // approve a domain, but suspend one of it
		"eve@gmail.test":           policy.Reject,  // or reject one
		"x@megaspam.test":          policy.Suspend, // a rejected domain beside * is a conflict
		"new@strange.test":         policy.Reject,  // a rejected address is none
		"x@acme.test":              policy.Ticket,  // the domain of an organisation
		"bob@acme.test":            policy.Suspend, // suspend: blocks one address of it
		"boss@free.test":           policy.Ticket,  // an address in the field, its domain blocked
		"x@free.test":              policy.Suspend,
		"kim@free.test":            policy.Suspend, // a blocked domain holds known users too
	} {
		a := message.MustParseAddress(sender)
		profile, err := db.Profile(a)
		if err != nil {
			t.Fatal(err)
		}
		if d := rules.Check(a, profile); d.Action != want {
			t.Errorf("%s: %s (%s), want %s", sender, d.Action, d.Why(), want)
		}
	}
}

// What is here already stays, but for who is suspended there; staff is only who is named.
func TestImportIntoUsedStore(t *testing.T) {
	ctx := context.Background()
	db := open(t)
	h := db.By(store.Server())
	for email, role := range map[string]policy.Role{"boss@acme.test": policy.Admin,
		"ann@acme.test": policy.EndUser, "here@acme.test": policy.EndUser} {
		if err := h.AddUser(ctx, store.NewUser{Email: message.MustParseAddress(email), Name: "Own", Role: role}); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.SetSuspended(ctx, message.MustParseAddress("here@acme.test"), true); err != nil {
		t.Fatal(err)
	}
	e := read(t, map[string][]byte{"users.csv": []byte("email,role,suspended\n" +
		"boss@acme.test,admin,true\nann@acme.test,agent,true\nhere@acme.test,end-user,false\n" +
		"new@acme.test,Team lead,false\nother@acme.test,admin,false\nodd@acme.test,end-user,maybe\n")})
	p := apply(t, db, e, message.MustParseAddress("new@acme.test"), message.MustParseAddress("nobody@acme.test"))
	for email, want := range map[string]policy.Profile{
		"boss@acme.test":  {Known: true, Role: policy.Admin}, // the last admin stays
		"ann@acme.test":   {Known: true, Suspended: true},
		"here@acme.test":  {Known: true, Suspended: true}, // was suspended here
		"new@acme.test":   {Known: true, Role: policy.Agent},
		"other@acme.test": {Known: true},
		"odd@acme.test":   {Known: true, Suspended: true}, // to be safe
	} {
		if got, err := db.Profile(message.MustParseAddress(email)); err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", email, got, err, want)
		}
	}
	if u, err := db.User(ctx, message.MustParseAddress("ann@acme.test")); err != nil || u.Name != "Own" {
		t.Errorf("%+v, %v", u, err)
	}
	if len(p.Users.Admins) != 1 || len(p.Users.Unnamed) != 2 || len(p.Left) != 1 ||
		p.Left[0].Was != "nobody@acme.test" || len(p.Mended) != 1 {
		t.Errorf("%+v, left %v, mended %v", p.Users, p.Left, p.Mended)
	}
	stands := state(t, db)
	if apply(t, db, e, message.MustParseAddress("new@acme.test")); state(t, db) != stands {
		t.Errorf("again:\n%s\nand before\n%s", state(t, db), stands)
	}
	if p := apply(t, db, e, message.MustParseAddress("other@acme.test")); len(p.Users.Staff) != 1 {
		t.Errorf("named later: %+v", p.Users)
	}
	if got, err := db.Profile(message.MustParseAddress("other@acme.test")); err != nil || got.Role != policy.Admin {
		t.Errorf("named later: %+v, %v", got, err)
	}
}

// What cannot be taken is named with its line, and what follows is read all the same.
func TestReadNamesLines(t *testing.T) {
	e := read(t, map[string][]byte{
		"users.csv": []byte("sep=;\r\nEmail;Notes\r\na@x.test;\"two\r\nlines\"\r\nno address;\r\n" +
			"b@x.test;a \"quote\" here\r\nc@x.test, d@x.test;\r\n"),
		"users.jsonl": []byte("{\"email\":\"e@x.test\",\"role\":\"end-user\"}\n\n{\"email\":5,\"role\":\"agent\"}\n" +
			"{\"email\":\"f@x.test\",\"role\":\"agent\",\"identities\":[{\"type\":\"email\"," +
			"\"value\":\"g@x.test\"},{\"type\":\"twitter\",\"value\":\"h@x.test\"}]}\n"),
		"organizations.csv": []byte("name,domain_names\n\"Acme\u00a0 Ltd\",acme.test co.uk\n,x.test\n"),
		"blocklist.txt":     []byte("a.test\n\nreject:*  b.test\n"),
	})
	var got []string
	for _, u := range e.Users {
		got = append(got, u.Email.String())
	}
	want := []string{"a@x.test", "c@x.test", "d@x.test", "e@x.test", "f@x.test", "g@x.test"}
	if !slices.Equal(got, want) {
		t.Errorf("users %q, want %q", got, want)
	}
	var left []string
	for _, f := range e.Left {
		left = append(left, fmt.Sprintf("%s:%d", f.File, f.Line))
	}
	want = []string{"blocklist.txt:3", "organizations.csv:2", "organizations.csv:3", "users.csv:5",
		"users.csv:5", "users.csv:6", "users.jsonl:3"}
	if !slices.Equal(left, want) {
		t.Errorf("left out at %q, want %q", left, want)
	}
	if len(e.Organizations) != 1 || e.Organizations[0].Name != "Acme Ltd" {
		t.Errorf("organisations %+v", e.Organizations)
	}
	if latin := read(t, map[string][]byte{"users.csv": []byte("email,name\na@x.test,J\xfcrgen\n")}); latin.
		Users[0].Name != "Jürgen" || len(latin.Mended) != 1 {
		t.Errorf("Windows-1252: %+v", latin)
	}
}

// What is no export, or cannot be read to its end, is refused whole.
func TestReadRefuses(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"users.xml":   {"<users/>", "is XML"},
		"users.csv":   {"name,phone\nAnn,1\n", "no column is named email"},
		"users.zip":   {"PK\x03\x04\x00", "NUL octets"},
		"users2.csv":  {"email,notes\na@x.test,\"open\nb@x.test,c\n", "line 2"},
		"users.json":  {"{\"email\":\"a@x.test\"}\n{\"email\":", "line 2"},
		"export.json": {"{\"id\":1,\"subject\":\"x\"}", "neither a user"},
		"empty.csv":   {" \n", "is empty"},
		"users3.csv":  {"\xff\xfea", "UTF-16"},
	} {
		err := (&zendesk.Export{}).Read(name, []byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}
