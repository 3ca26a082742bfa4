package main

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A mailFile is one file that holds mail: a single message, or an mbox of them.
type mailFile struct {
	path string
	mbox bool
	size int64 // in octets
}

// A mailWalk gathers the mail files of paths and counts whatever else is there.
type mailWalk struct {
	files  []mailFile
	others int
}

// findMail lists the mail under paths, in the order given and by name within a folder.
// Every file is opened once, so that one that cannot be read is known before anything
// is decided.
func findMail(paths []string) (*mailWalk, error) {
	w := &mailWalk{}
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		before := len(w.files)
		if info.IsDir() {
			err = w.folder(path)
		} else {
			err = w.file(path, info)
		}
		if err != nil {
			return nil, err
		}
		if len(w.files) == before {
			return nil, no("no mail in %s: there is no .eml or .emlx file, mbox file, Maildir or MH folder", path)
		}
	}
	return w, nil
}

// file takes a file that was named: an mbox if it looks like one, unless it is called .eml.
func (w *mailWalk) file(path string, info os.FileInfo) error {
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no regular file", path)
	}
	marked, err := beginsAsMbox(path)
	if err != nil {
		return err
	}
	mbox := marked && !hasExt(path, ".eml") && !hasExt(path, ".emlx")
	if hasExt(path, ".mbox") {
		if mbox = true; !marked && info.Size() > 0 {
			return fmt.Errorf("%s is no mbox file: it does not begin with %q and a date", path, mboxMark)
		}
	}
	w.files = append(w.files, mailFile{path, mbox, info.Size()})
	return nil
}

// folder takes *.eml, *.emlx, *.mbox, Maildirs, MH folders and mbox files of other names of a
// folder and of those below it.
func (w *mailWalk) folder(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	maildir := hasFolder(entries, "cur") && hasFolder(entries, "new")
	for _, e := range entries {
		if err := w.entry(filepath.Join(dir, e.Name()), e, maildir); err != nil {
			return err
		}
	}
	return nil
}

func (w *mailWalk) entry(path string, e os.DirEntry, maildir bool) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist): // a link to nowhere
		w.others++
		return nil
	case err != nil:
		return err
	case e.IsDir() && maildir && slices.Contains([]string{"cur", "new"}, e.Name()):
		return w.maildir(path)
	case e.IsDir() && maildir && e.Name() == "tmp": // of a delivery that is not done
		w.others++
		return nil
	case e.IsDir():
		return w.folder(path)
	case !info.Mode().IsRegular():
		w.others++
		return nil
	}
	mail := hasExt(path, ".eml") || hasExt(path, ".emlx") || hasExt(path, ".mbox")
	if !mail && !strings.HasPrefix(e.Name(), ".") {
		if mail, err = isMailOf(path); err != nil {
			return err
		}
	}
	if mail {
		return w.file(path, info)
	}
	w.others++
	return nil
}

// maildir takes every message of the cur or new folder of a Maildir; names that begin with
// a dot are no messages (maildir(5)).
func (w *mailWalk) maildir(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") || !e.Type().IsRegular() {
			w.others++
			continue
		}
		path := filepath.Join(dir, e.Name())
		if _, err := beginsAsMbox(path); err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		w.files = append(w.files, mailFile{path: path, size: info.Size()})
	}
	return nil
}

func hasFolder(entries []os.DirEntry, name string) bool {
	return slices.ContainsFunc(entries, func(e os.DirEntry) bool {
		return e.IsDir() && e.Name() == name
	})
}

func hasExt(path, ext string) bool { return strings.EqualFold(filepath.Ext(path), ext) }

// messages are the messages of the file, each to be read before the next is asked for.
func (f mailFile) messages() iter.Seq2[*mailPart, error] {
	return func(yield func(*mailPart, error) bool) {
		err := f.each(func(p *mailPart) bool { return yield(p, nil) })
		if err != nil {
			yield(nil, fmt.Errorf("%s: %w", f.path, err))
		}
	}
}

// each visits the messages of the file until it is told to stop.
func (f mailFile) each(visit func(*mailPart) bool) error {
	file, err := os.Open(f.path)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if f.mbox {
		return partMbox(file, info.Size(), visit)
	}
	var p *mailPart
	if hasExt(f.path, ".emlx") {
		p, err = emlx(file, info.Size())
	} else {
		p, err = single(file, 0, info.Size())
	}
	if err == nil {
		visit(p)
	}
	return err
}

// check reads the mail before anything is decided, so that a file which cannot be read to its
// end, or a message that SMTP would refuse, changes nothing.
func (w *mailWalk) check(limit size) error {
	for _, f := range w.files {
		if f.surely(limit) {
			continue
		}
		n := 0
		for p, err := range f.messages() {
			n++
			if err == nil {
				err = within(f.path, n, p, limit)
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
func (f mailFile) surely(limit size) bool {
	return !f.mbox && !hasExt(f.path, ".emlx") && 2*f.size <= int64(limit)
}

// within is an error if message n of a file is one that SMTP would refuse.
func within(path string, n int, p *mailPart, limit size) error {
	if err := p.within(limit); err != nil {
		return fmt.Errorf("%s: %w", messagePlace(path, n), err)
	}
	return nil
}
