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

// A Meter is told how many octets of all files have been read, of how many.
type Meter func(done, total int64)

// A Message is one of those of many files.
type Message struct {
	File  File
	N     int // within the file, from 1
	Entry *Entry
}

// Messages are those of all files, one file after the other, as those of each.
func (w *Found) Messages(tell Meter) iter.Seq2[Message, error] {
	return w.messages(tell, func(File) bool { return true })
}

// messages are those of the files that are wanted.
func (w *Found) messages(tell Meter, wanted func(File) bool) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		var total, before int64
		for _, f := range w.Files {
			total += f.size
		}
		for _, f := range w.Files {
			if wanted(f) {
				n := 0
				for p, err := range f.Messages() {
					if n++; !yield(Message{f, n, p}, err) || err != nil {
						return
					}
					tell(before+min(p.to, f.size), total) // what is in a packed file may end elsewhere
				}
			}
			before += f.size
			tell(before, total)
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
func (w *Found) Check(limit int64, over error, tell Meter) error {
	unsure := func(f File) bool { return !f.surely(limit) }
	for m, err := range w.messages(tell, unsure) {
		if err == nil {
			err = within(m.File.Path, m.N, m.Entry, limit, over)
		}
		if err != nil {
			return err
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
