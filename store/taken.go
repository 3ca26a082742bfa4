package store

import (
	"fmt"

	"gatepost/policy"
)

// taken is what the audit log says of it: nothing of any message.
type taken struct {
	Count  int            `json:"count"`
	Unseen int            `json:"unseen"` // that came after the last look at the queue
	Causes map[string]int `json:"causes"`
}

// fateQuery is the cause of a held message, and whether it came after the last look at the queue.
const fateQuery = `select cause, id > coalesce((select value from meta where name = 'look'), 0)
	from suspended where id = $1`

// take expires a held message, and names the file to remove once that is on disk.
func (db *DB) take(t *tx, id int64, all *taken) (file string, err error) {
	var cause string
	var unseen int64
	_, err = scanParts(t.row(fateQuery, id), part{"cause", &cause}, part{"unseen", &unseen})
	if err != nil {
		return "", absent(err)
	}
	if err := db.bury(t, "suspended", id, EndedExpired, ""); err != nil {
		return "", err
	}
	if file, err = deleteSuspended(t, id); err != nil {
		return "", err
	}
	t.total(totalExpired)
	all.Unseen += int(unseen)
	all.add(cause)
	return file, nil
}

func (all *taken) add(cause string) {
	if _, known := policy.ParseCause(cause); !known {
		cause = "unknown"
	}
	all.Count++
	all.Causes[cause]++
}

// noteTaken says what was taken, if anything was.
func (h *Editor) noteTaken(t *tx, action Action, all taken) error {
	if all.Count == 0 {
		return nil
	}
	if _, err := h.note(t, event{action: action, after: all}); err != nil {
		return fmt.Errorf("say what was taken: %w", err)
	}
	return nil
}
