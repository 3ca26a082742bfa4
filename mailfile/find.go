// Package mailfile finds mail in files and folders (.eml and .emlx files, mbox files, Maildirs and
// MH folders, packed with gzip or not), reads each message from where it lies, and writes messages
// as mbox and .eml files. It says which places could be read otherwise, reads with little of a
// message in memory, and never changes a file that is there.
package mailfile

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Found are the mail files of paths, and a count of whatever else is there.
type Found struct {
	Files   []File
	Others  int                    // files that are no mail
	foreign string                 // the first file that was left out as what holds mail elsewhere
	leave   func(path, why string) // told of each that is left out
}

// Find lists the mail under paths, in the order given and by name within a folder.
// Every file is opened once, so that one that cannot be read is known before anything
// is decided.
func Find(paths []string, leave func(path, why string)) (*Found, error) {
	w := &Found{leave: leave}
	for _, path := range paths {
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, os.ErrNotExist):
			return nil, fmt.Errorf("%s: there is no such file or folder", path)
		case err != nil:
			return nil, err
		}
		before := len(w.Files)
		w.foreign = ""
		if info.IsDir() {
			err = w.folder(path)
		} else {
			err = w.named(path, info)
		}
		if err != nil {
			return nil, err
		}
		if len(w.Files) == before {
			return nil, fmt.Errorf("no mail in %s: there is no .eml, .emlx or .mbox file, mbox file of another "+
				"name, Maildir or MH folder, packed with gzip or not%s", path, w.foreign)
		}
	}
	return w, nil
}

// named takes a file that was named, which is an error if it is no mail.
func (w *Found) named(path string, info os.FileInfo) error {
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no regular file", path)
	}
	start, err := readStart(path)
	if err != nil {
		return err
	}
	if !isMailName(start.name) && start.foreign() == "" && !marksMbox(start.text) && !start.hasField() {
		return fmt.Errorf("%s is no mail: it begins with no header field and no %q line", path, mboxMark)
	}
	return w.take(path, info, start)
}

// take takes a file as what its suffix or its start shows it to be.
func (w *Found) take(path string, info os.FileInfo, start *fileStart) error {
	if name := start.foreign(); name != "" {
		return fmt.Errorf("%s is no mail but %s", path, name)
	}
	f := File{Path: path, packed: start.packed, size: info.Size()}
	marked := marksMbox(start.text)
	switch {
	case start.is(".emlx"):
		f.kind = emlxFile
	case start.is(".mbox") && !marked && len(start.text) > 0:
		return fmt.Errorf("%s is no mbox file: it does not begin with %q and a date", path, mboxMark)
	case start.is(".mbox") || marked && !start.is(".eml"):
		f.kind = mboxFile
	}
	w.Files = append(w.Files, f)
	return nil
}

// folder takes *.eml, *.emlx, *.mbox, Maildirs, MH folders and mbox files of other names of a
// folder and of those below it.
func (w *Found) folder(dir string) error {
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

func (w *Found) entry(path string, e os.DirEntry, maildir bool) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return w.leaveOut(path, "a link to nowhere")
	case err != nil:
		return err
	case e.IsDir() && maildir && slices.Contains([]string{"cur", "new"}, e.Name()):
		return w.maildir(path)
	case e.IsDir() && maildir && e.Name() == "tmp":
		return w.leaveOut(path, "the messages of a Maildir that are not delivered yet")
	case e.IsDir():
		return w.folder(path)
	case info.IsDir():
		return w.leaveOut(path, "a link to a folder")
	case !info.Mode().IsRegular():
		return w.leaveOut(path, "no regular file")
	}
	named := isMailName(e.Name()) || hasExt(e.Name(), ".gz") && isMailName(withoutExt(e.Name()))
	if strings.HasPrefix(e.Name(), ".") && !named {
		return w.leaveOut(path, "its name begins with a dot")
	}
	start, err := readStart(path)
	switch {
	case errors.As(err, new(badGzip)) && !named:
		return w.leaveOut(path, "gzip that cannot be unpacked")
	case err != nil:
		return err
	case isMailName(start.name):
		return w.take(path, info, start)
	}
	return w.unnamed(path, info, start)
}

// unnamed takes a file of a folder if its start shows that it is mail.
func (w *Found) unnamed(path string, info os.FileInfo, start *fileStart) error {
	name := start.foreign()
	switch {
	case name != "":
		w.foreign = cmp.Or(w.foreign, fmt.Sprintf("; %s is %s", path, name))
		return w.leaveOut(path, name)
	case beginsMbox(start.text), start.numbered():
		return w.take(path, info, start)
	}
	return w.leaveOut(path, "it begins as no mbox file does, and its name is none of a message")
}

// maildir takes every message of the cur or new folder of a Maildir; names that begin with
// a dot are no messages (maildir(5)).
func (w *Found) maildir(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		switch {
		case strings.HasPrefix(e.Name(), "."):
			err = w.leaveOut(path, "its name begins with a dot")
		case !e.Type().IsRegular():
			err = w.leaveOut(path, "no regular file, in a Maildir")
		default:
			err = w.delivered(path, e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// delivered takes a message of a Maildir, whatever it is called.
func (w *Found) delivered(path string, e os.DirEntry) error {
	info, err := e.Info()
	if err != nil {
		return err
	}
	start, err := readStart(path)
	if err != nil {
		return err
	}
	if name := start.foreign(); name != "" {
		return fmt.Errorf("%s is no mail but %s", path, name)
	}
	w.Files = append(w.Files, File{Path: path, packed: start.packed, size: info.Size()})
	return nil
}

// leaveOut passes over what is no mail.
func (w *Found) leaveOut(path, why string) error {
	w.Others++
	w.leave(path, why)
	return nil
}

func hasFolder(entries []os.DirEntry, name string) bool {
	return slices.ContainsFunc(entries, func(e os.DirEntry) bool {
		return e.IsDir() && e.Name() == name
	})
}

func hasExt(path, ext string) bool { return strings.EqualFold(filepath.Ext(path), ext) }

func withoutExt(path string) string { return strings.TrimSuffix(path, filepath.Ext(path)) }

// isMailName reports whether a suffix says that a file is mail.
func isMailName(name string) bool {
	return hasExt(name, ".eml") || hasExt(name, ".emlx") || hasExt(name, ".mbox")
}
