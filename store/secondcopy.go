package store

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// largestMirrored is the largest database of which a second copy is made, in octets, where the
// file system cannot share the blocks of two files: to copy more would delay the start.
const largestMirrored = 1 << 30

// SecondCopy says why there is no second copy of the main file of a database that is served, and
// so nothing to rescue when that is written over; nil if there is one.
func (db *DB) SecondCopy() error {
	m := db.writer.mirror.Load()
	if m == nil {
		return nil
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	return m.reason
}

func (m *mirror) dropCopy(reason error) (err error) {
	if m.copied != nil {
		err = m.copied.Close()
	}
	m.copied, m.reason = nil, reason
	return err
}

// copyUpTo writes into the copy the pages that the log has newer than it.
func (m *mirror) copyUpTo(x logIndex) error {
	which, err := m.newest(m.at.frames, x.frames)
	if err != nil {
		return err
	}
	return m.frames(x, which, func(all []frame) error {
		m.write(all)
		return nil
	})
}

// write writes pages into the copy, in their order, those that follow one another at once. It does
// without the copy from when that cannot be written, on a full disk or such: mail needs none.
func (m *mirror) write(all []frame) {
	if m.copied == nil {
		return
	}
	run := make([][]byte, 0, len(all))
	for i, f := range all {
		run = append(run, f.data)
		if i+1 < len(all) && all[i+1].page == f.page+1 {
			continue
		}
		first := int64(f.page) - int64(len(run))
		if err := writeRun(m.copied, run, first*m.pageSize); err != nil {
			_ = m.dropCopy(err)
			return
		}
		run = run[:0]
	}
}

// writeRun writes pages, which are never so many that the kernel takes them in parts but on a
// disk that is full.
func writeRun(f *os.File, pages [][]byte, at int64) error {
	n, err := unix.Pwritev(int(f.Fd()), pages, at)
	if err == nil && n != len(pages)*len(pages[0]) {
		err = io.ErrShortWrite
	}
	return err
}

func (m *mirror) resize(x logIndex) {
	if m.copied == nil {
		return
	}
	if err := m.copied.Truncate(int64(x.pages) * m.pageSize); err != nil {
		_ = m.dropCopy(err)
	}
}

// source is what has the pages of the main file as they were.
func (m *mirror) source() io.ReaderAt {
	if m.copied != nil {
		return m.copied
	}
	return m.main
}

// keep has in the copy all that was there when the main file was seen whole last, before
// anybody begins the log anew: all that was acknowledged, and nothing that came of pages which
// were written over.
func (m *mirror) keep() {
	m.lock.Lock()
	defer m.lock.Unlock()
	m.over = true
	if m.copied == nil || m.sound.salt != m.at.salt {
		return
	}
	if err := m.copyUpTo(m.sound); err == nil && m.sound.frames > m.at.frames {
		m.at = m.sound
		m.resize(m.at)
	}
}

// makeCopy copies the main file, and has the reason where that cannot be done. Size is what was
// copied: the file may be cut off meanwhile, at the end of a VACUUM.
func (m *mirror) makeCopy() (size int64, err error) {
	if size, err = fileSize(m.main); err != nil || m.watches {
		return size, err
	}
	if err := m.copyMain(size); err != nil {
		return size, m.dropCopy(err)
	}
	m.reason = nil
	return fileSize(m.copied)
}

func (m *mirror) copyMain(size int64) (err error) {
	if m.copied == nil {
		if m.copied, err = nameless(filepath.Dir(m.path)); err != nil {
			return err
		}
	}
	if err := m.copied.Truncate(0); err != nil {
		return err
	}
	if unix.IoctlFileClone(int(m.copied.Fd()), int(m.main.Fd())) == nil {
		return nil
	}
	if size > m.most {
		return fmt.Errorf("it has more than %d MiB, and this file system does not share blocks",
			m.most>>20)
	}
	if err := checkRoom(filepath.Dir(m.path), size); err != nil {
		return err
	}
	return copyWhole(m.copied, m.main)
}

// nameless makes a file that is gone when it is closed.
func nameless(dir string) (*os.File, error) {
	fd, err := unix.Open(dir, unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, 0o600)
	if err == nil {
		return os.NewFile(uintptr(fd), filepath.Join(dir, "second copy")), nil
	}
	f, err := os.CreateTemp(dir, "gatepost-")
	if err != nil {
		return nil, err
	}
	return f, os.Remove(f.Name())
}

func fileSize(f *os.File) (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
