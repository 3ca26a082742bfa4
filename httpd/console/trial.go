package console

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"gatepost/httpd"
	"gatepost/policy"
	"gatepost/store"
	"gatepost/trial"
)

// lastTried is how many of the newest messages what is typed is tried on.
const lastTried = 1000

// A trialView says what lists would do that are not saved.
type trialView struct {
	Changed  int
	Sentence string
	Groups   []trialGroup // of most messages
	More     int64        // senders
}

// A trialGroup is the messages of one sender.
type trialGroup struct {
	Name     string
	Messages int
	Moves    string
}

// shownGroups is how many senders are shown.
const shownGroups = 10

// try decides the newest messages again by the lists that were typed.
func (s *handlers) try(ctx context.Context, lists []store.NewList) (*trialView, error) {
	now, err := s.DB.Policy(ctx)
	if err != nil {
		return nil, err
	}
	d, err := trial.Trial{Now: now, Then: trial.With(now, lists...), Last: lastTried}.Run(ctx, s.DB)
	if err != nil {
		return nil, err
	}
	return newTrialView(d, wouldChange), nil
}

// sentences are what is said of a diff: which messages it is of, behind their number; what they
// would do; and what is said where there are none.
type sentences struct{ which, would, none string }

var wouldChange = sentences{"", "would change",
	"There are no messages yet on which this could be tried."}

func (s sentences) say(d *trial.Diff) string {
	of := "the last " + count(int64(d.Decided), "message", "messages") + s.which
	switch {
	case d.Decided == 0:
		return s.none
	case d.Changed == 0:
		return "Of " + of + " none " + s.would + "."
	}
	return fmt.Sprintf("%d of %s %s: %s.", d.Changed, of, s.would, d.Words())
}

func newTrialView(d *trial.Diff, s sentences) *trialView {
	v := &trialView{Changed: d.Changed, Sentence: s.say(d)}
	for g := range d.Senders() {
		if len(v.Groups) == shownGroups {
			v.More++
			continue
		}
		moves := make([]string, len(g.Moves))
		for i, m := range g.Moves {
			moves[i] = m.Move.String()
		}
		v.Groups = append(v.Groups, trialGroup{g.Name, g.Messages,
			strings.Join(slices.Compact(moves), ", ")})
	}
	return v
}

// tryRules shows what was typed, and what it would do. Nothing is saved.
func (s *handlers) tryRules(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	view, lists, err := s.readRules(r)
	if err != nil {
		return err
	}
	if view.Failed {
		return s.renderStatus(w, r, c, http.StatusUnprocessableEntity, "rules.html", view)
	}
	if view.Trial, err = s.try(r.Context(), lists); err != nil {
		return err
	}
	return s.render(w, r, c, "rules.html", view)
}

// tryTyped says what lists would do while they are typed, and nothing while they cannot be taken.
func (s *handlers) tryTyped(w http.ResponseWriter, r *http.Request, _ httpd.Caller) error {
	if err := readForm(r); err != nil {
		return err
	}
	var lists []store.NewList
	for _, name := range []policy.ListName{policy.Allow, policy.Block} {
		if !r.PostForm.Has(string(name)) {
			continue
		}
		entries, err := policy.ParseList(name, r.PostForm.Get(string(name)))
		if err != nil {
			return s.renderPart(w, "trial", (*trialView)(nil))
		}
		lists = append(lists, store.NewList{Name: name, Entries: entries})
	}
	view, err := s.try(r.Context(), lists)
	if err != nil {
		return err
	}
	return s.renderPart(w, "trial", view)
}
