package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"gatepost/message"
)

// An Actor is who changes something, through which interface and from where.
type Actor struct {
	Name   string // the address of the profile, or the name of the user of the machine
	Via    string // cli, console, api, server
	Client string // the network address, empty if it is this machine's command line
}

// Server is the actor of what a server does by itself.
func Server() Actor { return Actor{Name: "gatepost", Via: "server"} }

// machine is the interface of the command line, which always works.
const machine = "cli"

// A Editor changes what people change. Each change is in the audit log with the actor's name,
// written in the same transaction; what changes nothing is not.
type Editor struct {
	db      *DB
	actor   Actor
	harmful bool // it recovers what may be harmful

	lock    sync.Mutex
	entries []int64 // of the audit log
}

// By is the editor for an actor.
func (db *DB) By(a Actor) *Editor { return &Editor{db: db, actor: a} }

// WithMalware has the editor also recover what is held as malware, and gives it back. It is for
// who was asked once more and said so.
func (h *Editor) WithMalware() *Editor {
	h.harmful = true
	return h
}

// Entries are the ids of what its changes have added to the audit log, in that order.
func (h *Editor) Entries() []int64 {
	h.lock.Lock()
	defer h.lock.Unlock()
	return slices.Clone(h.entries)
}

func (h *Editor) do(ctx context.Context, f func(*tx) error) error {
	var noted []int64
	err := h.db.writer.do(ctx, func(t *tx) (err error) {
		t.noted = nil // what is committed with this has its own
		err = f(t)
		noted = t.noted
		return err
	})
	if err != nil {
		return err
	}
	h.lock.Lock()
	defer h.lock.Unlock()
	h.entries = append(h.entries, noted...)
	return nil
}

// changeQueue is do for what takes messages out of the queue.
func (h *Editor) changeQueue(ctx context.Context, f func(*tx) error) error {
	if err := h.db.engine.checkQueue(ctx); err != nil {
		return err
	}
	return h.do(ctx, f)
}

func (h *Editor) now() int64 { return h.db.now().UnixMilli() }

// An event is what a change adds to the audit log. Neither a secret nor anything of the
// content of a message belongs in it.
type event struct {
	id            int64 // 0: the next
	action        Action
	subject       string
	before, after any   // as JSON
	generation    int64 // of the rules that the change made
	undoable      bool
	undoes        *int64
}

// note writes an event, and gives its id.
func (h *Editor) note(t *tx, e event) (id int64, err error) {
	if id = e.id; id == 0 {
		if id, err = t.nextAudit(); err != nil {
			return 0, err
		}
	}
	before, err := json.Marshal(e.before)
	after, err2 := json.Marshal(e.after)
	if err := errors.Join(err, err2); err != nil {
		return 0, fmt.Errorf("audit: %w", err)
	}
	err = t.exec(`insert into audit (id, at, actor, door, client, action, subject, before, after,
		generation, undoable, undoes) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		id, h.now(), message.Clean(h.actor.Name), h.actor.Via, message.Clean(h.actor.Client),
		e.action, e.subject, string(before), string(after), e.generation, e.undoable, e.undoes)
	if err != nil {
		return 0, fmt.Errorf("audit: %w", err)
	}
	t.noted = append(t.noted, id)
	return id, nil
}

// nextAudit is the id of the next event: nothing is ever taken out.
func (t *tx) nextAudit() (id int64, err error) {
	err = t.row(`select coalesce(max(id), 0) + 1 from audit`).Scan(&id)
	return id, damaged(err)
}
