package store

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A query asks no index of any table that it reads, whatever stands behind the table's name.
func TestUnindexed(t *testing.T) {
	for query, want := range map[string]string{
		`select a from t`:                                     `select a from t not indexed`,
		`select (select a from t where a), b`:                 `select (select a from t not indexed where a), b`,
		`select 1 from t s left join m on m.id`:               `select 1 from t s not indexed left join m not indexed on m.id`,
		"select 1\nfrom t\n\tas q\nwhere q.a":                 "select 1\nfrom t\n\tas q not indexed\nwhere q.a",
		`select 1 from (select * from t q) r join (select 2)`: `select 1 from (select * from t q not indexed) r join (select 2)`,
		`select 1 from t s where s.a is distinct from t.b`:    `select 1 from t s not indexed where s.a is distinct from t.b`,
		`select 1 from t limit 3`:                             `select 1 from t not indexed limit 3`,
		`select value from json_each($1)`:                     `select value from json_each($1)`,
		`select name from sqlite_master`:                      `select name from sqlite_master`,
		`pragma integrity_check(20)`:                          `pragma integrity_check(20)`,
		`select 1 from t not indexed join m on m.id`:          `select 1 from t not indexed join m on m.id`,
	} {
		if got := unindexed(query); got != want {
			t.Errorf("%s\nis  %s\nwant %s", query, got, want)
		}
	}
}

// damageIndexes writes over a page of each index of a closed database: its root, or a leaf of
// one that has several pages.
func damageIndexes(t *testing.T, path string, leaf bool) {
	t.Helper()
	octets, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	names, err := texts(context.Background(), openImmutable(t, path),
		`select name from sqlite_master where type = 'index'`)
	if err != nil {
		t.Fatal(err)
	}
	const interior = 0x02 // of an index
	leaves := 0
	for _, name := range names {
		page := rootOf(t, path, name)
		size := pageSize(octets)
		root := octets[(page-1)*size : page*size]
		switch {
		case leaf && root[0] == interior:
			leaves++
			last := int(root[8])<<24 | int(root[9])<<16 | int(root[10])<<8 | int(root[11])
			copy(octets[(last-1)*size:last*size], bytes.Repeat([]byte{0xff}, size))
		case !leaf:
			copy(root, bytes.Repeat([]byte{0xff}, size))
		}
	}
	if err := os.WriteFile(path, octets, 0o600); err != nil {
		t.Fatal(err)
	}
	if len(names) < 10 || leaf && leaves < 4 {
		t.Fatalf("%d indexes, %d of several pages", len(names), leaves)
	}
}

// What is read is the same where pages of all indexes are damaged.
func TestDamagedIndexPages(t *testing.T) {
	for _, leaf := range []bool{false, true} {
		t.Run(fmt.Sprint("leaf ", leaf), func(t *testing.T) {
			sound := manyMessages(t, 400, 20)
			path := filepath.Join(t.TempDir(), "gatepost.db")
			if err := copyFile(sound, path); err != nil {
				t.Fatal(err)
			}
			damageIndexes(t, path, leaf)
			want, got := readings(t, sound), readings(t, path)
			want["without indexes"] = "true"
			for name, words := range want {
				if got[name] != words {
					t.Errorf("%s: %.300s\nwant %.300s", name, got[name], words)
				}
			}
		})
	}
}

// readings is what lists and counts say, as JSON.
func readings(t *testing.T, path string) map[string]string {
	t.Helper()
	ctx := context.Background()
	db, err := Open(at(t, path), Options{Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	all := map[string]string{}
	note := func(name string, value any, err error) {
		text, e := json.Marshal(value)
		if err != nil || e != nil {
			text = fmt.Append(nil, err, e)
		}
		all[name] = string(text)
	}
	for _, sort := range orders {
		for _, q := range []Query{{Sort: sort}, {Sort: sort, Cause: "blocklisted"},
			{Sort: sort, Search: "subject 1"}, {Sort: sort, From: "held.test"}} {
			name := fmt.Sprintf("%+v", q)
			held, err := db.SuspendedPage(ctx, q, PageRequest{})
			note("held "+name, held, err)
			held, err = db.SuspendedPage(ctx, q, PageRequest{Before: held.Last, Descending: true})
			note("held before "+name, held, err)
			tickets, err := db.TicketPage(ctx, q, PageRequest{Descending: true})
			note("tickets "+name, tickets, err)
			n, err := db.CountSuspended(ctx, q)
			note("count "+name, n, err)
			n, err = db.CountTickets(ctx, q)
			note("count of tickets "+name, n, err)
			m, err := db.Matching(ctx, q)
			note("matching "+name, m, err)
		}
	}
	users, err := db.UserPage(ctx, "", PageRequest{})
	note("users", users, err)
	found, err := db.Find(ctx, Search{Words: "subject 7"})
	note("found", found, err)
	causes, err := db.CauseCounts(ctx)
	note("causes", causes, err)
	status, err := db.Status(ctx)
	note("status", status, err)
	balance, err := db.Balance(ctx)
	note("balance", balance, err)
	why, err := db.Explain(ctx, "7")
	note("explained", why, err)
	p, err := db.Policy(ctx)
	note("policy", p != nil, err)
	log, err := collect(db.AuditLog(ctx, AuditQuery{}))
	note("audit", log, err)
	profile, err := db.Profile(address(t, "a10@acme.test"))
	note("profile", profile, err)
	note("without indexes", db.WithoutIndexes(), nil)
	return all
}
