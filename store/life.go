package store

import (
	"context"
	"database/sql"

	"gatepost/policy"
)

// A NewLife is why an entry is to be on a list, and for how long.
type NewLife struct {
	Life
	KeepTime bool // it ends when it does now, whatever Life says
}

// SetLife gives an entry another note and time; it keeps its age. What stood is taken and put back,
// two changes, each in the audit log by itself: to revert to the generation before the first undoes
// both. Nothing is changed if it is so already. ErrNotFound if it is not on the list; ErrOver if its
// time would be over already.
func (h *Editor) SetLife(ctx context.Context, list policy.ListName, e policy.Entry,
	life NewLife) error {
	if !life.KeepTime && life.ExpiresAt != nil && life.ExpiresAt.UnixMilli() <= h.now() {
		return ErrOver
	}
	return h.do(ctx, func(t *tx) error {
		var expires sql.NullInt64
		err := t.row(`select expires_at from rules where list = $1 and target = $2
			and keyword = $3 and not removed`, string(list), e.Target, e.Keyword.String()).
			Scan(&expires)
		if err != nil {
			return absent(err)
		}
		if life.KeepTime {
			life.ExpiresAt = timeOrNil(expires)
		}
		return h.replaceLife(t, list, e, life.Life)
	})
}

func (h *Editor) replaceLife(t *tx, list policy.ListName, e policy.Entry, life Life) error {
	taken, err := t.change(`update rules set removed = true, generation = 1 +
			(select value from meta where name = 'generation')
		where list = $1 and target = $2 and keyword = $3 and not removed
			and (note <> $4 or expires_at is distinct from $5)`, string(list), e.Target, e.Keyword.String(),
		life.Note, life.expires())
	if err != nil || taken == 0 {
		return err
	}
	c, err := h.newChange(t, list)
	if err != nil {
		return err
	}
	if _, err := h.noteRules(t, c, event{action: RulesSet, subject: c.list}); err != nil {
		return err
	}
	if c, err = h.newChange(t, list); err != nil {
		return err
	}
	err = t.exec(`update rules set removed = false, note = $1, expires_at = $2, generation = $3,
		since = $3 where list = $4 and target = $5 and keyword = $6`, life.Note, life.expires(),
		c.generation, c.list, e.Target, e.Keyword.String())
	if err != nil {
		return err
	}
	_, err = h.noteRules(t, c, event{action: RulesSet, subject: c.list})
	return err
}
