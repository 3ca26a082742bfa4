package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"gatepost/policy"
)

// mostFaults is how many faults of pages are told: the first few say what is to be done.
const mostFaults = 20

// Integrity is what SQLite finds wrong in reading every page and every index; nothing if the
// database is sound.
func (db *DB) Integrity(ctx context.Context) (faults []string, err error) {
	for fault, err := range each(ctx, db, func(row scanner) (text string, err error) {
		return text, row.Scan(&text)
	}, fmt.Sprintf("pragma integrity_check(%d)", mostFaults)) {
		if IsDamaged(err) && faults != nil { // it gives up
			return faults, nil
		}
		if err != nil {
			return faults, err
		}
		if fault != "ok" {
			faults = append(faults, strings.Join(strings.Fields(fault), " "))
		}
	}
	return faults, nil
}

// A ContentFault is a message whose content is not what was received.
type ContentFault struct {
	ID  int64
	Err error
}

// CheckContents reads the content of every message, and yields those that are not there or are
// not what was received. Tell is told how many of all messages it has read.
func (db *DB) CheckContents(ctx context.Context,
	tell func(done, total int64)) iter.Seq2[ContentFault, error] {
	return func(yield func(ContentFault, error) bool) {
		total, err := one(ctx, db, scanCount, `select count(*) from messages`)
		if err != nil && !IsDamaged(err) { // what can be read is checked all the same
			yield(ContentFault{}, err)
			return
		}
		var done int64
		for id, err := range each(ctx, db, scanCount, `select id from messages order by id`) {
			if err != nil {
				yield(ContentFault{}, err)
				return
			}
			err := db.checkContent(ctx, id)
			done++
			tell(done, total)
			if e := ctx.Err(); e != nil {
				yield(ContentFault{}, e)
				return
			}
			if err != nil && !errors.Is(err, ErrNotFound) && !yield(ContentFault{id, err}, nil) {
				return
			}
		}
	}
}

// checkContent is ErrNotFound for a message that is gone meanwhile.
func (db *DB) checkContent(ctx context.Context, id int64) error {
	type content struct {
		decision  string
		size      int64
		sum, body []byte
	}
	read := func() (content, error) {
		return one(ctx, db, func(row scanner) (c content, err error) {
			return c, row.Scan(&c.decision, &c.size, &c.sum, &c.body)
		}, `select decision_id, size, sum, raw from messages where id = $1`, id)
	}
	c, err := read()
	if err != nil {
		return err
	}
	raw, err := db.openContent(ctx, id, c.decision, c.body)
	if errors.Is(err, ErrContentGone) {
		if _, gone := read(); gone != nil {
			return gone
		}
	}
	if err != nil {
		return err
	}
	defer raw.Close()
	sum := sha256.New()
	switch n, err := io.Copy(sum, raw); {
	case err != nil:
		return err
	case n != c.size:
		return fmt.Errorf("it has %d octets, and %d were received", n, c.size)
	case !bytes.Equal(sum.Sum(nil), c.sum):
		return errors.New("its octets are not those that were received")
	}
	return nil
}

// Orphans are the files of contents that no message names: those that wait for a start to set
// them aside, and those that were.
func (db *DB) Orphans(ctx context.Context) (files []string, err error) {
	aside, err := filepath.Glob(filepath.Join(db.Dir(), orphans, "*.eml"))
	if err != nil {
		return nil, err
	}
	all, err := filepath.Glob(filepath.Join(db.Dir(), "*.eml"))
	if err != nil {
		return nil, err
	}
	for _, file := range all {
		orphan, err := db.isOrphan(ctx, file)
		if err != nil {
			return nil, err
		}
		if orphan {
			files = append(files, file)
		}
	}
	return append(files, aside...), nil
}

// isOrphan leaves out what a commit that is under way holds: see sweepFile.
func (db *DB) isOrphan(ctx context.Context, file string) (bool, error) {
	f, err := os.Open(file)
	if err != nil {
		return false, ignoreAbsent(err)
	}
	defer f.Close()
	if lockFile(f) != nil {
		return false, nil
	}
	n, err := one(ctx, db, scanCount, `select count(*) from messages where decision_id = $1`,
		strings.TrimSuffix(filepath.Base(file), ".eml"))
	return n == 0, err
}

// Stray are the ids of messages that are neither held, nor deleted a while ago, nor of a
// ticket or a comment, though they are kept.
func (db *DB) Stray(ctx context.Context) iter.Seq2[int64, error] {
	return each(ctx, db, scanCount, strayQuery)
}

// strayQuery has a list of the tickets' messages made, for there is no index by these.
const strayQuery = `select id from messages m
	where not exists (select 1 from suspended s where s.id = m.id)
	and not exists (select 1 from deleted d where d.id = m.id)
	and not exists (select 1 from comments c where c.message = m.id)
	and id not in (select message from tickets) order by id`

// recent is how many of the newest messages tell what relays do now.
const recent = 1000

// HiddenClients counts, by the address of the relay, those of the newest messages that a relay
// of ours handed on without a word of who its client was.
func (db *DB) HiddenClients(ctx context.Context) (map[string]int, error) {
	type hop struct{ client, reasons string }
	hidden := map[string]int{}
	for h, err := range each(ctx, db, func(row scanner) (h hop, err error) {
		return h, row.Scan(&h.client, &h.reasons)
	}, `select client, reasons from messages order by id desc`+atMost(recent)) {
		if err != nil {
			return nil, err
		}
		var r reasons
		if json.Unmarshal([]byte(h.reasons), &r) != nil {
			continue // told as damage
		}
		for _, f := range r.facts() {
			if f.Value == policy.FromUnknown {
				hidden[h.client]++
			}
		}
	}
	return hidden, nil
}

// NewestMail is when the newest message came, in Unix milliseconds; 0 if there is none.
func (db *DB) NewestMail(ctx context.Context) (int64, error) {
	at, err := one(ctx, db, func(row scanner) (at sql.NullInt64, err error) {
		return at, row.Scan(&at)
	}, `select received_at from messages where id = (select max(id) from messages)`)
	if errors.Is(err, ErrNotFound) {
		err = nil
	}
	return at.Int64, err
}
