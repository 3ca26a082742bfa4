package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"gatepost/policy"
)

// taken is what the audit log says of it: nothing of any message.
type taken struct {
	Count  int            `json:"count"`
	Unseen int            `json:"unseen"` // that came after the last look at the queue
	Causes map[string]int `json:"causes"`
	Since  *time.Time     `json:"since,omitempty"` // the first, if that was before this entry
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

// noteTaken says what was taken, if anything was. A person's run says so at once. What a server
// takes, which looks each minute, is counted in rows of meta until it is said: see sayTaken.
func (h *Editor) noteTaken(t *tx, action Action, all taken) error {
	if all.Count == 0 {
		return nil
	}
	if h.actor != Server() {
		return h.writeTaken(t, action, all)
	}
	untold := untoldOf(action)
	err := t.exec(`insert into meta (name, value) values ($1, $2) on conflict (name) do nothing`,
		untold+untoldSince, h.now())
	for name, n := range all.Causes {
		err = errors.Join(err, t.addMeta(untold+name, n))
	}
	if all.Unseen > 0 {
		err = errors.Join(err, t.addMeta(untold+untoldUnseen, all.Unseen))
	}
	return err
}

func (h *Editor) writeTaken(t *tx, action Action, all taken) error {
	e := event{action: action, after: all}
	if action == HandedOff {
		e.after = handedOff{all.Causes["tickets"], all.Causes["comments"], all.Since}
	}
	if _, err := h.note(t, e); err != nil {
		return fmt.Errorf("say what was taken: %w", err)
	}
	return nil
}

// untoldOf is what the rows of meta begin with that count what an action has taken and the audit
// log does not say yet. They end with the name of a cause, or with one of those below. The rows
// are few and short: all of meta has to be on one page, see witnesses.go.
func untoldOf(a Action) string {
	switch a {
	case Purging:
		return "purged/"
	case HandedOff:
		return "handed off/"
	}
	return "expired/"
}

const (
	untoldUnseen = "+unseen"
	untoldSince  = "+since" // when the first was taken
	lastTold     = "+told"  // when the audit log said so last
)

// toldEvery is how often the audit log says what a server has taken.
const toldEvery = time.Hour

// sayTaken has the audit log say what a server took since it last did, for each action if that
// is an hour ago, or as all is true.
func (db *DB) sayTaken(t *tx, all bool) error {
	for _, action := range []Action{Expired, Purging, HandedOff} {
		untold := untoldOf(action)
		counted, err := t.counted(untold)
		if err != nil {
			return fmt.Errorf("what was taken: %w", err)
		}
		now := db.now()
		passed := now.Sub(fromMillis(counted[lastTold]))
		if counted[untoldSince] == 0 || !all && passed >= 0 && passed < toldEvery {
			continue
		}
		err = db.By(Server()).writeTaken(t, action, takenOf(counted, now))
		err = errors.Join(err, t.exec(`delete from meta where substr(name, 1, $1) = $2`,
			len(untold), untold), t.setMeta(untold+lastTold, now.UnixMilli()))
		if err != nil {
			return err
		}
	}
	return nil
}

// counted are the rows of meta whose names begin so, by what follows.
func (t *tx) counted(begin string) (map[string]int64, error) {
	rows, err := t.texts(`select cast(value as text) || substr(name, $1) from meta
		where substr(name, 1, $2) = $3`, len(begin)+1, len(begin), begin)
	counted := map[string]int64{}
	for _, row := range rows {
		name := strings.TrimLeft(row, "-0123456789")
		n, e := strconv.ParseInt(strings.TrimSuffix(row, name), 10, 64)
		counted[name], err = n, errors.Join(err, e)
	}
	return counted, err
}

// takenOf is what was counted in meta.
func takenOf(counted map[string]int64, now time.Time) taken {
	all := taken{Causes: map[string]int{}}
	for name, n := range counted {
		switch name {
		case untoldUnseen:
			all.Unseen = int(n)
		case untoldSince:
			if since := fromMillis(n); since.Before(fromMillis(now.UnixMilli())) {
				all.Since = &since
			}
		case lastTold:
		default:
			all.Causes[name] = int(n)
			all.Count += int(n)
		}
	}
	return all
}

// SayTaken has the audit log say now what a server took and said nothing of yet: it is for one
// that stops.
func (db *DB) SayTaken(ctx context.Context) error {
	err := db.writer.do(ctx, func(t *tx) error { return db.sayTaken(t, true) })
	if err != nil {
		return fmt.Errorf("say in the audit log what has expired: %w", err)
	}
	return nil
}
