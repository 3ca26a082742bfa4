package httpd_test

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"gatepost/httpd/httpdtest"
	"gatepost/policy"
	"gatepost/store/storetest"
)

// A message whose row is damaged is shown as that, with what stands there, by API and console;
// the others are as ever.
func TestDamagedRow(t *testing.T) {
	storetest.OfTheFile(t)
	for name, c := range map[string]struct{ column, raw, change string }{
		"no JSON": {"reply_to", `oops{`, `update messages set reply_to = 'oops{' where id = 2`},
		"octets":  {"subject", `\xff`, `update suspended set subject = x'ff00fe' where id = 2`},
		"reasons": {"", "", `update messages set reasons = '{{{' where id = 2`},
		"client":  {"", "", `update messages set client = 'nobody' where id = 2`},
		"half":    {"decision_id", "nothing", `delete from messages where id = 2`},
	} {
		t.Run(name, func(t *testing.T) {
			st := testServer(t)
			st.Rules(policy.Block, "*")
			for _, subject := range []string{"one", "two", "three"} {
				st.Receive(httpdtest.Message("a@acme.test", subject, "hello"))
			}
			file, err := sql.Open("sqlite3", "file:"+st.Path+"?_busy_timeout=10000")
			st.Must(err)
			defer file.Close()
			_, err = file.Exec(c.change)
			st.Must(err)
			secret, _ := st.Token("admin@acme.test")
			do := func(method, path string) call {
				return call{Method: method, Path: "/api/v2/suspended_tickets" + path, Token: secret}
			}
			list := st.Object(st.Do(do("GET", "")), 200)["suspended_tickets"].([]any)
			if len(list) != 3 {
				t.Fatalf("listed: %v", list)
			}
			for _, item := range list {
				held := item.(map[string]any)
				if isTwo := held["id"] == 2.0; isTwo != (held["damaged"] != nil || held["error_messages"] != nil) {
					t.Errorf("listed: %v", held)
				}
			}
			st.Object(st.Do(do("GET", "/2")), 200)
			b := st.Browser("admin@acme.test")
			b.Says(b.Get("/suspended", http.StatusOK), "one", "three")
			page := b.Get("/suspended/2", http.StatusOK)
			b.Says(page, "is damaged", c.column)
			if !strings.Contains(page, c.raw) {
				t.Errorf("%q is not shown", c.raw)
			}
			b.Says(b.Get("/suspended/1", http.StatusOK), "hello")
			st.Object(st.Do(do("PUT", "/recover_many?ids=1,3")), 200)
		})
	}
}

// Where pages of indexes are damaged API and console show lists and messages as ever, with a
// warning that says what to do.
func TestDamagedIndex(t *testing.T) {
	storetest.OfTheFile(t)
	st := testServer(t)
	st.Rules(policy.Block, "*")
	for _, subject := range []string{"one", "two", "three"} {
		st.Receive(httpdtest.Message("a@acme.test", subject, "hello"))
	}
	do := st.As("admin@acme.test")
	for _, query := range []string{"", "?sort_by=subject", "?cause=not_on_whitelist&page[size]=2"} {
		list := st.Object(do("GET", "/api/v2/suspended_tickets"+query, ""), http.StatusOK)
		if list["warning"] != nil {
			t.Errorf("a sound database: %v", list)
		}
	}
	damagePages(st, "index")
	st.Object(do("GET", "/api/v2/suspended_tickets/2", ""), http.StatusOK)
	for _, c := range []struct {
		query string
		n     int
	}{{"?sort_by=subject", 3}, {"?sort_by=author_email", 3}, {"", 3}, {"?query=two", 1},
		{"?cause=not_on_whitelist&page[size]=2", 2}} {
		list := st.Object(do("GET", "/api/v2/suspended_tickets"+c.query, ""), http.StatusOK)
		if len(list["suspended_tickets"].([]any)) != c.n ||
			!strings.Contains(fmt.Sprint(list["warning"]), "gatepost doctor salvage") {
			t.Errorf("%s: %v", c.query, list)
		}
	}
	b := st.Browser("admin@acme.test")
	b.Says(b.Get("/suspended?sort=subject", http.StatusOK), "one", "two", "three",
		"index of the database is damaged", "gatepost doctor salvage")
	w := st.Do(call{Method: "GET", Path: "/metrics", Client: "127.0.0.1"})
	if !strings.Contains(w.Body.String(), "gatepost_indexes_damaged 1\n") {
		t.Errorf("metrics: %s", w.Body)
	}
}

// Where the rows themselves cannot be read that is said to programs and to people, with what to
// do; the log says why.
func TestDamagedTable(t *testing.T) {
	storetest.OfTheFile(t)
	st := testServer(t)
	st.Rules(policy.Block, "*")
	st.Receive(httpdtest.Message("a@acme.test", "one", "hello"))
	damagePages(st, "table")
	w := st.As("admin@acme.test")("GET", "/api/v2/suspended_tickets?sort_by=subject", "")
	said := st.Object(w, http.StatusServiceUnavailable)
	if said["error"] != "DatabaseDamaged" || !strings.Contains(w.Body.String(), "gatepost doctor") {
		t.Errorf("said: %v", said)
	}
	if !strings.Contains(st.Log.String(), "malformed") {
		t.Errorf("the log is %s", st.Log.String())
	}
	b := st.Browser("admin@acme.test")
	b.Says(b.Get("/suspended", http.StatusServiceUnavailable), "is damaged", "gatepost doctor")
}

// damagePages overwrites the first pages of all indexes of the queue, or of its table.
func damagePages(st *httpdtest.Site, kind string) {
	st.Helper()
	db, err := sql.Open("sqlite3", "file:"+st.Path+"?_busy_timeout=10000")
	st.Must(err)
	defer db.Close()
	_, err = db.Exec("pragma wal_checkpoint(truncate)")
	st.Must(err)
	var size int64
	st.Must(db.QueryRow("pragma page_size").Scan(&size))
	rows, err := db.Query(`select rootpage from sqlite_master
		where type = ? and tbl_name = 'suspended'`, kind)
	st.Must(err)
	defer rows.Close()
	file, err := os.OpenFile(st.Path, os.O_WRONLY, 0)
	st.Must(err)
	n := 0
	for ; rows.Next(); n++ {
		var page int64
		st.Must(rows.Scan(&page))
		_, err := file.WriteAt(bytes.Repeat([]byte{0xff}, int(size)), (page-1)*size)
		st.Must(err)
	}
	st.Must(errors.Join(rows.Err(), file.Close()))
	if n == 0 {
		st.Fatal("there is none")
	}
	_, err = db.Exec(`update meta set value = value + 1 where name = 'pings'`) // caches are void now
	st.Must(err)
}
