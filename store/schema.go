package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// Where things stand in a database (https://sqlite.org/fileformat.html, sections 1.3 and 1.6).
const (
	headerSize   = 100 // of the file; the first page begins behind it
	pageSizeAt   = 16
	pagesAt      = 28 // how many pages there are
	freeListAt   = 32 // its first page, and how many
	interiorPage = 0x05
	leafPage     = 0x0d // both of a table
)

// mostStrange is how many tables and indexes may begin with a page that is none of theirs: it
// may be damaged. Where tables are elsewhere nearly all do.
const mostStrange = 2

// withOurSchema makes a copy of a database whose list of tables cannot be read, with that of a
// new database in its place: the pages are the same in each that was made by this version. It is
// an error if they are not, but for some octets. The caller removes the folder of the copy.
func withOurSchema(_ context.Context, from string) (path string, err error) {
	if hasLog(from) {
		return "", fmt.Errorf("%s-wal has what was written last", from)
	}
	dir, err := os.MkdirTemp(filepath.Dir(from), "salvage-")
	if err != nil {
		return "", err
	}
	path = filepath.Join(dir, "copy.db")
	if err := writeWithOurSchema(from, path); err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	return path, nil
}

func writeWithOurSchema(from, to string) error {
	fresh := filepath.Join(filepath.Dir(to), "new.db")
	roots, err := makeFresh(fresh)
	if err != nil {
		return err
	}
	ours, err := os.ReadFile(fresh)
	if err != nil {
		return err
	}
	if err := copyFile(from, to); err != nil {
		return err
	}
	f, err := os.OpenFile(to, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	err = layOver(f, ours)
	if err == nil {
		err = checkRoots(f, roots, pageSize(ours))
	}
	return errors.Join(err, f.Close())
}

// A root is the first page of a table or an index.
type root struct {
	page    int64
	ofTable bool
}

func scanRoot(row scanner) (r root, err error) { return r, row.Scan(&r.page, &r.ofTable) }

// makeFresh makes a new database, and tells where its tables and indexes begin.
func makeFresh(path string) (roots []root, err error) {
	db, err := Open(path, Options{Create: true})
	if err != nil {
		return nil, err
	}
	for r, e := range each(context.Background(), db, scanRoot,
		`select rootpage, type = 'table' from sqlite_master where rootpage > 0`) {
		roots, err = append(roots, r), errors.Join(err, e)
	}
	return roots, errors.Join(err, db.Close())
}

var errElsewhere = errors.New("its tables are not where a database made by this version has them")

// checkRoots looks whether tables begin where tables do, and indexes where indexes do.
func checkRoots(f *os.File, roots []root, size int) error {
	strange := 0
	for _, r := range roots {
		kind := make([]byte, 1)
		if _, err := f.ReadAt(kind, (r.page-1)*int64(size)); err != nil {
			return err
		}
		if isTable := kind[0] == interiorPage || kind[0] == leafPage; isTable != r.ofTable {
			strange++
		}
	}
	if strange > mostStrange {
		return errElsewhere
	}
	return nil
}

// layOver writes the pages of our list of tables over those of f. What f has of free pages
// does not matter to who reads.
func layOver(f *os.File, ours []byte) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	size := pageSize(ours)
	same, all := 0, 0
	for _, page := range schemaPages(ours) {
		theirs := make([]byte, size)
		if _, err := f.ReadAt(theirs, int64(page-1)*int64(size)); err != nil {
			return err
		}
		our := slices.Clone(ours[(page-1)*size : page*size])
		if page == 1 {
			binary.BigEndian.PutUint32(our[pagesAt:], uint32(info.Size()/int64(size)))
			clear(our[freeListAt : freeListAt+8])
		}
		for i := range our {
			if all++; our[i] == theirs[i] {
				same++
			}
		}
		if _, err := f.WriteAt(our, int64(page-1)*int64(size)); err != nil {
			return err
		}
	}
	if same < all/2 { // a page or two may be gone whole
		return errElsewhere
	}
	return nil
}

func pageSize(file []byte) int { return int(binary.BigEndian.Uint16(file[pageSizeAt:])) }

// schemaPages are the pages of the list of tables of a database of ours: the first, and those it
// leads to.
func schemaPages(file []byte) (pages []int) {
	pages = []int{1}
	head := file[headerSize:]
	if head[0] != interiorPage {
		return pages
	}
	for i := range int(binary.BigEndian.Uint16(head[3:])) {
		cell := binary.BigEndian.Uint16(head[12+2*i:])
		pages = append(pages, int(binary.BigEndian.Uint32(file[cell:])))
	}
	return append(pages, int(binary.BigEndian.Uint32(head[8:])))
}
