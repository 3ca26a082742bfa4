package console

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"gatepost/httpd"
	"gatepost/store"
)

// flash is what an action did, on its way through a redirect.
type flash struct {
	what     string // a key of deeds
	n        int
	ticket   int64   // the last one made
	profiles int     // made
	changes  int     // of lists, profiles or access
	undelete []int64 // deleted, and can be restored
	left     int     // of all that match: could not be recovered
	audit    int64   // the entry of the audit log that says so, and may be undone
}

// A flashView says what was just done.
type flashView struct {
	Text     string
	Ticket   int64              // made, 0 if none or several
	Profiles int64              // made
	Left     int64              // could not be recovered
	Undelete []int64            // deleted, and can be restored
	Changes  []store.AuditEntry // of lists, profiles or access, which may be undone
}

// flashKeys are what back adds to a query.
var flashKeys = [...]string{"did", "n", "ticket", "profiles", "changed", "undelete", "left",
	"audit"}

// here is the address of a page without what was just done.
func here(r *http.Request) string {
	q := r.URL.Query()
	for _, key := range flashKeys {
		q.Del(key)
	}
	return (&url.URL{Path: r.URL.Path, RawQuery: q.Encode()}).String()
}

// flashWords are the words of each action; %d would be the number of messages.
var flashWords = map[string]func(n int64) string{
	"nothing":   func(int64) string { return "Nothing was selected." },
	"recovered": func(n int64) string { return "Recovered " + count(n, "message", "messages") + "." },
	"deleted":   func(n int64) string { return "Deleted " + count(n, "message", "messages") + "." },
	"restored":  func(n int64) string { return "Restored " + count(n, "message", "messages") + "." },
	"not restored": func(int64) string {
		return "Nothing was restored: it is held again already, or deleted for good."
	},
	"gone":    func(int64) string { return "Nothing was deleted: it was not held any more." },
	"changed": func(int64) string { return "" },
	"saved":   func(int64) string { return "Saved." },
	"same":    func(int64) string { return "Nothing was changed: it is as it was." },
	"more": func(int64) string {
		return "Nothing was done: more messages match than when the list was shown. This is the list now."
	},
	"undone": func(n int64) string {
		if n == 0 {
			return "The change was undone."
		}
		return "The change was undone: " + count(n, "message is", "messages are") + " held again."
	},
	"not undone": func(int64) string {
		return "Nothing was undone: it was changed since, or deleted for good."
	},
	"added":   func(int64) string { return "Added." },
	"removed": func(int64) string { return "Removed." },
	"revoked": func(int64) string { return "The token was revoked." },
}

// undoOffered is how long after a change its undoing is offered right away. Later the audit
// log still does.
const undoOffered = 10 * time.Minute

// flashView reads what back has written.
func (s *handlers) flashView(r *http.Request, c httpd.Caller) (*flashView, error) {
	q := r.URL.Query()
	words, ok := flashWords[q.Get("did")]
	if !ok || !c.Known {
		return nil, nil
	}
	number := func(name string) int64 {
		n, _ := strconv.ParseInt(q.Get(name), 10, 32)
		return max(n, 0)
	}
	n := &flashView{Text: words(number("n")), Profiles: number("profiles"), Left: number("left")}
	if number("n") == 1 {
		n.Ticket, _ = strconv.ParseInt(q.Get("ticket"), 10, 64)
	}
	for _, text := range q["undelete"][:min(len(q["undelete"]), maxMany)] {
		if id, ok := httpd.ParseID(text); ok {
			n.Undelete = append(n.Undelete, id)
		}
	}
	var err error
	n.Changes, err = s.lastChanges(r, c, int(min(number("changed"), mostChanges)))
	if err != nil {
		return nil, err
	}
	e, err := s.ownEntry(r, c, number("audit"))
	if e != nil {
		n.Changes = append(n.Changes, *e)
	}
	return n, err
}

// ownEntry is an entry of the audit log, if the caller made it just now and it can be undone.
func (s *handlers) ownEntry(r *http.Request, c httpd.Caller, id int64) (*store.AuditEntry, error) {
	if id == 0 {
		return nil, nil
	}
	e, err := s.DB.AuditEntry(r.Context(), id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil || e.Actor != c.User.Email || !e.Undoable || s.Now().Sub(e.At) > undoOffered {
		return nil, err
	}
	return &e, nil
}

// mostChanges is how many changes one form makes at most: one of each list.
const mostChanges = 2

// lastChanges are what the caller changed just now, at most so many.
func (s *handlers) lastChanges(r *http.Request, c httpd.Caller, most int) (all []store.AuditEntry,
	err error) {
	if most == 0 {
		return nil, nil
	}
	const looked = 200 // entries of others that may have come in between
	for e, err := range s.DB.AuditLog(r.Context(), store.AuditQuery{Limit: looked}) {
		if err != nil {
			return nil, err
		}
		isOld := s.Now().Sub(e.At) > undoOffered
		if e.Actor == c.User.Email && !isNoChange(e) && !isOld && len(all) < most {
			all = append(all, e)
		}
	}
	return all, nil
}

// isNoChange reports whether an entry is about one message or a sign-in: nothing that could be
// undone.
func isNoChange(e store.AuditEntry) bool {
	switch e.Action {
	case store.Recovered, store.Deleted, store.Restored, store.SignedIn, store.SignInFailed:
		return true
	}
	return false
}
