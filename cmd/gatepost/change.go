package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gatepost/policy"
	"gatepost/store"
)

// A change is one that would make a ticket of a message: in words, with whom else it would
// let in, and as a command, or a setting and its place.
type change struct {
	Change string `json:"change"`
	How    string `json:"how"`

	reach   reach
	untried bool // nobody knows whether it would do
}

// reach is whose mail a change lets in.
type reach int

const (
	ofSender   reach = iota // mail of this one sender
	ofMessage               // this one message
	ofStranger              // mail of others, too
)

// setChanges says what would become of a message as things stand, what is in its way first,
// and what would make a ticket of it, the smallest change first.
func (a *app) setChanges(e *explained, p *policy.Policy, f *policy.Facts) {
	all := p.Proposals(f)
	e.Now, e.Changes, e.KeepOut = all.Now.Action.String(), []change{}, []change{}
	for _, r := range all.KeepOut {
		e.KeepOut = append(e.KeepOut, a.changeOf(r))
	}
	if !all.Now.Action.LetsIn() {
		e.Obstacle = all.Now.Why()
	}
	for _, r := range all.LetIn {
		e.Changes = append(e.Changes, a.changeOf(r))
	}
	e.Changes = beforeOthers(e.Changes, a.mayProve(p.MayProve(f))...)
	if e.Deleted {
		e.Changes = beforeOthers(e.Changes, change{Change: "this one message only: it is held again",
			How: a.command("suspended", "undelete", strconv.FormatInt(e.ID, 10)), reach: ofMessage})
	}
	if e.held() {
		e.Changes = beforeOthers(e.Changes, change{Change: recoverWords(&e.Explanation, f, all.Now.Claimed),
			How: a.recoverCommand(e.ID), reach: ofMessage})
	}
}

// held reports whether what is explained is a message that is held still.
func (e *explained) held() bool {
	return e.ID != 0 && e.Decision == policy.Suspend.String() && e.Recovered == 0 && !e.Deleted
}

// beforeOthers puts changes before those that let in others.
func beforeOthers(changes []change, these ...change) []change {
	at := slices.IndexFunc(changes, func(c change) bool { return c.reach == ofStranger })
	if at < 0 {
		at = len(changes)
	}
	return slices.Insert(changes, at, these...)
}

// recoverWords also say which ticket a reply joins, and that the sender gets a profile, where
// recovering makes one.
func recoverWords(e *store.Explanation, f *policy.Facts, claimed bool) string {
	words := "this one message only"
	cause, known := policy.ParseCause(orEmpty(e.Cause))
	if cause.OfReply() && f.Thread.Ticket != 0 {
		words += fmt.Sprintf("; it joins ticket %d", f.Thread.Ticket)
	}
	sender, profile := f.Requester()
	if !known || !cause.ProfileOnRecover() || profile.Known || sender.Address.IsZero() ||
		cause.OfReply() && claimed {
		return words
	}
	return words + "; its sender gets a profile"
}

// changeOf is a remedy as it can be pasted. Its words name nobody: not every shell takes
// what stands behind a # for a comment.
func (a *app) changeOf(r policy.Remedy) change {
	c := change{Change: r.Brief()}
	if reach := r.Reach(); reach != "" {
		c.Change, c.reach = c.Change+", "+reach, ofStranger
	}
	if setting, ok := r.Setting(); ok {
		c.How = a.setting(setting)
	} else {
		c.How = a.command(append(strings.Fields(r.Command()), r.Subject())...)
	}
	return c
}

// mayProve are the settings that may have somebody say who the message is from, with what they
// have now. Those that have the word since the message came have nothing to add.
func (a *app) mayProve(settings []policy.Setting) (all []change) {
	for _, add := range settings {
		now := a.value(add.Key)
		if slices.Contains(strings.Fields(now), add.Value) {
			continue
		}
		add.Value = `"` + strings.TrimSpace(now+" "+add.Value) + `"`
		all = append(all, change{Change: "may prove who it is from, for everybody: see what was not read",
			How: a.setting(add), reach: ofStranger, untried: true})
	}
	return all
}

// isLetIn reports whether a decision is one that lets a message in.
func isLetIn(decision string) bool {
	return decision == policy.Ticket.String() || decision == policy.Comment.String()
}

// keepOutRows are what would keep out what is let in as things stand.
func keepOutRows(e explained) (rows [][2]string) {
	if !isLetIn(e.Now) {
		return nil
	}
	wide := 0
	for _, c := range e.KeepOut {
		wide = max(wide, len(c.How))
	}
	for i, c := range e.KeepOut {
		name := "  or"
		if i == 0 {
			name = "  smallest change"
		}
		rows = append(rows, [2]string{name, fmt.Sprintf("%-*s  # %s", wide, c.How, c.Change)})
	}
	return rows
}

// changeRows tell the changes to a person: what can be pasted, with the words behind it as a
// comment of shells and of the configuration alike.
func changeRows(e explained) (rows [][2]string) {
	nothing, name := noChange(e), "  smallest change"
	if nothing != "" {
		rows, name = append(rows, [2]string{"  nothing", nothing}), "  this message"
	}
	wide := 0
	for _, c := range e.Changes {
		wide = max(wide, len(c.How))
	}
	for _, c := range e.Changes {
		how := c.How + strings.Repeat(" ", wide-len(c.How))
		if c.untried {
			rows = append(rows, [2]string{"  perhaps", how + "  # " + c.Change})
			continue
		}
		rows, name = append(rows, [2]string{name, how + "  # " + c.Change}), "  or"
	}
	if e.held() && slices.ContainsFunc(e.Changes, lasting) {
		rows = append(rows, [2]string{"  held already",
			"is let in by `suspended recover` alone; the rest is for mail from now on"})
	}
	return rows
}

// lasting reports whether a change is for the mail that comes from now on.
func lasting(c change) bool { return c.reach != ofMessage }

// noChange says why there is no change that would let in the next message like this, "" if
// there is one, or if nobody needs it.
func noChange(e explained) string {
	switch {
	case isLetIn(e.Decision), e.Now == "", slices.ContainsFunc(e.Changes, lasting):
		return ""
	case isLetIn(e.Now):
		return "as things stand now it would be a " + e.Now
	}
	return "no single change; the first obstacle: " + e.Obstacle
}
