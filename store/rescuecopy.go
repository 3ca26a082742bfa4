package store

import (
	"context"
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// writeCopyOut writes the second copy out, and looks for the last message in it. Where there is
// none, or it is not whole, what remains is written out.
func (db *DB) writeCopyOut(ctx context.Context, temp *os.File, r *Rescue) error {
	m := db.writer.mirror.Load()
	m.lock.Lock()
	defer m.lock.Unlock()
	write := m.writeOut
	if m.copied == nil {
		write = m.writeRemains
	}
	if err := write(temp); err != nil {
		return err
	}
	err := db.finish(ctx, temp, r, func(is [5]int) error {
		r.Unsaved = max(int(m.id)-is[3], 0)
		return nil
	})
	if m.copied == nil && r.Unsaved > 0 {
		err = m.reason
	}
	if err != nil {
		*r = Rescue{Lost: errors.Join(m.reason, err)}
	}
	return nil
}

// writeOut writes the second copy to a file.
func (m *mirror) writeOut(to *os.File) error {
	if unix.IoctlFileClone(int(to.Fd()), int(m.copied.Fd())) == nil {
		return nil
	}
	return copyWhole(to, m.copied)
}

// writeRemains writes what is in the main file and what is in the log, as far as that is of what
// was acknowledged.
func (m *mirror) writeRemains(to *os.File) error {
	if err := copyWhole(to, m.main); err != nil {
		return err
	}
	err := m.frames(m.sound, allFrames(m.sound.frames), func(all []frame) error {
		for _, f := range all {
			if _, err := to.WriteAt(f.data, int64(f.page-1)*m.pageSize); err != nil {
				return err
			}
		}
		return nil
	})
	if errors.Is(err, errMoved) || errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

func copyWhole(to, from *os.File) error {
	size, err := fileSize(from)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.NewOffsetWriter(to, 0), io.NewSectionReader(from, 0, size))
	return err
}
