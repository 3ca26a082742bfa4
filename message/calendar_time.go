package message

import (
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"
)

// when says the time of an event in one line, in the zone that its author named.
func (e *event) when() string {
	start := newMoment(e.props["DTSTART"])
	end := newMoment(e.props["DTEND"])
	if end.text == "" {
		end = newMoment(e.props["DUE"])
	}
	var s string
	switch {
	case start.text == "" && end.text == "":
		s = ""
	case start.text == "":
		s = "until " + end.words()
	case end.text == "":
		s = start.words() + e.lasting()
	default:
		s = start.to(end)
	}
	if repeats := e.repeats(); repeats != "" {
		s = strings.TrimPrefix(s+", "+repeats, ", ")
	}
	return s
}

// A moment is a time in a calendar: a date, or a date and a time of day.
type moment struct {
	text string // as it came, "" if there is none
	at   time.Time
	day  bool   // it is a date alone
	zone string // "" where it is the time of whoever reads it
}

// Forms of a moment (RFC 5545, sections 3.3.4 and 3.3.5), and how it is shown.
const (
	calendarDate = "20060102"
	calendarTime = "20060102T150405"
	shownDate    = "2006-01-02"
	shownTime    = "15:04"
)

func newMoment(p *ics.BaseProperty) (m moment) {
	if p == nil {
		return m
	}
	m.text, m.zone = label(p.Value), parameter(p, "TZID")
	local, utc := strings.CutSuffix(strings.ToUpper(m.text), "Z")
	if utc {
		m.zone = "UTC"
	}
	var err error
	if m.at, err = time.Parse(calendarTime, local); err != nil {
		m.at, err = time.Parse(calendarDate, local)
		m.day, m.zone = err == nil, ""
	}
	return m
}

// words is a moment as one reads it, or as it came.
func (m moment) words() string {
	switch {
	case m.at.IsZero():
		return m.text
	case m.day:
		return m.at.Format(shownDate)
	}
	return inZone(m.at.Format(shownDate+" "+shownTime), m.zone)
}

func inZone(s, zone string) string {
	if zone == "" {
		return s
	}
	return s + " " + zone
}

// to is the time from m to end. The end of whole days is the day behind them (RFC 5545,
// section 3.6.1).
func (m moment) to(end moment) string {
	switch {
	case m.day && end.day:
		last := end
		last.at = end.at.AddDate(0, 0, -1)
		if !last.at.After(m.at) {
			return m.words()
		}
		return m.words() + " to " + last.words()
	case m.at.IsZero() || end.at.IsZero() || m.day || end.day || m.zone != end.zone:
		return m.words() + " to " + end.words()
	case m.at.Format(shownDate) == end.at.Format(shownDate):
		return inZone(m.at.Format(shownDate+" "+shownTime)+" to "+end.at.Format(shownTime), m.zone)
	}
	return inZone(m.at.Format(shownDate+" "+shownTime)+" to "+
		end.at.Format(shownDate+" "+shownTime), m.zone)
}

// lasting is the DURATION, such as "PT1H30M" (RFC 5545, section 3.3.6).
func (e *event) lasting() string {
	s := strings.ToUpper(e.value("DURATION"))
	if s == "" || strings.Trim(s, "0123456789+PTWDHMS") != "" {
		return ""
	}
	return " for " + lower(strings.NewReplacer("+", "", "P", "", "T", "").Replace(s))
}

// Words of a recurrence rule (RFC 5545, section 3.3.10).
var (
	frequencies = map[string][2]string{"DAILY": {"daily", "days"}, "WEEKLY": {"weekly", "weeks"},
		"MONTHLY": {"monthly", "months"}, "YEARLY": {"yearly", "years"}}
	weekdays = map[string]string{"MO": "Monday", "TU": "Tuesday", "WE": "Wednesday",
		"TH": "Thursday", "FR": "Friday", "SA": "Saturday", "SU": "Sunday"}
)

// repeats says how the event recurs, "" if it does not. What of a rule has no words here is
// left out.
func (e *event) repeats() string {
	rule := e.props["RRULE"]
	if rule == nil {
		if e.props["RDATE"] != nil {
			return "repeats"
		}
		return ""
	}
	rules := map[string]string{}
	for part := range strings.SplitSeq(label(rule.Value), ";") {
		key, value, _ := strings.Cut(part, "=")
		rules[strings.ToUpper(trim(key))] = trim(value)
	}
	s := "repeats"
	each := frequencies[strings.ToUpper(rules["FREQ"])]
	switch interval := rules["INTERVAL"]; {
	case each[0] == "":
	case interval == "" || interval == "1":
		s += " " + each[0]
	default:
		s += " every " + interval + " " + each[1]
	}
	return s + onDays(rules["BYDAY"]) + untilWhen(rules)
}

// onDays names the days of the week.
func onDays(list string) string {
	var days []string
	for day := range strings.SplitSeq(strings.ToUpper(list), ",") {
		if name := weekdays[day]; name != "" {
			days = append(days, name)
		}
	}
	if days == nil {
		return ""
	}
	return " on " + strings.Join(days, ", ")
}

func untilWhen(rules map[string]string) string {
	switch {
	case rules["COUNT"] != "":
		return ", " + rules["COUNT"] + " times"
	case rules["UNTIL"] != "":
		return " until " + newMoment(&ics.BaseProperty{Value: rules["UNTIL"]}).words()
	}
	return ""
}
