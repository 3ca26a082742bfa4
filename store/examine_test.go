package store

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gatepost/policy"
)

// Each content is compared with what was received, whether it is in the database or a file.
func TestCheckContents(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	small, big := "x", strings.Repeat("x", 2*inline)
	var last *Record
	for _, body := range []string{small, small, big, big, big, small} {
		last, _ = f.receive(mail("a@acme.test", "x", body))
	}
	var told []int64
	tell := func(done, total int64) { told = append(told, done, total) }
	if faults := all(t, f.CheckContents(ctx, tell)); len(faults) != 0 {
		t.Fatalf("of a sound database: %v", faults)
	}
	if want := []int64{1, 6, 2, 6, 3, 6, 4, 6, 5, 6, 6, 6}; !slices.Equal(told, want) {
		t.Errorf("told %d", told)
	}
	path := func(id int64) string {
		return filepath.Join(f.Dir(), contentName(all(t, f.ListTickets(ctx, Query{}))[6-id].DecisionID))
	}
	f.damage(`update messages set raw = cast('other' as blob), size = 5 where id = 2`)
	if err := errors.Join(os.Remove(path(3)), os.Truncate(path(4), 9)); err != nil {
		t.Fatal(err)
	}
	f.damage(`delete from tickets where id = 6; delete from messages where id = 6`)
	orphan := filepath.Join(f.Dir(), contentName(last.ID))
	if err := os.WriteFile(orphan, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	said := ""
	for _, fault := range all(t, f.CheckContents(ctx, tell)) {
		said += fault.Err.Error() + "\n"
	}
	want := "its octets are not those that were received\n" + f.contentGone(3).Error() +
		"\nit has 9 octets, and 131134 were received\n"
	if said != want {
		t.Errorf("%s\nwant %s", said, want)
	}
	if files, err := f.Orphans(ctx); err != nil || len(files) != 1 || files[0] != orphan {
		t.Errorf("orphans: %v, %v", files, err)
	}
}

// What is set aside is in no list any more, and in a file with every octet; nothing else is
// ever set aside, and nothing is missing afterwards.
func TestSetAside(t *testing.T) {
	ctx := context.Background()
	for _, c := range damages {
		t.Run(c.name, func(t *testing.T) {
			f := open(t)
			f.rules(policy.Block, "*")
			for _, subject := range []string{"one", "two", "three"} {
				f.receive(mail("a@acme.test", subject, "hello "+subject))
			}
			f.damage(c.change)
			file, err := f.editor().SetAside(ctx, 2)
			if c.column == "" {
				if !errors.Is(err, ErrSound) {
					t.Errorf("what is listed as sound: %v", err)
				}
				return
			}
			text, e := os.ReadFile(file)
			var rows []rowAside
			if err := errors.Join(err, e, json.Unmarshal(text, &rows)); err != nil {
				t.Fatal(err)
			}
			if len(rows) != 2 || len(rows[0].Columns) != 10 || string(rows[0].Columns[5].Raw) == "" {
				t.Errorf("the file has %s", text)
			}
			eml, err := os.ReadFile(strings.TrimSuffix(file, ".json") + ".eml")
			if half := c.name == "half of it gone"; half != errors.Is(err, os.ErrNotExist) ||
				!half && string(eml) != mail("a@acme.test", "two", "hello two") {
				t.Errorf("its content is %q, %v", eml, err)
			}
			if n := len(all(t, f.ListSuspended(ctx, Query{}))); n != 2 {
				t.Errorf("%d are held", n)
			}
			f.checkBalance("set aside",
				"3 accepted; 0 tickets, 2 held, 0 rejected, 0 deleted, 0 expired, 1 set aside")
			if _, err := f.editor().SetAside(ctx, 1); !errors.Is(err, ErrSound) {
				t.Errorf("a sound one: %v", err)
			}
			if _, err := f.editor().SetAside(ctx, 2); !errors.Is(err, ErrNotFound) {
				t.Errorf("again: %v", err)
			}
		})
	}
}

// A ticket is set aside with a content that is a file, and so is a message that no list has.
func TestSetAsideOthers(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	big := mail("a@acme.test", "big", strings.Repeat("x", 2*inline))
	ticket, _ := f.receive(big)
	f.receive(mail("a@acme.test", "stray", "x"))
	f.damage(`update tickets set subject = x'ff' where id = 1; delete from tickets where id = 2`)
	for id, want := range map[int64]string{1: big, 2: mail("a@acme.test", "stray", "x")} {
		file, err := f.editor().SetAside(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		eml, err := os.ReadFile(strings.TrimSuffix(file, ".json") + ".eml")
		if err != nil || string(eml) != want {
			t.Errorf("%d: %d octets, %v", id, len(eml), err)
		}
	}
	if _, err := os.Stat(f.contentPath(ticket.ID)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file of the content is there: %v", err)
	}
	f.checkBalance("set aside",
		"2 accepted; 0 tickets, 0 held, 0 rejected, 0 deleted, 0 expired, 2 set aside")
}

// TestStrayScansOnce: no table is read once for each message.
func TestStrayScansOnce(t *testing.T) {
	f := open(t)
	rows, err := f.read.QueryContext(t.Context(), "explain query plan "+sqlite{}.text(strayQuery))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	each := map[int]bool{} // what is done for each message
	n := 0
	for ; rows.Next(); n++ {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		each[id] = strings.HasPrefix(detail, "CORRELATED")
		if each[parent] && strings.HasPrefix(detail, "SCAN") {
			t.Error(detail)
		}
	}
	if err := rows.Err(); err != nil || n == 0 {
		t.Errorf("%d lines, %v", n, err)
	}
}
