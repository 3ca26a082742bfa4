package store

import (
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// What was read of a table whose ids were changed, and where one goes on then.
func TestIDTrail(t *testing.T) {
	for _, c := range []struct {
		name        string
		bound, last int64
		read        []int64
		upward      bool
	}{
		{"nothing", 0, 0, nil, true},
		{"whole", 0, 4, []int64{1, 2, 4, 7}, true},
		{"one too high", 0, 3, []int64{2, 3, 9000, 5, 6}, true},
		{"the last too high", 0, 5, []int64{3, 4, 5, 9000}, true},
		{"one too low", 0, 7, []int64{5, 6, 1, 7, 8}, true},
		{"two too high", 0, 7, []int64{5, 9000, 9001, 6, 7, 8}, true},
		{"all of it before the bound", 8, 8, []int64{5, 6, 7, 8}, true},
		{"downward", 99, 6, []int64{9, 8, 6, 3}, false},
		{"downward, one too low", 99, 7, []int64{8, 7, 1}, false},
		{"downward, one too high", 99, 9, []int64{10, 9, 8, 9000}, false},
		{"downward, behind the bound", 5, 5, []int64{9, 8, 7, 5}, false},
	} {
		trail := idTrail{last: c.bound}
		for _, id := range c.read {
			trail.note(id, c.bound, c.upward)
			if !trail.knows(id) {
				t.Errorf("%s: %d was read and is not known", c.name, id)
			}
		}
		if trail.last != c.last {
			t.Errorf("%s: one goes on behind %d, want %d", c.name, trail.last, c.last)
		}
	}
}

// A page of a table is damaged, and so are the ids beside it: the messages on all other pages are
// listed, and salvaged.
func TestWrongIDsBesideADamagedPage(t *testing.T) {
	ctx := context.Background()
	path := manyMessages(t, 400, 200)
	octets, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	root := rootOf(t, path, "suspended")
	before := rawRows(t, path, rowColumns(t, path))["suspended"]
	leaves := leavesOf(octets, root)
	if len(leaves) < 9 {
		t.Fatalf("%d pages show nothing", len(leaves))
	}
	mid := len(leaves) / 2
	setCellID(leaves[mid-1], -1)
	leaves[mid][0] = 0
	setCellID(leaves[mid+1], 0)
	if err := os.WriteFile(path, octets, 0o600); err != nil {
		t.Fatal(err)
	}
	var whole []int64
	for id := range rawRows(t, path, rowColumns(t, path))["suspended"] {
		whole = append(whole, id)
	}
	if len(whole) == 0 || len(whole) >= len(before) {
		t.Fatalf("%d of %d are whole", len(whole), len(before))
	}
	to := filepath.Join(t.TempDir(), "new.db")
	if _, err := SalvageTo(ctx, path, to, Server(), Options{}); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{path, to} {
		db, err := Open(at(t, path), Options{Now: func() time.Time { return noon }})
		if err != nil {
			t.Fatal(err)
		}
		var listed []int64
		for s := range db.ListSuspended(ctx, Query{}) {
			if listed = append(listed, s.ID); len(listed) > 2*len(before) {
				t.Fatal("the list has no end")
			}
		}
		for _, id := range whole {
			if !slices.Contains(listed, id) {
				t.Errorf("%s: %d is whole, and not listed", path, id)
			}
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

// rootOf is the first page of a table or an index.
func rootOf(t *testing.T, path, name string) (page int) {
	t.Helper()
	err := openImmutable(t, path).QueryRow("select rootpage from sqlite_master where name = ?",
		name).Scan(&page)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// leavesOf are the pages of a table that have its rows, in their order
// (https://sqlite.org/fileformat.html, section 1.6).
func leavesOf(file []byte, page int) (leaves [][]byte) {
	size := pageSize(file)
	octets := file[(page-1)*size : page*size]
	if octets[0] == leafPage {
		return [][]byte{octets}
	}
	for i := range int(binary.BigEndian.Uint16(octets[3:])) {
		cell := binary.BigEndian.Uint16(octets[12+2*i:])
		leaves = append(leaves, leavesOf(file, int(binary.BigEndian.Uint32(octets[cell:])))...)
	}
	return append(leaves, leavesOf(file, int(binary.BigEndian.Uint32(octets[8:])))...)
}

// setCellID changes the id, of two octets, of a row on a page: the last for -1.
func setCellID(leaf []byte, n int) {
	if n < 0 {
		n += int(binary.BigEndian.Uint16(leaf[3:]))
	}
	cell := leaf[binary.BigEndian.Uint16(leaf[8+2*n:]):]
	_, size := binary.Uvarint(cell) // as long in this notation, which has the octets the other way
	cell[size], cell[size+1] = 0xff, 0x7f
}
