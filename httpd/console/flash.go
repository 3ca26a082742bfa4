package console

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"gatepost/httpd"
	"gatepost/store"
)

// flash is what an action did, on its way through a redirect.
type flash struct {
	what    string  // a key of flashKinds
	entries []int64 // of the audit log, which say what was done
	left    int     // of all that match: could not be recovered
	message int64   // that was not held any more
}

// did is what an action says that it did, or that nothing was changed.
func did(what string, h *store.Editor) flash {
	entries := h.Entries()
	if entries == nil {
		return flash{what: "same"}
	}
	return flash{what: what, entries: entries[max(0, len(entries)-mostEntries):]}
}

// mostEntries is how many entries of the audit log one flash message is about at most: one of
// each list. Of more the last are named, which say what was asked for.
const mostEntries = 2

// didTwice is did of what takes something and puts something back, which one revert undoes.
func didTwice(what string, h *store.Editor) flash {
	d := did(what, h)
	if entries := h.Entries(); len(entries) > 1 {
		d.entries = []int64{entries[0], entries[len(entries)-1]}
	}
	return d
}

// A flashView says what was just done.
type flashView struct {
	Text     string
	Ticket   int64              // made, 0 if none or several
	Profiles int64              // made
	Left     int64              // could not be recovered
	Undelete []int64            // deleted, and can be restored
	Changes  []store.AuditEntry // of lists, profiles, access or mail, which may be undone

	Seen, Before int64 // the generation that it made, and that which undoes it; 0 if none does
}

// flashKeys are what back adds to a query.
var flashKeys = [...]string{"did", "audit", "left", "message"}

// here is the address of a page without what was just done.
func here(r *http.Request) string {
	q := r.URL.Query()
	for _, key := range flashKeys {
		q.Del(key)
	}
	return (&url.URL{Path: r.URL.Path, RawQuery: q.Encode()}).String()
}

// back leads to a page that says what was done. The query holds numbers and a name of ours,
// never words: a link from elsewhere can put nothing into our mouth.
func (s *handlers) back(w http.ResponseWriter, r *http.Request, to string, d flash) error {
	u, err := url.Parse(to)
	if err != nil {
		return err
	}
	q := u.Query()
	q.Set("did", d.what)
	for _, id := range d.entries {
		q.Add("audit", strconv.FormatInt(id, 10))
	}
	if d.left > 0 {
		q.Set("left", strconv.Itoa(d.left))
	}
	if d.message > 0 {
		q.Set("message", strconv.FormatInt(d.message, 10))
	}
	u.RawQuery = q.Encode()
	http.Redirect(w, r, u.String(), http.StatusSeeOther)
	return nil
}

// flashView reads what back has written. That something was done is said only of what an entry
// of the audit log says too.
func (s *handlers) flashView(r *http.Request, c httpd.Caller) (*flashView, error) {
	q := r.URL.Query()
	kind, ok := flashKinds[q.Get("did")]
	if !ok || !c.Known {
		return nil, nil
	}
	if kind.actions == nil {
		return s.flashOfNothing(r, kind)
	}
	entries, err := s.ownEntries(r, c, kind.actions)
	if err != nil || entries == nil {
		return nil, err
	}
	n := &flashView{}
	if left, err := strconv.ParseInt(q.Get("left"), 10, 32); err == nil {
		n.Left = max(left, 0)
	}
	messages := 0
	for _, e := range entries {
		messages += e.Messages
		if err := s.flashEntry(r, n, kind, e); err != nil {
			return nil, err
		}
	}
	n.Text = kind.words(int64(messages))
	if !kind.reverts {
		return n, nil
	}
	n.Before, err = s.DB.GenerationOf(r.Context(), entries[0].ID)
	if err != nil {
		return nil, err
	}
	n.Before--
	n.Seen, err = s.DB.GenerationOf(r.Context(), entries[len(entries)-1].ID)
	return n, err
}

// flashOfNothing says why nothing was done, and which ticket a message is that was not held any
// more.
func (s *handlers) flashOfNothing(r *http.Request, kind flashKind) (*flashView, error) {
	n := &flashView{Text: kind.words(0)}
	id, ok := httpd.ParseID(r.URL.Query().Get("message"))
	if !ok {
		return n, nil
	}
	reasons, err := s.DB.Explain(r.Context(), strconv.FormatInt(id, 10))
	if errors.Is(err, store.ErrNotFound) {
		return n, nil
	}
	n.Ticket = reasons.Recovered
	return n, err
}

// flashEntry adds what an entry says, and how it is undone.
func (s *handlers) flashEntry(r *http.Request, n *flashView, kind flashKind,
	e store.AuditEntry) (err error) {
	if e.Action == store.Recovered {
		if n.Profiles, err = s.DB.AuditedProfiles(r.Context(), e.ID); err != nil {
			return err
		}
	}
	if e.Messages == 1 || kind.restore && !e.Lists {
		for m, err := range s.DB.AuditedMail(r.Context(), e.ID, maxMany) {
			if err != nil {
				return err
			}
			if e.Messages == 1 {
				n.Ticket = m.Ticket
			}
			n.Undelete = append(n.Undelete, m.ID)
		}
	}
	if !kind.restore || !e.Undoable || e.Lists {
		n.Undelete = nil
	}
	isChange := e.Undoable || e.Action.OfRules() || e.Action == store.AccessSet
	if isChange && n.Undelete == nil && !kind.undoes && !kind.reverts {
		n.Changes = append(n.Changes, e)
	}
	return nil
}

// undoOffered is how long after a change it is said that it was made, and its undoing offered
// right away. Later the audit log still does.
const undoOffered = 10 * time.Minute

// ownEntries are the entries of the audit log that a query names, if the caller made them just
// now and they say one of these actions.
func (s *handlers) ownEntries(r *http.Request, c httpd.Caller, actions []store.Action) (
	entries []store.AuditEntry, err error) {
	named := r.URL.Query()["audit"]
	for _, text := range named[:min(len(named), mostEntries)] {
		id, _ := httpd.ParseID(text)
		e, err := s.DB.AuditEntry(r.Context(), id)
		switch {
		case errors.Is(err, store.ErrNotFound):
			continue
		case err != nil:
			return nil, err
		}
		if e.Actor == c.User.Email && s.Now().Sub(e.At) <= undoOffered &&
			slices.Contains(actions, e.Action) {
			entries = append(entries, e)
		}
	}
	return entries, nil
}
