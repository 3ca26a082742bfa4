package mailfile

import (
	"fmt"
	"iter"
	"strconv"
)

// A File is one file that holds mail: a single message, or an mbox of them.
type File struct {
	Path   string
	kind   fileKind
	packed bool
	size   int64 // on disk, in octets
}

// A fileKind says how the messages of a file are found in it.
type fileKind int

const (
	oneMessage fileKind = iota
	mboxFile
	emlxFile
)

// Messages are the messages of the file, each to be read before the next is asked for.
func (f File) Messages() iter.Seq2[*Entry, error] {
	return func(yield func(*Entry, error) bool) {
		err := f.each(func(p *Entry) bool { return yield(p, nil) })
		if err != nil {
			yield(nil, fmt.Errorf("%s: %w", f.Path, err))
		}
	}
}

// Single reports whether this is a file for one message.
func (f File) Single() bool { return f.kind != mboxFile }

// each visits the messages of the file until it is told to stop.
func (f File) each(visit func(*Entry) bool) error {
	file, err := openMail(f.Path)
	if err != nil {
		return err
	}
	defer file.Close()
	var p *Entry
	switch f.kind {
	case mboxFile:
		return partMbox(file, file.size, visit)
	case emlxFile:
		p, err = emlx(file, file.size)
	default:
		p, err = single(file, 0, file.size)
	}
	if err == nil {
		visit(p)
	}
	return err
}

// Check reads the mail before anything is done with it, so that a file which cannot be read to
// its end, or a message with more than limit octets on the wire, changes nothing. The latter is
// the error over.
func (w *Found) Check(limit int64, over error) error {
	for _, f := range w.Files {
		if f.surely(limit) {
			continue
		}
		n := 0
		for p, err := range f.Messages() {
			n++
			if err == nil {
				err = within(f.Path, n, p, limit, over)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// surely reports whether a file can only be one message that is no larger than limit on the
// wire, where each octet may have become two.
func (f File) surely(limit int64) bool {
	return f.kind == oneMessage && !f.packed && 2*f.size <= limit
}

// within is the error over, with its place, if message n of a file is larger than limit.
func within(path string, n int, p *Entry, limit int64, over error) error {
	if err := p.within(limit, over); err != nil {
		return fmt.Errorf("%s: %w", Place(path, n), err)
	}
	return nil
}

// Place is what a message of a file is called.
func Place(path string, n int) string {
	if n == 1 {
		return path
	}
	return path + ":" + strconv.Itoa(n)
}
