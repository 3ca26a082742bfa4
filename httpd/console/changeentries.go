package console

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"gatepost/httpd"
	"gatepost/policy"
	"gatepost/store"
)

// changeEntries adds entries to a list, takes one off, or gives one another note and time.
func (s *handlers) changeEntries(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	if err := readForm(r); err != nil {
		return err
	}
	list := policy.ListName(r.PostForm.Get("list"))
	if list != policy.Allow && list != policy.Block {
		return httpd.Invalid("list", "write allow or block")
	}
	entries, err := policy.ParseEntries(list, r.PostForm.Get("entry"))
	if err != nil || len(entries) == 0 {
		return s.refuseEntry(w, r, c, list, err)
	}
	h, d := s.As(c), func(h *store.Editor) flash { return did("added", h) }
	switch r.PostForm.Get("do") {
	case "remove":
		d = func(h *store.Editor) flash { return did("removed", h) }
		_, err = h.RemoveRules(r.Context(), list, entries, "")
	case "change":
		d = func(h *store.Editor) flash { return didTwice("entry changed", h) }
		err = setLife(r, h, list, entries[0])
	default:
		var life store.Life
		if life, err = lifeOf(r); err == nil {
			_, err = h.AddRules(r.Context(), list, entries, life)
		}
	}
	switch {
	case errors.Is(err, store.ErrOver), errors.Is(err, errDate):
		return s.refuseEntry(w, r, c, list, err)
	case err != nil && !errors.Is(err, store.ErrNotFound): // who removes what is gone has it so
		return err
	}
	to := "/rules"
	if r.PostForm.Has("back") {
		to = ownPath(r.PostForm.Get("back"))
	}
	return s.back(w, r, to, d(h))
}

// setLife gives an entry the note and the day of a form. A day that is left as it was shown leaves
// the time of that day.
func setLife(r *http.Request, h *store.Editor, list policy.ListName, e policy.Entry) error {
	life := store.NewLife{KeepTime: r.PostForm.Get("expires") == r.PostForm.Get("was")}
	life.Note = r.PostForm.Get("note")
	if !life.KeepTime {
		var err error
		if life.Life, err = lifeOf(r); err != nil {
			return err
		}
	}
	return h.SetLife(r.Context(), list, e, life)
}

func lifeOf(r *http.Request) (store.Life, error) {
	end, err := endOf(r.PostForm.Get("expires"))
	return store.Life{Note: r.PostForm.Get("note"), ExpiresAt: end}, err
}

var errDate = errors.New("is no date: write it as 2027-01-31")

// endOf is the beginning of the day that a form names, in UTC; nil is never.
func endOf(day string) (*time.Time, error) {
	if day == "" {
		return nil, nil
	}
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return nil, fmt.Errorf("%q %w", day, errDate)
	}
	return &at, nil
}

// refuseEntry shows what was typed again, and why it is not taken.
func (s *handlers) refuseEntry(w http.ResponseWriter, r *http.Request, c httpd.Caller,
	list policy.ListName, wrong error) error {
	why := "Write an address or a domain."
	if wrong != nil {
		why = wrong.Error()
	}
	if r.PostForm.Get("do") == "change" {
		return s.showEntries(w, r, c, http.StatusUnprocessableEntity, why)
	}
	view, err := s.rulesView(r.Context())
	if err != nil {
		return err
	}
	i := slices.IndexFunc(view.Lists, func(l listView) bool { return l.Name == list })
	l := &view.Lists[i]
	l.Entry, l.Note = r.PostForm.Get("entry"), r.PostForm.Get("note")
	l.Expires, l.Refused = r.PostForm.Get("expires"), why
	return s.renderStatus(w, r, c, http.StatusUnprocessableEntity, "rules.html", view)
}
