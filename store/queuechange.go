package store

import (
	"errors"
	"fmt"

	"gatepost/message"
	"gatepost/policy"
)

// A ListChange goes with what is done to a held message: in the same transaction and under the
// same entry of the audit log, so that one undo takes back both.
type ListChange struct {
	List   policy.ListName
	Entry  policy.Entry
	Remove bool // take it off the list, in place of putting it there
}

// A queueChange is what one person does to held messages under one entry of the audit log.
type queueChange struct {
	h      *Editor
	t      *tx
	action Action
	id     int64 // of the entry, 0 as long as nothing was done
	rows   []queueRow
}

// A queueRow is one of the messages, as the audit log keeps it.
type queueRow struct {
	message              int64
	was                  auditedMessage
	ticket               int64 // that was made of it or that it joined, or 0
	comment              int64 // by which it joined that, or 0
	madeProfile          bool
	createdAt, expiresAt int64
}

// entry is the id of the entry, which is written when all is done.
func (c *queueChange) entry() (id int64, err error) {
	if c.id == 0 {
		c.id, err = c.t.nextAudit()
	}
	return c.id, err
}

// add takes down what was done to one message.
func (c *queueChange) add(r queueRow) error {
	id, err := c.entry()
	if err != nil {
		return err
	}
	author := ""
	if a, err := message.ParseAddress(r.was.Author); err == nil {
		author = a.String() // else what stands there may be any words
	}
	c.rows = append(c.rows, r)
	made := r.ticket
	if r.comment > 0 {
		made = r.comment
	}
	err = c.t.exec(`insert into audit_mail (audit, message, author, ticket, made_profile,
		created_at, expires_at) values ($1, $2, $3, $4, $5, $6, $7)`,
		id, r.message, author, made, r.madeProfile, r.createdAt, r.expiresAt)
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	return nil
}

// auditedRules is what the audit log says of a change of a list that went with another.
type auditedRules struct {
	List    string   `json:"list"`
	Added   []string `json:"added"`
	Removed []string `json:"removed"`
}

// changeList makes the change of a list that goes with the rest. What changes nothing has no
// generation.
func (c *queueChange) changeList(with ListChange) (said *auditedRules, generation int64, err error) {
	list, err := c.h.newChange(c.t, with.List)
	if err != nil {
		return nil, 0, err
	}
	changed, entries := 0, []policy.Entry{with.Entry}
	if with.Remove {
		var missing []policy.Entry
		missing, err = list.remove(entries)
		changed = 1 - len(missing)
	} else {
		changed, err = list.add(entries, Life{})
	}
	if err != nil || changed == 0 {
		return nil, 0, errors.Join(err, list.giveBack())
	}
	return c.keepRules(list)
}

// keepRules keeps what a change took from its list and put on it under the entry.
func (c *queueChange) keepRules(list *change) (said *auditedRules, generation int64, err error) {
	id, err := c.entry()
	if err != nil {
		return nil, 0, err
	}
	if n, err := c.t.keepRules(list, id); err != nil || n == 0 {
		return nil, 0, err
	}
	said = &auditedRules{List: list.list}
	for _, side := range []struct {
		added bool
		to    *[]string
	}{{true, &said.Added}, {false, &said.Removed}} {
		if *side.to, err = c.t.auditedTexts(id, side.added); err != nil {
			return nil, 0, err
		}
	}
	return said, list.generation, nil
}

// auditedMany is what the audit log says of several messages: how many, and the first of them.
type auditedMany struct {
	Count    int           `json:"count"`
	Messages []auditedHeld `json:"messages"`
}

type auditedHeld struct {
	ID int64 `json:"id"`
	auditedMessage
	Ticket  int64 `json:"ticket,omitempty"`
	Comment int64 `json:"comment,omitempty"`
}

// note writes the entry, if anything was done.
func (c *queueChange) note(with *ListChange) error {
	if len(c.rows) == 0 {
		return nil
	}
	e := event{action: c.action, undoable: c.undoable()}
	after := auditedDone{}
	if with != nil {
		var err error
		if after.Rules, e.generation, err = c.changeList(*with); err != nil {
			return err
		}
		e.undoable = e.undoable || e.generation > 0
	}
	if e.id, e.before = c.id, c.before(); len(c.rows) == 1 {
		e.subject = fmt.Sprint(c.rows[0].message)
	}
	after.auditedRecovery = c.recovered()
	if after != (auditedDone{}) {
		e.after = after
	}
	_, err := c.h.note(c.t, e)
	return err
}

// undoable reports whether the messages can be held again. What is deleted for good cannot.
func (c *queueChange) undoable() bool {
	return c.rows[0].ticket > 0 || c.h.db.DeletedKept() > 0
}

// auditedDone is what the audit log says of what became of messages.
type auditedDone struct {
	*auditedRecovery
	Rules *auditedRules `json:"rules,omitempty"`
}

func (c *queueChange) before() any {
	if len(c.rows) == 1 {
		return c.rows[0].was
	}
	many := auditedMany{Count: len(c.rows)}
	for _, r := range c.rows[:min(len(c.rows), shownEntries)] {
		many.Messages = append(many.Messages, auditedHeld{r.message, r.was, r.ticket, r.comment})
	}
	return many
}

// recovered is the ticket of one message, nil if there is none or if before names several.
func (c *queueChange) recovered() *auditedRecovery {
	if r := c.rows[0]; len(c.rows) == 1 && r.ticket > 0 {
		return &auditedRecovery{r.ticket, r.comment, r.madeProfile}
	}
	return nil
}
