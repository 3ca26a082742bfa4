package console

import (
	"context"
	"slices"

	"gatepost/httpd"
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
func (s *handlers) whatIf(ctx context.Context, l *httpd.StoredMessage, cause string) (w whatIf,
	err error) {
	f, all, err := s.Proposals(ctx, l, cause)
	if err != nil {
		return w, err
	}
	w.Now = all.Now.Action.String()
	if len(all.LetIn) > 0 {
		w.Smallest = remedyWords(all.LetIn[0])
	}
	if requester, _ := f.Requester(); requester.Address.IsZero() {
		return w, nil
	}
	w.LetIn = letInRules(all.LetIn)
	w.takeKeepOut(all.KeepOut)
	w.Remarks = vainRemarks(all)
	return w, nil
}

// letInRules are what a button does: an entry of the allowlist, or else the entry or the
// profile that is in the way.
func letInRules(proposals []policy.Remedy) (rules []quickRule) {
	var others []quickRule
	for _, r := range proposals {
		switch q := (quickRule{Change: r.Words()}); r.Kind {
		case policy.AllowSender, policy.AllowDomain:
			rules = append(rules, addRule(policy.Allow, r))
		case policy.Unblock:
			q.Key, q.list = "unblock "+r.Subject(), policy.Block
			q.entry, q.remove = r.Entry, true
			others = append(others, q)
		case policy.Restore:
			q.Key, q.person = "restore "+r.Subject(), r.Address
			others = append(others, q)
		}
	}
	if len(rules) > 0 {
		return rules
	}
	return others
}

func (w *whatIf) takeKeepOut(proposals []policy.Remedy) {
	for _, r := range proposals {
		if r.Kind != policy.Hold {
			w.KeepOut = append(w.KeepOut, addRule(policy.Block, r))
			continue
		}
		w.Suspend = &quickRule{Key: "suspend " + r.Subject(), person: r.Address, hold: true,
			Change: r.Words()}
	}
}

// vainRemarks say why an entry is not offered: the first that would not let it in, if none of
// the allowlist would, and all that would not keep it out.
func vainRemarks(all policy.Proposals) (remarks []string) {
	told := slices.ContainsFunc(all.LetIn, func(r policy.Remedy) bool {
		return r.Kind == policy.AllowSender || r.Kind == policy.AllowDomain
	})
	for _, v := range all.Vain {
		list, would := policy.Allow, "let it in"
		switch {
		case v.KeepsOut():
			list, would = policy.Block, "keep it out"
		case told:
			continue
		default:
			told = true
		}
		remarks = append(remarks, "to "+addRule(list, v.Remedy).Change+" would not "+would+": "+v.Why)
	}
	return remarks
}

func addRule(list policy.ListName, r policy.Remedy) quickRule {
	e := r.Adds(list)
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
func (q quickRule) apply(ctx context.Context, h *store.Editor) (err error) {
	entries := []policy.Entry{q.entry}
	switch {
	case !q.person.IsZero():
		return h.SetSuspended(ctx, q.person, q.hold)
	case q.remove:
		_, err = h.RemoveRules(ctx, q.list, entries, "")
	default:
		_, err = h.AddRules(ctx, q.list, entries, store.Life{})
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
