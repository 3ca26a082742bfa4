package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"gatepost/settings"
	"gatepost/store"
)

// What doctor takes for wrong: a clock that is so far behind what it wrote itself, and a
// certificate that ends so soon that who renews it should have done so.
const (
	clockSlack     = time.Hour
	certificateEnd = 14 * 24 * time.Hour
)

const setClock = "set the clock: `timedatectl` tells what it goes by"

// mostNamed is how many of one kind of fault are told one by one.
const mostNamed = 20

// mendDatabase is what to do about a database that is damaged, if it is that.
func (a *app) mendDatabase(err error) string {
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, os.ErrPermission) {
		return ""
	}
	return "restore it from a backup; without one, stop the server and run `" +
		a.command("doctor", "salvage", "new.db") + "`"
}

// examine looks at what is in the database.
func (a *app) examine(ctx context.Context, db *store.DB, s *settings.Settings) (all []finding) {
	all = append(all, a.examinePages(ctx, db)...)
	all = append(all, examineBalance(ctx, db))
	all = append(all, a.examineRows(ctx, db)...)
	all = append(all, examineContents(ctx, db)...)
	all = append(all, a.examineClock(ctx, db))
	if len(s.SMTP.Relays) > 0 {
		all = append(all, examineRelays(ctx, db)...)
	}
	return all
}

func (a *app) examinePages(ctx context.Context, db *store.DB) (all []finding) {
	faults, err := db.Integrity(ctx)
	if err != nil {
		return []finding{fault("database", "", "%v", err)}
	}
	for _, f := range faults {
		all = append(all, finding{"database", findingFault, f, ""})
	}
	if all == nil {
		return []finding{sound("database", "every page and every index is sound")}
	}
	all[len(all)-1].Mend = a.mendDatabase(nil)
	if store.OnlyIndexes(faults) {
		all[len(all)-1].Mend = "start the server anew: it makes damaged indexes anew where nothing " +
			"else is damaged"
	}
	return all
}

func examineBalance(ctx context.Context, db *store.DB) finding {
	b, err := db.Balance(ctx)
	switch n := b.Difference(); {
	case err != nil:
		return fault("conservation", "", "%v", err)
	case n > 0:
		return fault("conservation", "look for them in a backup", "%s missing: %s",
			count(int(n), "message is", "messages are"), b)
	case n < 0:
		return fault("conservation", "see what else writes to the database",
			"there are %d more than were accepted: %s", -n, b)
	}
	return sound("conservation", "%s", b)
}

// examineRows looks for messages that the lists show as damaged, and that no list shows.
func (a *app) examineRows(ctx context.Context, db *store.DB) (all []finding) {
	var n int
	damaged := func(kind string, id int64, d store.Damage) {
		if n++; d != nil {
			all = append(all, fault("rows", a.mendRow(id), "%s %d cannot be read in %s", kind, id, d))
		}
	}
	var failed error
	for s, err := range db.ListSuspended(ctx, store.Query{}) {
		if failed = err; err == nil {
			damaged("held message", s.ID, s.Damaged)
		}
	}
	for t, err := range db.ListTickets(ctx, store.Query{}) {
		if failed = errors.Join(failed, err); err == nil {
			damaged("ticket", t.ID, t.Damaged)
		}
	}
	for id, err := range db.Stray(ctx) {
		if failed = errors.Join(failed, err); err == nil {
			all = append(all, fault("rows", a.mendRow(id), "message %d is kept, and is neither held "+
				"nor a ticket", id))
		}
	}
	if failed != nil {
		all = append(all, fault("rows", a.mendDatabase(failed), "some rows could not be read: %v",
			failed))
	}
	if all == nil {
		return []finding{sound("rows", "%s can be read", count(n, "message", "messages"))}
	}
	return fewer(all)
}

func (a *app) mendRow(id int64) string {
	return "`" + a.command("doctor", "set-aside", strconv.FormatInt(id, 10)) +
		"` takes it out of the database, into a file"
}

// fewer keeps the first of many findings of one kind, and says how many there are more.
func fewer(all []finding) []finding {
	if more := len(all) - mostNamed; more > 0 {
		last := all[mostNamed]
		last.What, last.Mend = fmt.Sprintf("and %d more", more), ""
		return append(all[:mostNamed:mostNamed], last)
	}
	return all
}

func examineContents(ctx context.Context, db *store.DB) (all []finding) {
	for f, err := range db.CheckContents(ctx) {
		if err != nil {
			all = append(all, fault("contents", "", "some could not be checked: %v", err))
		} else {
			all = append(all, fault("contents", "restore it from a backup", "message %d: %v", f.ID,
				f.Err))
		}
	}
	if all == nil {
		all = append(all, sound("contents", "every message has the octets that were received"))
	}
	orphans, err := db.Orphans(ctx)
	if err != nil {
		return append(fewer(all), fault("contents", "", "%v", err))
	}
	if len(orphans) > 0 {
		all = append(all, warn("contents", "if the database was restored from a backup, give them to "+
			"`gatepost ingest`; else remove them", "%s that no message names: %s",
			count(len(orphans), "file", "files"), someOf(orphans)))
	}
	return fewer(all)
}

