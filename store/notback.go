package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// checkRescued refuses to serve, or to make, a database whose mail was rescued and not yet put
// back: what is taken meanwhile would have to be put together with it by hand.
func checkRescued(path string) error {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return err
	}
	if whole, err := filepath.Abs(path); err == nil {
		path = whole
	}
	for _, entry := range entries {
		if !entry.Type().IsRegular() {
			continue
		}
		if stamp := stampOf(entry.Name(), filepath.Base(path)+rescuedMark); stamp != "" {
			rescued := path + rescuedMark + stamp
			return fmt.Errorf("the mail of %s was rescued into %s and is not back yet: put it back "+
				"with `%s`, or, to do without it, move the latter to another folder", path, rescued,
				commands(path, rescued, stamp))
		}
		if stamp := stampOf(entry.Name(), filepath.Base(path)+remainsMark); stamp != "" {
			return fmt.Errorf("%s was written over under a server that had no second copy of it: "+
				"make room with `%s`, then restore the last backup; what remains is in %s, which "+
				"`gatepost doctor salvage` reads: move it to another folder to start",
				path, makeRoom(path, stamp), path+remainsMark+stamp)
		}
	}
	return nil
}

// notBack is the error of checkRescued, where that can see. It comes before any other error of a
// database: what is at its path is not what was rescued.
func notBack(path string) error {
	err := checkRescued(path)
	if unseen := new(os.PathError); errors.As(err, &unseen) {
		return nil
	}
	return err
}

// stampOf is what follows in a name, "" if it is another's, or a file that SQLite has beside.
func stampOf(name, mark string) string {
	stamp, ok := strings.CutPrefix(name, mark)
	if !ok || slices.ContainsFunc(databaseFiles()[1:], func(suffix string) bool {
		return strings.HasSuffix(stamp, suffix)
	}) {
		return ""
	}
	return stamp
}
