package message

import (
	"io"
	"strings"

	ics "github.com/arran4/golang-ical"
)

// Limits on what is read and shown of a calendar (RFC 5545). The time that the library takes
// for a line grows with the square of its parameters.
const (
	maxCalendar   = 256 << 10 // octets read
	maxCalendars  = 10        // of a message, whose words are shown
	maxParameters = 2 << 10   // octets in front of a value; a line with more is left out
	maxValue      = 32 << 10  // octets of a value, the rest is not shown
	maxEvents     = 5         // shown
	maxAttendees  = 10        // named
)

// isCalendar reports whether a part holds events (RFC 5545, section 8.1), also by the names
// that Google Calendar and vCalendar give it.
func isCalendar(kind string) bool {
	return kind == "text/calendar" || kind == "application/ics" || kind == "text/x-vcalendar"
}

// calendar reads an attachment that holds events. The words of one that is not to stand among
// the text are shown only if the message has no other text.
func (w *walk) calendar(body io.Reader, name, kind string, params map[string]string,
	inline bool, problem error) part {
	start := w.shownFile(body, name, kind, maxCalendar)
	if w.inside && !inline || w.left <= 0 || w.calendars == maxCalendars {
		return part{}
	}
	w.calendars++
	start, unknown := readable(start, params["charset"], problem)
	raw, _ := io.ReadAll(start)
	p := part{calendar: true}
	var err error
	p.text, err = plainText(strings.NewReader(calendarWords(string(raw), params["method"])),
		w.left)
	if unknown != "" {
		p.note("this part is shown as it came: %s", unknown)
	} else if err == errLimit {
		p.note("the text goes on")
	}
	if !inline {
		if w.aside == "" {
			w.aside = p.text
		}
		return part{}
	}
	w.left -= len(p.text)
	return p
}

// An agenda is what is read of a calendar.
type agenda struct {
	method string
	events []*event
	more   int // events that are not among them
	now    *event
	depth  int // components that are open within the event
}

// An event is a component that people are asked to or told of.
type event struct {
	task      bool                         // VTODO
	props     map[string]*ics.BaseProperty // the first of each name
	attendees []*ics.BaseProperty
	more      int  // attendees that are not among them
	cut       bool // what its author wrote goes on
}

// readAgenda goes through the lines. One that the library cannot read is left out.
func readAgenda(raw string) *agenda {
	c := &agenda{}
	stream := ics.NewCalendarStream(strings.NewReader(raw))
	for {
		line, err := stream.ReadLine()
		if line != nil {
			c.line(string(*line))
		}
		if err != nil {
			return c
		}
	}
}

// shownProperties are those that are asked for, in upper case.
var shownProperties = map[string]bool{
	"SUMMARY": true, "DTSTART": true, "DTEND": true, "DUE": true, "DURATION": true,
	"LOCATION": true, "ORGANIZER": true, "DESCRIPTION": true, "COMMENT": true, "RRULE": true,
	"RDATE": true, "STATUS": true, "RECURRENCE-ID": true,
}

// line takes a line, unfolded.
func (c *agenda) line(s string) {
	end := strings.IndexAny(s, ";:")
	if end < 0 {
		return
	}
	name := strings.ToUpper(trim(s[:end]))
	switch {
	case name == "BEGIN" || name == "END":
		c.component(name, strings.ToUpper(trim(s[end+1:])))
	case c.depth > 0:
	case c.now == nil && name == "METHOD" && c.method == "":
		c.method = label(s[end+1:])
	case c.now == nil:
	case name == "ATTENDEE" && len(c.now.attendees) == maxAttendees:
		c.now.more++
	case name == "ATTENDEE":
		if p := property(name + s[end:]); p != nil {
			c.now.attendees = append(c.now.attendees, p)
		}
	case shownProperties[name] && c.now.props[name] == nil:
		if p := property(name + s[end:]); p != nil {
			c.now.props[name] = p
			c.now.cut = c.now.cut || len(p.Value) > maxValue
			p.Value = ics.FromText(p.Value[:min(len(p.Value), maxValue)])
		}
	}
}

// property reads one, its value as it came; nil if it cannot be read.
func property(s string) *ics.BaseProperty {
	quoted := false
	colon := strings.IndexFunc(s[:min(len(s), maxParameters)], func(r rune) bool {
		quoted = quoted != (r == '"')
		return r == ':' && !quoted
	})
	if colon < 0 {
		return nil
	}
	p, err := ics.ParseProperty(ics.ContentLine(s[:colon+1]))
	if err != nil || p == nil {
		return nil
	}
	p.Value = s[colon+1:]
	return p
}

// component takes the beginning or the end of one.
func (c *agenda) component(name, kind string) {
	switch {
	case name == "BEGIN" && c.now != nil:
		c.depth++
	case name == "BEGIN" && (kind == "VEVENT" || kind == "VTODO"):
		c.now = &event{task: kind == "VTODO", props: map[string]*ics.BaseProperty{}}
		if len(c.events) < maxEvents {
			c.events = append(c.events, c.now)
		} else {
			c.more++
		}
	case name == "END" && c.depth > 0:
		c.depth--
	case name == "END":
		c.now = nil
	}
}
