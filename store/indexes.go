package store

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// indexFault is how SQLite says that an index does not have what its table has (pragma.c of
// SQLite, "integrity_check"): nothing of the table itself is wrong then.
var indexFault = regexp.MustCompile(`^(?:row \d+ missing from|row \d+ values differ from|` +
	`rowid not at end-of-record for row \d+ of|wrong # of entries in|non-unique entry in) index `)

// OnlyIndexes reports whether all that Integrity has found is in indexes, which can be made anew.
func OnlyIndexes(faults []string) bool {
	for _, fault := range faults {
		if !indexFault.MatchString(fault) {
			return false
		}
	}
	return len(faults) > 0
}

// mendIndexes makes the indexes anew if nothing but they is damaged: what they do not have is in
// no list by them, and the content of a message that they do not find would be taken for one
// that no message names. A database of more than 1 GiB is not looked at: see Check.
func (db *DB) mendIndexes(ctx context.Context) error {
	small, err := db.checkedAtStart()
	if err != nil || !small {
		return err
	}
	faults, err := db.Integrity(ctx)
	if err != nil || !OnlyIndexes(faults) {
		return err // what else is wrong Check says
	}
	err = db.writer.do(ctx, func(t *tx) error {
		if err := t.script("reindex"); err != nil {
			return damaged(err)
		}
		_, err := db.By(Server()).note(t, event{action: "database.reindex",
			after: map[string]int{"faults": len(faults)}})
		return err
	})
	if err != nil {
		return fmt.Errorf("make the indexes of %s anew (%s): %w", db.path, faults[0], err)
	}
	if left, err := db.Integrity(ctx); err != nil || left != nil {
		return errors.Join(err, fmt.Errorf("the database %s is damaged (%s): %s", db.path,
			strings.Join(left, "; "), mendDamage))
	}
	db.reindexed = faults
	return nil
}

// Reindexed is what was wrong with indexes that Lock has made anew.
func (db *DB) Reindexed() []string { return db.reindexed }
