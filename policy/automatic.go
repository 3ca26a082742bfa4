package policy

import (
	"fmt"
	"strings"

	"gatepost/message"
)

// autoSubmitted reads RFC 3834, section 5: everything but no was written by a machine. It
// tells more than other fields, and is shown in place of them. Whoever has two of them has
// let a machine add one.
func (r *reading) autoSubmitted(s Evidence) {
	r.submitted++
	if s.Value == "" || message.Keyword(s.Value) == "no" {
		if r.submitted > 1 {
			r.show(AutoMailer, Evidence{s.Field, fmt.Sprintf("%d fields", r.submitted)})
		}
		return
	}
	if r.submitted == 1 {
		r.Evidence[AutoMailer] = Evidence{}
		r.generated = message.Keyword(s.Value) == "auto-generated"
	}
	r.show(AutoMailer, s)
	if strings.Contains(message.Remarks(s.Value), "vacation") {
		r.away(s)
	}
}

// exchange reads what in Exchange made a message.
func (r *reading) exchange(s Evidence) {
	r.rule = r.rule || strings.EqualFold(s.Value, "Mailbox Rules Agent")
}

// forward settles what Auto-Submitted is about where a rule of a mailbox handed a message
// on: since 2025 Exchange Online writes auto-generated into a person's mail then
// (https://github.com/zammad/zammad/issues/6025). What such a rule answers by itself is
// auto-replied.
func (r *reading) forward() {
	if r.rule && r.generated && r.submitted == 1 {
		r.Evidence[AutoMailer] = r.robots.fit()
	}
}

func (r *reading) precedence(s Evidence) {
	switch message.Keyword(s.Value) {
	case "junk", "auto_reply", "auto-reply":
		r.machine(s)
	case "bulk":
		r.bulk = s
	case "list":
		r.list(s)
	}
}

// precede settles what a Precedence of bulk is about. Mailing lists to which people write
// set it as well as machines do, and say how to write to them (RFC 2369, section 3.4).
func (r *reading) precede() {
	switch {
	case r.bulk.IsZero():
	case r.posted:
		r.list(r.bulk)
	default:
		r.show(AutoMailer, r.bulk)
	}
}

// post reads List-Post: NO says that nobody may write.
func (r *reading) post(s Evidence) {
	r.posted = r.posted || message.Keyword(s.Value) != "no"
}

func (r *reading) list(s Evidence) {
	if r.List.IsZero() {
		r.List = s.fit()
	}
}

// robot is a field that only machines write, unless it says no.
func (r *reading) robot(s Evidence) {
	if !denies(s.Value) {
		r.machine(s)
	}
}

// machine is what shows that a machine wrote the message, beside Auto-Submitted.
func (r *reading) machine(s Evidence) {
	if r.robots.IsZero() {
		r.robots = s
	}
	r.show(AutoMailer, s)
}

func (r *reading) away(s Evidence) {
	if r.vacation.IsZero() && !denies(s.Value) {
		r.vacation = s
	}
}

func denies(value string) bool {
	word := message.Keyword(value)
	return word == "no" || word == "false" || word == "0"
}