// someOf names a few files.
func someOf(files []string) string {
	const few = 3
	if len(files) <= few {
		return strings.Join(files, ", ")
	}
	return strings.Join(files[:few], ", ") + " and others"
}

// examineClock compares the clock with what it has said itself.
func (a *app) examineClock(ctx context.Context, db *store.DB) finding {
	status, err := db.Status(ctx)
	if err != nil {
		return fault("clock", "", "%v", err)
	}
	newest, err := db.NewestMail(ctx)
	if err != nil {
		return fault("clock", "", "%v", err)
	}
	if ahead := time.UnixMilli(newest).Sub(a.now()); ahead > clockSlack {
		return warn("clock", setClock, "it says %s, and the newest message came %s", stamp(a.now()),
			age(-ahead))
	}
	if status.Ahead > 0 && status.Serving {
		return warn("clock", setClock, "it is %s ahead of the time that was seen to pass",
			age(time.Duration(status.Ahead)*time.Second))
	}
	return sound("clock", "%s", stamp(a.now()))
}

// examineFiles compares the clock with the files of the database, which may be all there is;
// nil if none is ahead of it.
func (a *app) examineFiles(s *settings.Settings) *finding {
	for _, suffix := range []string{"", "-wal", ".lock"} {
		info, err := os.Stat(s.DB + suffix)
		if err != nil || info.ModTime().Sub(a.now()) <= clockSlack {
			continue
		}
		f := warn("clock", setClock, "it says %s, and %s was written %s", stamp(a.now()), s.DB+suffix,
			age(a.now().Sub(info.ModTime())))
		return &f
	}
	return nil
}

func examineRelays(ctx context.Context, db *store.DB) (all []finding) {
	hidden, err := db.HiddenClients(ctx)
	if err != nil {
		return []finding{fault("relays", "", "%v", err)}
	}
	for _, relay := range slices.Sorted(maps.Keys(hidden)) {
		all = append(all, warn("relays", "have it write a Received field with the client's address, "+
			"and name every machine behind it in smtp.relays", "%s does not say who its client was, "+
			"in %s of the last thousand", relay, count(hidden[relay], "message", "messages")))
	}
	if all == nil {
		return []finding{sound("relays", "each says who its client was")}
	}
	return all
}

func (a *app) examineDisk(s *settings.Settings) finding {
	if err := enoughSpace(s.DB, int64(s.SMTP.MinFreeSpace)); err != nil {
		return fault("disk", "make room: without it no mail is taken", "%v", err)
	}
	var fs syscall.Statfs_t
	if err := syscall.Statfs(filepath.Dir(s.DB), &fs); err != nil {
		return fault("disk", "", "%v", os.NewSyscallError("statfs", err))
	}
	return sound("disk", "%d MiB free", int64(fs.Bavail)*fs.Bsize>>20)
}

// examineCertificates looks at those that the settings name.
func (a *app) examineCertificates(s *settings.Settings) (all []finding) {
	for _, c := range []struct {
		section, cert, key string
		names              []string
	}{
		{"smtp", s.SMTP.TLSCert, s.SMTP.TLSKey, []string{s.Hostname()}},
		{"http", s.HTTP.TLSCert, s.HTTP.TLSKey, s.HTTP.Hosts},
	} {
		if c.cert == "" && c.key == "" {
			continue
		}
		if leaf, err := leafOf(c.section, c.cert, c.key); err != nil {
			all = append(all, fault("certificate", "", "%v", err))
		} else {
			all = append(all, a.examineCertificate(c.section, c.cert, leaf, c.names)...)
		}
	}
	return all
}

// leafOf is the certificate of the server itself, out of its chain.
func leafOf(section, cert, key string) (*x509.Certificate, error) {
	loaded, err := loadCertificate(section, cert, key, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	pair, err := loaded.Get(nil)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(pair.Certificate[0])
}

func (a *app) examineCertificate(section, file string, c *x509.Certificate, names []string) (
	all []finding) {
	const renew = "renew it; the server reads the files anew when they change"
	switch left := c.NotAfter.Sub(a.now()); {
	case left <= 0:
		all = append(all, fault("certificate", renew, "%s is over since %s", file, stamp(c.NotAfter)))
	case a.now().Before(c.NotBefore):
		all = append(all, fault("certificate", "set the clock, or wait", "%s begins at %s", file,
			stamp(c.NotBefore)))
	case left < certificateEnd:
		all = append(all, warn("certificate", renew, "%s ends at %s", file, stamp(c.NotAfter)))
	}
	for _, name := range names {
		if err := c.VerifyHostname(name); err != nil {
			all = append(all, warn("certificate", "get one for that name, or change "+
				map[string]string{"smtp": "smtp.hostname", "http": "http.hosts"}[section],
				"%s: %v", file, err))
		}
	}
	if all == nil {
		all = append(all, sound("certificate", "%s, until %s", file, stamp(c.NotAfter)))
	}
	return all
}
