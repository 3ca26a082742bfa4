package main

import (
	"reflect"
	"strings"

	"gatepost/message"
	"gatepost/policy"
)

// A change is one that would make a ticket of a message: in words, and as a command or a
// line of the configuration that can be pasted.
type change struct {
	Change string `json:"change"`
	How    string `json:"how"`
}

// setChanges says what would become of a message as things stand, and what would make a
// ticket of it, the smallest change first.
func (a *app) setChanges(e *explained, p *policy.Policy, f *policy.Facts) {
	e.Now, e.Changes = p.Decide(f).Action.String(), []change{}
	for _, r := range p.Remedies(f) {
		if c := a.changeOf(r); c.How != "" {
			e.Changes = append(e.Changes, c)
		}
	}
}

// changeOf puts a remedy into words. How is empty if nobody can make the change: there is no
// switch for the cause, or no list takes the address.
func (a *app) changeOf(r policy.Remedy) change {
	switch {
	case !r.Allow.IsZero():
		return change{"an entry on the allowlist", a.allowCommand(r.Allow)}
	case !r.Profile.IsZero():
		return change{"a profile for it", a.command("user", "add", r.Profile.String())}
	case !r.Restore.IsZero():
		return change{"its profile is suspended no more",
			a.command("user", "unsuspend", r.Restore.String())}
	case !r.Unblock.IsZero():
		return change{"without the entry on the blocklist",
			a.command("rules", "remove", string(policy.Block), r.Unblock.String())}
	case r.PassOver:
		return change{"mail of mailing lists is not held", causeSwitch("mailing_list") + " = false"}
	case r.AnyHost:
		return change{"mail need not come through a relay", "smtp.only_relays = false"}
	case r.AnyRate:
		return change{"any number of messages passes within an hour", "loop.per_hour = 0"}
	case r.Believe:
		return change{"what From claims is taken, of everybody", `auth.trust = "claimed"`}
	case hasSwitch(r.TurnOff):
		return change{"the cause holds nothing any more",
			causeSwitch(r.TurnOff.String()) + " = false"}
	}
	return change{}
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

// command is a command of ours as it can be pasted into a shell, on the database and with
// the configuration that this one has.
func (a *app) command(words ...string) string {
	line := []string{"gatepost"}
	if a.configPath != "" {
		line = append(line, "--config", quote(a.configPath))
	}
	if o, ok := a.overrides["db"]; ok {
		line = append(line, "--db", quote(o.text))
	}
	last := len(words) - 1
	line = append(line, words[:last]...)
	if strings.HasPrefix(words[last], "-") {
		line = append(line, "--") // it is no flag
	}
	return strings.Join(append(line, quote(words[last])), " ")
}

// quote writes a word as a shell reads it back, whoever wrote it.
func quote(word string) string {
	plain := func(r rune) bool {
		return r < 0x80 && (isLetter(byte(r)) || strings.ContainsRune("0123456789@._-+:/", r))
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// changeRows tell the changes to a person: what can be pasted, with the words behind it as a
// comment of shells and of the configuration alike.
func changeRows(e explained) (rows [][2]string) {
	wide := 0
	for _, c := range e.Changes {
		wide = max(wide, len(c.How))
	}
	for i, c := range e.Changes {
		name := "  or"
		if i == 0 {
			name = "  smallest change"
		}
		how := c.How + strings.Repeat(" ", wide-len(c.How))
		rows = append(rows, [2]string{name, how + "  # " + c.Change})
	}
	ticket := policy.Ticket.String()
	switch {
	case e.Decision == ticket || e.Now == "" || len(rows) > 0:
	case e.Now == ticket:
		rows = [][2]string{{"  nothing", "as things stand now it would be a ticket"}}
	default:
		rows = [][2]string{{"  nothing", "no single change"}}
	}
	return rows
}
