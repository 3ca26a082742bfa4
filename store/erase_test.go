package store

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// secrets are words of a message, in each place that is written down.
var secrets = []string{"zyxwsubject", "zyxwauthor", "zyxwperson", "zyxwbody", "zyxwident"}

// secretMail has the words many times over, so that they are on pages of their own, too.
func secretMail(size int) string {
	return "From: zyxwperson <zyxwauthor@acme.test>\r\nMessage-ID: <zyxwident@acme.test>\r\n" +
		"Subject: zyxwsubject\r\n\r\n" + strings.Repeat("zyxwbody\r\n", size/len("zyxwbody\r\n"))
}

// found are the secrets that stand in any file of the database, and beside it.
func (f *fixture) found() (all []string) {
	f.Helper()
	err := filepath.WalkDir(filepath.Dir(f.path), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		octets, err := os.ReadFile(path)
		for _, word := range secrets {
			if bytes.Contains(octets, []byte(word)) {
				all = append(all, filepath.Base(path)+": "+word)
			}
		}
		return err
	})
	if err != nil {
		f.Fatal(err)
	}
	return all
}

// Of what has expired, was deleted or was purged after it, no word is in any file once the next
// run of Purge is over, while the database is open.
func TestNothingIsLeftOfWhatIsGone(t *testing.T) {
	ctx := context.Background()
	for name, size := range map[string]int{"small": 100, "in pages": inline / 2, "in a file": 2 * inline} {
		for fate, end := range map[string]func(f *fixture, id int64){
			"expired": func(f *fixture, _ int64) { f.pass(f.clock.Add(31 * day)) },
			"deleted": func(f *fixture, id int64) {
				if _, err := f.editor().DeleteSuspended(ctx, []int64{id}); err != nil {
					f.Fatal(err)
				}
				f.pass(f.clock.Add(time.Minute))
			},
			"purged": func(f *fixture, id int64) {
				f.KeepDeleted(day)
				if _, err := f.editor().DeleteSuspended(ctx, []int64{id}); err != nil {
					f.Fatal(err)
				}
				f.pass(f.clock.Add(day + time.Hour))
			},
		} {
			t.Run(name+" "+fate, func(t *testing.T) {
				f := holding(t, 5)
				_, id := f.receive(secretMail(size))
				if words := f.found(); len(words) < len(secrets) {
					t.Fatalf("before it is gone: %v", words)
				}
				end(f, id)
				if _, err := f.Suspended(ctx, id); err == nil {
					t.Fatal("it is held still")
				}
				// The audit log names the sender of what a person deleted, and says so.
				kept := map[string]bool{"gatepost.db: zyxwauthor": fate != "expired"}
				for _, word := range f.found() {
					if !kept[word] {
						t.Error(word)
					}
				}
			})
		}
	}
}
