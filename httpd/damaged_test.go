package httpd_test

import (
	"bytes"
	"database/sql"
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"

	"gatepost/httpd/httpdtest"
	"gatepost/policy"
)

// A message whose row is damaged is shown as that, with what stands there, by API and console;
// the others are as ever.
func TestDamagedRow(t *testing.T) {
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

// Where pages of indexes are damaged the API shows each message as ever. What asks an index says
// that the database is damaged and what to do, to programs and to people; the log says why.
func TestDamagedIndex(t *testing.T) {
	st := testServer(t)
	st.Rules(policy.Block, "*")
	for _, subject := range []string{"one", "two", "three"} {
		st.Receive(httpdtest.Message("a@acme.test", subject, "hello"))
	}
	damageIndexes(st)
	do := st.As("admin@acme.test")
	st.Object(do("GET", "/api/v2/suspended_tickets/2", ""), http.StatusOK)
	w := do("GET", "/api/v2/suspended_tickets?sort_by=subject", "")
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

// damageIndexes overwrites the pages of all indexes of the queue.
func damageIndexes(st *httpdtest.Site) {
	st.Helper()
	db, err := sql.Open("sqlite3", "file:"+st.Path+"?_busy_timeout=10000")
	st.Must(err)
	defer db.Close()
	_, err = db.Exec("pragma wal_checkpoint(truncate)")
	st.Must(err)
	var size int64
	st.Must(db.QueryRow("pragma page_size").Scan(&size))
	rows, err := db.Query(`select rootpage from sqlite_master
		where type = 'index' and tbl_name = 'suspended'`)
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
		st.Fatal("there is no index")
	}
	_, err = db.Exec(`update meta set value = value + 1 where name = 'pings'`) // caches are void now
	st.Must(err)
}
