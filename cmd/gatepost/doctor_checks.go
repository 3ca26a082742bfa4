package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"gatepost/settings"
	"gatepost/store"
	"gatepost/terminal"
)

// What doctor takes for wrong: a clock that is so far behind what it wrote itself, and a
// certificate that ends so soon that who renews it should have done so.
const (
	clockSlack     = time.Hour
	certificateEnd = 14 * 24 * time.Hour
)

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
	p := a.progress(nil)
	defer p.End()
	p.Wait("pages")
	if s.DB.IsServer() {
		all = append(all, sound("database", "its pages are the server's, and were not looked at: "+
			"pg_amcheck does"))
	} else {
		all = append(all, a.examinePages(ctx, db)...)
	}
	p.Wait("balance")
	all = append(all, examineBalance(ctx, db))
	all = append(all, a.examineRows(ctx, db, p)...)
	all = append(all, examineContents(ctx, db, p)...)
	all = append(all, a.examineHandoffs(ctx, db)...)
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
		return fault("conservation", "look for them in a backup; once you know why, `gatepost doctor "+
			"write-off missing "+strconv.FormatInt(n, 10)+"` takes them down as lost", "%s missing: %s",
			count(int(n), "message is", "messages are"), b)
	case n < 0:
		return fault("conservation", "see what else writes to the database; once you know, "+
			"`gatepost doctor write-off excess "+strconv.FormatInt(-n, 10)+"` takes them down",
			"there are %d more than were accepted: %s", -n, b)
	}
	return sound("conservation", "%s", b)
}

// examineRows looks for messages that the lists show as damaged, and that no list shows.
func (a *app) examineRows(ctx context.Context, db *store.DB, p *terminal.Progress) (
	all []finding) {
	var n int
	damaged := func(kind string, id int64, d store.Damage) {
		n++
		p.Things("rows", int64(n), 0)
		if d != nil {
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
	for c, err := range db.Comments(ctx, 0) {
		if failed = errors.Join(failed, err); err == nil {
			damaged("comment", c.ID, c.Damaged)
		}
	}
	p.Wait("rows")
	for id, err := range db.Stray(ctx) {
		if failed = errors.Join(failed, err); err == nil {
			all = append(all, fault("rows", a.mendRow(id), "message %d is kept, and is neither held "+
				"nor a ticket or a comment", id))
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

func examineContents(ctx context.Context, db *store.DB, p *terminal.Progress) (all []finding) {
	for f, err := range db.CheckContents(ctx, p.Messages) {
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
