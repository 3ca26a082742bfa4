package store

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// errWrittenOver says what has happened to a file, behind its name.
var errWrittenOver = errors.New("was written over: what this server wrote into it is not there " +
	"any more")

// newestPages is how many of the last pages of the database are witnesses: those of the newest
// mail, which is not in an older backup.
const newestPages = 3

// watchedPages is how many they are for who writes one message and leaves: all of a small
// database, of which another may have the same newest pages.
const watchedPages = 256

// Witnesses are pages of the main file that tell whether it was written over. Only a checkpoint
// changes it, so that each is as it was when the log was begun, or as the log has it. The first
// page has the size and the list of tables; that of meta, in which every message counts, is
// another in every backup.
type witnesses struct {
	root  uint32            // the page of meta
	least uint32            // pages that the main file had when all of the log was in it
	runs  []run             // as they were when all of the log was in the main file
	seen  map[uint32][]byte // as they were seen last, and found in the log
}

// A run is pages that follow one another, which are read at once: each look is a part of each
// transaction.
type run struct {
	first uint32
	data  []byte
}

// longestRun is how many pages a run has at most.
const longestRun = 8

// choose reads those of a database all of whose log is in the main file.
func (m *mirror) choose(x logIndex) error {
	w := &m.proof
	w.least, w.runs, w.seen = x.pages, nil, nil
	newest := newestPages
	if m.watches {
		newest = watchedPages
	}
	pages := append(lastPages(x.pages, newest), 1, w.root)
	slices.Sort(pages)
	for _, page := range slices.Compact(pages) {
		if page > x.pages {
			continue // of a new database: the log has it
		}
		data := make([]byte, m.pageSize)
		_, err := m.source().ReadAt(data, int64(page-1)*m.pageSize)
		if errors.Is(err, io.EOF) { // of a file that is being cut off, which is noticed by its size
			continue
		}
		if err != nil {
			return fmt.Errorf("page %d: %w", page, err)
		}
		w.add(page, data)
	}
	return nil
}

// add adds a page behind all others.
func (w *witnesses) add(page uint32, data []byte) {
	if n := len(w.runs); n > 0 {
		last := &w.runs[n-1]
		has := uint32(len(last.data) / len(data))
		if page == last.first+has && has < longestRun {
			last.data = append(last.data, data...)
			return
		}
	}
	w.runs = append(w.runs, run{page, data})
}

func lastPages(pages uint32, most int) (all []uint32) {
	for page := pages; page > 0 && len(all) < most; page-- {
		all = append(all, page)
	}
	return all
}

// look compares the main file with what it has to be. A checkpoint of another process may be
// under way, so that it looks again before it says that it is not.
func (m *mirror) look(x logIndex) (err error) {
	for try := range 10 {
		if try > 0 {
			time.Sleep(time.Duration(try) * time.Millisecond)
			if x, err = m.follow(); err != nil || m.lost {
				return err
			}
		}
		if err = m.lookOnce(x); err == nil {
			m.sound = x
			return nil
		}
		if !errors.Is(err, errWrittenOver) && !errors.Is(err, errMoved) {
			return fmt.Errorf("look at the main file of the database: %w", err)
		}
	}
	return err
}

func (m *mirror) lookOnce(x logIndex) error {
	strange := map[uint32][]byte{}
	for _, r := range m.proof.runs {
		n, err := m.main.ReadAt(m.page[:len(r.data)], int64(r.first-1)*m.pageSize)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if is := m.page[:n]; !bytes.Equal(is, r.data) {
			m.compare(r, is, strange)
		}
	}
	size, err := fileSize(m.main)
	if err != nil {
		return err
	}
	if len(strange) == 0 && size >= int64(m.proof.least)*m.pageSize {
		return nil
	}
	now, err := readLogIndex(m.index) // what was read may be newer than x
	if err != nil {
		return err
	}
	if now.salt != x.salt {
		return errMoved
	}
	return m.inLog(now, strange, size)
}

// compare adds to strange those pages of a run that are not what they were, nor what they were
// seen to be.
func (m *mirror) compare(r run, is []byte, strange map[uint32][]byte) {
	page := r.first
	for want := range slices.Chunk(r.data, int(m.pageSize)) {
		n := min(len(want), len(is))
		now := is[:n]
		is = is[n:]
		if !bytes.Equal(now, want) && !bytes.Equal(now, m.proof.seen[page]) {
			strange[page] = bytes.Clone(now)
		}
		page++
	}
}

// inLog looks for pages of the main file in the log, and for a transaction that has left it as
// small as it is: a checkpoint has brought them.
func (m *mirror) inLog(x logIndex, strange map[uint32][]byte, size int64) error {
	found := map[uint32][]byte{}
	least := m.proof.least
	err := m.frames(x, allFrames(x.frames), func(all []frame) error {
		for _, f := range all {
			if is, ok := strange[f.page]; ok && bytes.Equal(is, f.data) {
				found[f.page] = is
			}
			if f.size > 0 {
				least = min(least, f.size)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if size < int64(least)*m.pageSize {
		return fmt.Errorf("%s %w (%d octets are left of it)", m.path, errWrittenOver, size)
	}
	for page := range strange {
		if found[page] == nil && page <= least { // one behind the end may be gone
			return fmt.Errorf("%s %w", m.path, errWrittenOver)
		}
	}
	if m.proof.seen == nil {
		m.proof.seen = map[uint32][]byte{}
	}
	for page, is := range found {
		m.proof.seen[page] = is
	}
	return nil
}

// metaValue is a number of meta as it stands on a page of that: the length of a head, the types of
// a text and of a number, then both (https://sqlite.org/fileformat.html, section 2.1). Where it is
// not on the page, since a VACUUM has moved it, ok is false.
func metaValue(page []byte, name string) (n int64, ok bool) {
	const head = 3
	for at := 0; ; at++ {
		next := bytes.Index(page[at:], []byte(name))
		if next < 0 {
			return 0, false
		}
		at += next
		if at < head || page[at-head] != head || int(page[at-2]) != 13+2*len(name) {
			continue
		}
		return number(page[at-1], page[at+len(name):])
	}
}

// number reads one of a type.
func number(kind byte, from []byte) (n int64, ok bool) {
	if kind == 8 || kind == 9 {
		return int64(kind - 8), true
	}
	sizes := []int{0, 1, 2, 3, 4, 6, 8}
	if kind == 0 || int(kind) >= len(sizes) || len(from) < sizes[kind] {
		return 0, false
	}
	n = int64(int8(from[0]))
	for _, octet := range from[1:sizes[kind]] {
		n = n<<8 | int64(octet)
	}
	return n, true
}
