package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gatepost/message"
)

// mboxMark begins each message of an mbox file (RFC 4155).
const mboxMark = "From "

// A mailFile is one file that holds mail: a single message, or an mbox of them.
type mailFile struct {
	path string
	mbox bool
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
			return nil, no("no mail in %s: there is no .eml file, .mbox file or Maildir", path)
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
	mbox := marked && !hasExt(path, ".eml")
	if hasExt(path, ".mbox") {
		if mbox = true; !marked && info.Size() > 0 {
			return fmt.Errorf("%s is no mbox file: it does not begin with %q", path, mboxMark)
		}
	}
	w.files = append(w.files, mailFile{path, mbox})
	return nil
}

// folder takes *.eml, *.mbox and Maildirs of a folder and of those below it.
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
	case e.IsDir():
		return w.folder(path)
	case info.Mode().IsRegular() && (hasExt(path, ".eml") || hasExt(path, ".mbox")):
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
		w.files = append(w.files, mailFile{path: path})
	}
	return nil
}

func hasFolder(entries []os.DirEntry, name string) bool {
	return slices.ContainsFunc(entries, func(e os.DirEntry) bool {
		return e.IsDir() && e.Name() == name
	})
}

func hasExt(path, ext string) bool { return strings.EqualFold(filepath.Ext(path), ext) }

// messages are the messages of the file as they would come over the wire.
func (f mailFile) messages() iter.Seq2[[]byte, error] {
	if f.mbox {
		return readMbox(f.path)
	}
	return func(yield func([]byte, error) bool) {
		raw, err := os.ReadFile(f.path)
		yield(onWire(raw), err)
	}
}

// onWire takes off what a file has put around a message: an mbox line and the line ends
// of Unix.
func onWire(raw []byte) []byte { return message.CRLF(message.TrimMbox(raw)) }

// readMbox parts an mbox file at the lines that begin with "From " after a blank line, and
// takes off the > that its writer put before such lines of a message (mboxrd). It holds one
// message in memory at a time.
func readMbox(path string) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		f, err := os.Open(path)
		if err != nil {
			yield(nil, err)
			return
		}
		defer f.Close()
		err = partMbox(bufio.NewReaderSize(f, 64<<10), func(raw []byte) bool {
			return yield(message.CRLF(raw), nil)
		})
		if err != nil {
			yield(nil, fmt.Errorf("%s: %w", path, err))
		}
	}
}

func partMbox(r *bufio.Reader, yield func([]byte) bool) error {
	var raw []byte
	blank, begun := true, false // the line before was blank, a message has begun
	for {
		line, err := r.ReadBytes('\n')
		switch {
		case blank && bytes.HasPrefix(line, []byte(mboxMark)):
			if begun && !yield(trimBlank(raw)) {
				return nil
			}
			raw, begun = nil, true
		default:
			raw = append(raw, unquoteMbox(line)...)
		}
		blank = len(bytes.TrimRight(line, "\r\n")) == 0
		if errors.Is(err, io.EOF) {
			if begun {
				yield(trimBlank(raw))
			}
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// trimBlank takes off the blank line that an mbox file has between two messages.
func trimBlank(raw []byte) []byte {
	for _, end := range []string{"\r\n", "\n"} {
		if rest, ok := bytes.CutSuffix(raw, []byte(end)); ok && bytes.HasSuffix(rest, []byte("\n")) {
			return rest
		}
	}
	return raw
}

func unquoteMbox(line []byte) []byte {
	if rest := bytes.TrimLeft(line, ">"); len(rest) < len(line) &&
		bytes.HasPrefix(rest, []byte(mboxMark)) {
		return line[1:]
	}
	return line
}
