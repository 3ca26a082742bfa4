package message

import (
	"fmt"
	"strings"

	ics "github.com/arran4/golang-ical"
)

// calendarWords says what a calendar is about, in a line for each of what, when, where and
// who. One in which no event can be told is given as it is.
func calendarWords(raw, method string) string {
	c := readAgenda(raw)
	if c.method == "" {
		c.method = method
	}
	var b strings.Builder
	for i, e := range c.events {
		if i > 0 {
			b.WriteString("\n")
		}
		e.write(&b, strings.ToUpper(c.method))
	}
	switch {
	case b.Len() == 0:
		return raw
	case c.more > 0:
		fmt.Fprintf(&b, "\n[%d more are not shown]\n", c.more)
	}
	return b.String()
}

// methods of RFC 5546 in words.
var methods = map[string]string{
	"REQUEST": "Invitation", "CANCEL": "Cancellation", "REPLY": "Answer to an invitation",
	"COUNTER": "Proposal of another time", "DECLINECOUNTER": "Another time is declined",
	"ADD": "Invitation to one more of a series", "REFRESH": "Request for the invitation",
}

// write gives the lines of an event, and below them what its author wrote.
func (e *event) write(b *strings.Builder, method string) {
	what := methods[method]
	switch {
	case strings.EqualFold(e.value("STATUS"), "CANCELLED"):
		what = methods["CANCEL"]
	case what == "" && e.task:
		what = "Task"
	case what == "":
		what = "Event"
	}
	for _, line := range [...]struct{ label, value string }{
		{what, e.value("SUMMARY")}, {"When", e.when()}, {"Where", e.value("LOCATION")},
		{"Organizer", person(e.props["ORGANIZER"])}, {"Attendees", e.who()},
	} {
		switch {
		case line.value != "":
			b.WriteString(line.label + ": " + line.value + "\n")
		case line.label == what:
			b.WriteString(what + "\n")
		}
	}
	for _, name := range [...]string{"DESCRIPTION", "COMMENT"} {
		if p := e.props[name]; p != nil && trim(p.Value) != "" {
			b.WriteString("\n" + trim(p.Value) + "\n")
		}
	}
	if e.cut {
		b.WriteString("[the text goes on]\n")
	}
}

// value is a property as one line.
func (e *event) value(name string) string {
	if p := e.props[name]; p != nil {
		return label(p.Value)
	}
	return ""
}

// label is what a stranger wrote, as one line of at most 255 runes.
func label(s string) string { return first(visible(squeeze(Clean(s))), maxLabelRunes) }

// who names the attendees.
func (e *event) who() string {
	var names []string
	for _, p := range e.attendees {
		name := person(p)
		if said := parameter(p, "PARTSTAT"); name != "" && said != "" &&
			!strings.EqualFold(said, "NEEDS-ACTION") {
			name += " (" + lower(said) + ")"
		}
		if name != "" {
			names = append(names, name)
		}
	}
	if e.more > 0 {
		names = append(names, fmt.Sprintf("%d more", e.more))
	}
	return strings.Join(names, ", ")
}

// person is whom an ORGANIZER or ATTENDEE names.
func person(p *ics.BaseProperty) string {
	if p == nil {
		return ""
	}
	address, name := label(p.Value), parameter(p, "CN")
	if len(address) >= len("mailto:") && strings.EqualFold(address[:len("mailto:")], "mailto:") {
		address = address[len("mailto:"):]
	}
	switch {
	case name == "" || strings.EqualFold(name, address):
		return address
	case address == "":
		return name
	}
	return name + " <" + address + ">"
}

// parameter is one of a property, as one line.
func parameter(p *ics.BaseProperty, name string) string {
	for key, values := range p.ICalParameters {
		if strings.EqualFold(key, name) && len(values) > 0 {
			return label(values[0])
		}
	}
	return ""
}
