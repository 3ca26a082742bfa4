package store

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// sweptPages is how many pages of the main file are compared with the second copy at once, 4 MiB
// at SQLite's page of 4 KiB.
const sweptPages = 1024

// A sweep compares the main file with the second copy, some pages at a time: the newest when the
// log was brought into it, before anything more is acknowledged, the others second by second. The
// witnesses tell when the main file is written over; where that happens between a look at them and
// a checkpoint they are as the log has them, and what the log does not have may be another's.
type sweep struct {
	next     uint32 // the page that is compared next; the first is 0
	left     uint32 // pages that were not since the log was brought into the main file
	is, want []byte // to read into
}

// sweepNewest is for after a checkpoint of ours, when the copy has all of the log as well.
func (m *mirror) sweepNewest(x logIndex) error {
	m.sweep.left = x.pages
	return m.sweepPages(x, x.pages-min(sweptPages, x.pages), x.pages)
}

// sweepOn compares the next pages.
func (m *mirror) sweepOn(x logIndex) error {
	s, pages := &m.sweep, m.at.pages
	if s.left == 0 {
		return nil
	}
	if x.frames > 0 {
		pages = min(pages, x.pages)
	}
	if s.next >= pages {
		s.next = 0
	}
	to := min(s.next+sweptPages, pages)
	err := m.sweepPages(x, s.next, to)
	if errors.Is(err, errMoved) {
		return nil // a second later
	}
	s.left -= min(to-s.next, s.left)
	s.next = to
	return err
}

// sweepPages compares those from one up to to. It is errMoved where the log has become another
// meanwhile: what is in that may be in the main file, of all other processes.
func (m *mirror) sweepPages(x logIndex, from, to uint32) error {
	if m.copied == nil {
		return nil
	}
	logged, err := m.pages(0, x.frames)
	if err != nil {
		return err
	}
	var inLog [sweptPages]bool
	for _, page := range logged {
		if at := page - 1 - from; at < to-from { // one before from is far behind to
			inLog[at] = true
		}
	}
	for at := from; at < to; at += longestRun {
		same, err := m.sameRun(at, inLog[at-from:min(at+longestRun, to)-from])
		if err != nil {
			return fmt.Errorf("compare the database with its second copy: %w", err)
		}
		if same {
			continue
		}
		if now, err := readLogIndex(m.index); err != nil || now.salt != x.salt || now.frames != x.frames {
			return errors.Join(errMoved, err)
		}
		return fmt.Errorf("%s %w", m.path, errWrittenOver)
	}
	return nil
}

// sameRun reports whether the pages from the first on are the same in the main file and in the
// copy, but for those that the log has.
func (m *mirror) sameRun(first uint32, inLog []bool) (bool, error) {
	s := &m.sweep
	if s.is == nil {
		s.is, s.want = make([]byte, longestRun*m.pageSize), make([]byte, longestRun*m.pageSize)
	}
	for _, read := range []struct {
		from io.ReaderAt
		to   []byte
	}{{m.main, s.is}, {m.copied, s.want}} {
		to := read.to[:int64(len(inLog))*m.pageSize]
		n, err := read.from.ReadAt(to, int64(first)*m.pageSize)
		if err != nil && !errors.Is(err, io.EOF) {
			return false, err
		}
		clear(to[n:])
	}
	for i, logged := range inLog {
		at, end := int64(i)*m.pageSize, int64(i+1)*m.pageSize
		if !logged && !bytes.Equal(s.is[at:end], s.want[at:end]) {
			return false, nil
		}
	}
	return true, nil
}
