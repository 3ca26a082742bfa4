package store

import (
	"errors"

	"gatepost/policy"
)

// toldQuery is until when entries that were over their time are in the audit log.
const toldQuery = `select coalesce(max(value), 0) from meta where name = 'rules_expired'`

// noteExpired notes in the audit log which entries are over their time, each once. They stay on
// their lists, where they decide nothing: see loadBy.
func (h *Editor) noteExpired(t *tx) error {
	var told int64
	if err := t.row(toldQuery).Scan(&told); err != nil {
		return damaged(err)
	}
	some, now := false, h.now()
	for _, list := range []policy.ListName{policy.Allow, policy.Block} {
		var over auditedEntries
		err := t.row(`select count(*) from rules where +list = $1 and not removed
			and expires_at > $2 and expires_at <= $3`, string(list), told, now).Scan(&over.Count)
		if err != nil {
			return damaged(err)
		}
		if over.Count == 0 {
			continue
		}
		some = true
		over.Entries, err = t.texts(`select text from rules where +list = $1 and not removed
			and expires_at > $2 and expires_at <= $3 order by expires_at, position limit $4`,
			string(list), told, now, shownEntries)
		_, err2 := h.note(t, event{action: RulesExpired, subject: string(list), before: over})
		if err := errors.Join(err, err2); err != nil {
			return err
		}
	}
	if !some {
		return nil
	}
	return t.setMeta("rules_expired", now)
}
