package main

import (
	"reflect"
	"slices"
	"strings"

	"gatepost/message"
	"gatepost/policy"
	"gatepost/store"
)

// A change is one that would make a ticket of a message: in words, with whom else it would
// let in, and as a command, or a setting and its place.
type change struct {
	Change string `json:"change"`
	How    string `json:"how"`

	reach reach
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
	d := p.Decide(f)
	e.Now, e.Changes = d.Action.String(), []change{}
	if d.Action != policy.Ticket {
		e.Obstacle = d.Why()
	}
	for _, r := range p.Remedies(f) {
		if c := a.changeOf(r); c.How != "" {
			e.Changes = append(e.Changes, c)
		}
	}
	if e.ID != 0 && e.Decision == policy.Suspend.String() && e.Recovered == 0 {
		e.Changes = withRecover(e.Changes, change{recoverWords(&e.Explanation, f),
			a.recoverCommand(e.ID), ofMessage})
	}
}

// withRecover puts the change of one message before those that let in others.
func withRecover(changes []change, once change) []change {
	at := slices.IndexFunc(changes, func(c change) bool { return c.reach == ofStranger })
	if at < 0 {
		at = len(changes)
	}
	return slices.Insert(changes, at, once)
}

// recoverWords also say that the sender gets a profile, where recovering makes one.
func recoverWords(e *store.Explanation, f *policy.Facts) string {
	const words = "this one message only"
	cause, known := policy.ParseCause(orEmpty(e.Cause))
	if !known || !cause.ProfileOnRecover() || f.Profile.Known || f.Sender.Address.IsZero() {
		return words
	}
	return words + "; its sender gets a profile"
}

// changeOf puts a remedy into words. How is empty if nobody can make the change: there is no
// switch for the cause, or no list takes the address.
func (a *app) changeOf(r policy.Remedy) change {
	switch {
	case !r.Forget.IsZero():
		return change{"the count of this sender's messages is forgotten",
			a.command("loop", "reset", r.Forget.String()), ofSender}
	case !r.Allow.IsZero():
		return change{"an entry on the allowlist", a.allowCommand(r.Allow), ofSender}
	case !r.Profile.IsZero():
		return change{"a profile for it", a.command("user", "add", r.Profile.String()), ofSender}
	case !r.Restore.IsZero():
		return change{"its profile is suspended no more",
			a.command("user", "unsuspend", r.Restore.String()), ofSender}
	case !r.Unblock.IsZero():
		return a.unblock(r.Unblock)
	}
	return a.settingOf(r)
}

// unblock names whose mail an entry would hold no more.
func (a *app) unblock(e policy.Entry) change {
	c := change{Change: "without the entry on the blocklist",
		How: a.command("rules", "remove", string(policy.Block), e.String())}
	switch {
	case e.Target == policy.Everyone:
		c.Change, c.reach = c.Change+": every stranger's mail is let in", ofStranger
	case !strings.Contains(e.Target, "@"):
		c.Change, c.reach = c.Change+": all mail of "+e.Target+" is let in", ofStranger
	}
	return c
}

// settingOf puts a remedy into words that is a setting, and so one for everybody.
func (a *app) settingOf(r policy.Remedy) change {
	words, key, value := "", "", "false"
	switch {
	case r.PassOver:
		words, key = "mail of mailing lists is not held", causeSwitch("mailing_list")
	case r.AnyHost:
		words, key = "mail need not come through a relay", "smtp.only_relays"
	case r.AnyRate:
		words, key, value = "any number of messages passes within an hour", "loop.per_hour", "0"
	case r.Believe:
		words, key, value = "what From claims is taken", "auth.trust", `"claimed"`
	case hasSwitch(r.TurnOff):
		words, key = "the cause holds nothing any more", causeSwitch(r.TurnOff.String())
	default:
		return change{}
	}
	return change{words + ", for everybody", a.setting(key, value), ofStranger}
}

// hasSwitch reports whether there is a setting for the cause.
func hasSwitch(c policy.Cause) (found bool) {
	defaults().each(func(key string, _ reflect.Value) {
		found = found || key == causeSwitch(c.String())
	})
	return found
}

// allowCommand is empty if the allowlist does not take the address as an entry.
func (a *app) allowCommand(sender message.Address) string {
	entries, err := policy.ParseEntries(policy.Allow, sender.String())
	if err != nil || len(entries) != 1 || entries[0].Target != sender.String() {
		return ""
	}
	return a.command("rules", "add", string(policy.Allow), sender.String())
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
		rows, name = append(rows, [2]string{name, how + "  # " + c.Change}), "  or"
	}
	return rows
}

// noChange says why there is no change that would let in the next message like this, "" if
// there is one, or if nobody needs it.
func noChange(e explained) string {
	ticket := policy.Ticket.String()
	lasting := func(c change) bool { return c.reach != ofMessage }
	switch {
	case e.Decision == ticket || e.Now == "" || slices.ContainsFunc(e.Changes, lasting):
		return ""
	case e.Now == ticket:
		return "as things stand now it would be a ticket"
	}
	return "no single change; the first obstacle: " + e.Obstacle
}
