package httpd

import (
	"context"
	"fmt"
	"io"

	"gatepost/message"
	"gatepost/policy"
	"gatepost/store"
)

// A whatIf is what would become of a held message, and of its sender's next ones, if
// something were changed. Each change was tried by asking Decide again.
type whatIf struct {
	Now      string // what would become of it as things stand
	Smallest string // the smallest change that would let it in, in words; "" if none would
	LetIn    []quickRule
	KeepOut  []quickRule
	Suspend  *quickRule // the profile; nil if there is none, or it is suspended
	Remarks  []string   // why something is offered in another form, or not at all
}

// A quickRule is a change of lists or profiles that was tried and works.
type quickRule struct {
	Key    string // "allow acme.test": what a form sends back
	Change string // in words: "allow acme.test"
	list   policy.ListName
	entry  policy.Entry
	remove bool            // the entry
	person message.Address // whose profile changes, in place of a list
	hold   bool            // the profile
}

// whatIf tries what could be done about a message, which is held for that cause or for none.
func (s *Server) whatIf(ctx context.Context, l *letter, cause string) (w whatIf, err error) {
	mail := policy.Mail{Message: l.message, Body: func() io.Reader { return l.body() }}
	p, f, err := s.DB.FactsAgain(ctx, mail, l.Kept, cause)
	if err != nil {
		return w, err
	}
	sender, profile := f.Requester()
	t := trial{policy: p, facts: f, sender: sender.Address, profile: profile}
	d := p.Decide(f)
	w.Now = d.Action.String()
	remedies := p.Remedies(f)
	if len(remedies) > 0 {
		w.Smallest = remedyWords(remedies[0])
	}
	if t.sender.IsZero() {
		return w, nil
	}
	if d.Action != policy.Ticket {
		w.LetIn, w.Remarks = t.letIn(remedies)
	}
	out, remarks := t.keepOut()
	w.KeepOut, w.Remarks = out, append(w.Remarks, remarks...)
	if a := t.sender; profile.Known && !profile.Suspended {
		w.Suspend = &quickRule{Key: "suspend " + a.String(), person: a, hold: true,
			Change: "suspend the profile of " + a.String()}
	}
	return w, nil
}

// A trial asks what one more entry would do.
type trial struct {
	policy  *policy.Policy
	facts   *policy.Facts
	sender  message.Address // whom it is judged as
	profile policy.Profile
}

// targets are what an entry may be for: the sender, and its domain.
func (t trial) targets() []string {
	return []string{t.sender.String(), string(t.sender.Domain())}
}

// letIn are the changes with which this message would be a ticket.
func (t trial) letIn(remedies []policy.Remedy) (rules []quickRule, remarks []string) {
	for _, target := range t.targets() {
		e, err := policy.ParseEntry(policy.Allow, target)
		if err != nil || t.policy.Allow.Has(e) {
			continue
		}
		d := t.with(policy.Allow, e).Decide(t.facts)
		if d.Action == policy.Ticket {
			rules = append(rules, addRule(policy.Allow, e))
		} else if len(remarks) == 0 {
			remarks = append(remarks, fmt.Sprintf("to allow %s would not let it in: %s", e, d.Why()))
		}
	}
	if len(rules) > 0 {
		return rules, nil
	}
	for _, r := range remedies {
		switch q := (quickRule{Change: r.Words()}); r.Kind {
		case policy.Unblock:
			q.Key, q.list = "unblock "+r.Subject(), policy.Block
			q.entry, q.remove = r.Entry, true
			rules = append(rules, q)
		case policy.Restore:
			q.Key, q.person = "restore "+r.Subject(), r.Address
			rules = append(rules, q)
		}
	}
	return rules, remarks
}

// keepOut are the entries by which the sender's next message would be held: for each target
// the plainest that works.
func (t trial) keepOut() (rules []quickRule, remarks []string) {
	if t.check(t.policy).Action != policy.Ticket {
		return nil, nil // it is kept out already
	}
	for _, target := range t.targets() {
		for _, keyword := range []policy.Keyword{policy.Plain, policy.SuspendKeyword} {
			e, err := policy.ParseEntry(policy.Block, keyword.String()+target)
			if err != nil {
				break
			}
			d := t.check(t.with(policy.Block, e))
			if d.Action != policy.Ticket {
				rules = append(rules, addRule(policy.Block, e))
				break
			}
			remarks = append(remarks, fmt.Sprintf("to block %s would not keep it out: %s", e, d.Why()))
		}
	}
	return rules, remarks
}

// check is what becomes of the sender's mail as far as the lists say. A sender that only *
// holds is let in as soon as it has a profile, so it is asked as if it had one.
func (t trial) check(p *policy.Policy) policy.Decision {
	profile := t.profile
	profile.Known = true
	return p.Check(t.sender, profile)
}

func (t trial) with(list policy.ListName, e policy.Entry) *policy.Policy {
	changed := *t.policy
	change := []policy.Change{{Entry: e}}
	if list == policy.Allow {
		changed.Allow = changed.Allow.With(change)
	} else {
		changed.Block = changed.Block.With(change)
	}
	return &changed
}

func addRule(list policy.ListName, e policy.Entry) quickRule {
	change := string(list) + " " + e.String()
	return quickRule{Key: change, Change: change, list: list, entry: e}
}

// find is the rule that a form sent back, if it would still work.
func (w whatIf) find(key string) (quickRule, bool) {
	rules := append(append([]quickRule{}, w.LetIn...), w.KeepOut...)
	if w.Suspend != nil {
		rules = append(rules, *w.Suspend)
	}
	for _, q := range rules {
		if q.Key == key {
			return q, true
		}
	}
	return quickRule{}, false
}

// listChange is the change of a list, nil if it is none.
func (q *quickRule) listChange() *store.ListChange {
	if q == nil || !q.person.IsZero() {
		return nil
	}
	return &store.ListChange{List: q.list, Entry: q.entry, Remove: q.remove}
}

// apply makes the change in somebody's name.
func (q quickRule) apply(ctx context.Context, h *store.Hand) (err error) {
	entries := []policy.Entry{q.entry}
	switch {
	case !q.person.IsZero():
		return h.SetSuspended(ctx, q.person, q.hold)
	case q.remove:
		_, err = h.RemoveRules(ctx, q.list, entries)
	default:
		_, err = h.AddRules(ctx, q.list, entries, "")
	}
	return err
}

// remedyWords says a remedy to a person, with whom else it lets in, and how it is done where
// no page does it.
func remedyWords(r policy.Remedy) string {
	words := r.Words()
	if reach := r.Reach(); reach != "" {
		words += ", " + reach
	}
	if setting, ok := r.Setting(); ok {
		return words + " (" + setting.String() + ")"
	}
	if r.Kind == policy.Forget {
		return words + " (gatepost " + r.Command() + ")"
	}
	return words
}
