package message

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// invitation is as Exchange writes one, shortened, with lines folded.
const invitation = `BEGIN:VCALENDAR
METHOD:REQUEST
PRODID:Microsoft Exchange Server 2010
VERSION:2.0
BEGIN:VTIMEZONE
TZID:W. Europe Standard Time
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
ORGANIZER;CN="Lee, Ann":mailto:ann@acme.test
ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE;CN=Support:mai
 lto:support@help.test
ATTENDEE;PARTSTAT=ACCEPTED:MAILTO:bob@acme.test
DESCRIPTION;LANGUAGE=de-DE:My order 4711\, which is late.\nCan we talk?\n
RRULE:FREQ=WEEKLY;UNTIL=20261231T090000Z;INTERVAL=2;BYDAY=TH;WKST=MO
SUMMARY;LANGUAGE=de-DE:Order 4711\; what now
DTSTART;TZID=W. Europe Standard Time:20261203T100000
DTEND;TZID=W. Europe Standard Time:20261203T113000
LOCATION;LANGUAGE=de-DE:Room 4
BEGIN:VALARM
DESCRIPTION:REMINDER
TRIGGER;RELATED=START:-PT15M
ACTION:DISPLAY
END:VALARM
END:VEVENT
END:VCALENDAR
`

const invitationText = `Invitation: Order 4711; what now
When: 2026-12-03 10:00 to 11:30 W. Europe Standard Time, repeats every 2 weeks on Thursday` +
	` until 2026-12-31 09:00 UTC
Where: Room 4
Organizer: Lee, Ann <ann@acme.test>
Attendees: Support <support@help.test>, bob@acme.test (accepted)

My order 4711, which is late.
Can we talk?`

// showCalendar is the text of a message that holds an event of these properties alone.
func showCalendar(method string, properties ...string) string {
	raw := "BEGIN:VCALENDAR\nMETHOD:" + method + "\nBEGIN:VEVENT\n" +
		strings.Join(properties, "\n") + "\nEND:VEVENT\nEND:VCALENDAR\n"
	text, _, _ := strings.Cut(read("Content-Type: text/calendar\n\n"+raw, 4000), "\n+ ")
	return text
}

// TestCalendar: of a message that is an invitation people see what, when, where and who, and
// it is an attachment all the same.
func TestCalendar(t *testing.T) {
	const calendar = "Content-Type: text/calendar; charset=utf-8; method=REQUEST\n\n" + invitation
	const attached = "Content-Type: text/calendar; name=invite.ics\n" +
		"Content-Disposition: attachment\n\n" + invitation
	const plain = "Content-Type: text/plain\n\nSee you there."
	const empty = "Content-Type: text/plain\n\n\n"
	for name, c := range map[string]struct{ in, want string }{
		"alone":               {calendar, invitationText},
		"attached, alone":     {attached, invitationText},
		"attached":            {mixed("mixed", plain, attached), "See you there."},
		"attached to nothing": {mixed("mixed", empty, attached), invitationText},
		"below": {mixed("mixed", plain, calendar), "See you there.\n\n" +
			invitationText},
		"alternative":        {mixed("alternative", plain, calendar), "See you there."},
		"alternative, first": {mixed("alternative", calendar, plain), "See you there."},
		"alternative to HTML": {mixed("alternative", calendar,
			"Content-Type: text/html\n\n<p>x"), "x"},
		"alternative to none": {mixed("alternative", empty, calendar), invitationText},
		"by a name of Google": {strings.Replace(attached, "text/calendar", "application/ics",
			1), invitationText},
		"before what is added": {mixed("mixed", calendar, plain), invitationText +
			"\n\nSee you there."},
	} {
		text, files, _ := strings.Cut(read(c.in, 4000), "\n+ ")
		if text != c.want || !strings.HasPrefix(files, `"`) || strings.Contains(files, "\n+") {
			t.Errorf("%s:\n got %q, %q\nwant %q", name, text, files, c.want)
		}
	}
}

func TestCalendarWords(t *testing.T) {
	for _, c := range []struct {
		method     string
		properties []string
		want       string
	}{
		{"REPLY", []string{"ATTENDEE;PARTSTAT=DECLINED;CN=Ann:mailto:ann@acme.test",
			"SUMMARY:Talk", "COMMENT:I am ill."},
			"Answer to an invitation: Talk\nAttendees: Ann <ann@acme.test> (declined)\n\nI am ill."},
		{"CANCEL", []string{"SUMMARY:Talk", "DTSTART:20261203T090000Z", "DURATION:PT1H30M"},
			"Cancellation: Talk\nWhen: 2026-12-03 09:00 UTC for 1h30m"},
		{"PUBLISH", []string{"SUMMARY:Fair", "DTSTART;VALUE=DATE:20261203",
			"DTEND;VALUE=DATE:20261206", "RDATE:20270101"},
			"Event: Fair\nWhen: 2026-12-03 to 2026-12-05, repeats"},
		{"PUBLISH", []string{"DTSTART;VALUE=DATE:20261203", "DTEND;VALUE=DATE:20261204",
			"STATUS:CANCELLED", "RRULE:FREQ=YEARLY;COUNT=3"},
			"Cancellation\nWhen: 2026-12-03, repeats yearly, 3 times"},
		{"COUNTER", []string{"dtstart;tzid=Asia/Tokyo:20261203T230000",
			"dtend;tzid=Asia/Tokyo:20261204T010000", "summary:x\\,y"},
			"Proposal of another time: x,y\nWhen: 2026-12-03 23:00 to 2026-12-04 01:00 Asia/Tokyo"},
		{"", []string{"DTSTART:tomorrow", "DTEND:20261203T1", "RRULE:?", "ORGANIZER;CN=:mailto:"},
			"Event\nWhen: tomorrow to 20261203T1, repeats"},
		{"REQUEST", []string{"SUMMARY;X=y", "SUMMARY;=:;", "LOCATION;X=\"y:z", "no colon", ":", "",
			"DTEND:20261203T100000"}, "Invitation\nWhen: until 2026-12-03 10:00"},
		{"REQUEST", []string{"SUMMARY:a\tb\\nc\x1b[31m\x00", "DESCRIPTION: \\n "},
			"Invitation: a b c\ufffd[31m\ufffd"},
		{"X", append([]string{"ATTENDEE:"}, strings.Split(strings.Repeat("ATTENDEE:a@b.test\n",
			12),
			"\n")...), "Event\nAttendees: " + strings.Repeat("a@b.test, ", 9) + "3 more"},
	} {
		if got := showCalendar(c.method, c.properties...); got != c.want {
			t.Errorf("%q:\n got %q\nwant %q", c.properties, got, c.want)
		}
	}
	more := read("Content-Type: text/calendar; method=cancel\n\n"+
		strings.Repeat("BEGIN:VEVENT\nSUMMARY:x\nEND:VEVENT\n", 7), 4000)
	if want := strings.Repeat("Cancellation: x\n\n", 5) +
		"[2 more are not shown]"; !strings.HasPrefix(more, want) {
		t.Errorf("seven events: %q", more)
	}
}

// TestCalendarAsItIs: where nothing can be told of an event the calendar itself is shown.
func TestCalendarAsItIs(t *testing.T) {
	for in, want := range map[string]string{
		"Content-Type: text/calendar\n\nI come at ten.\n": "I come at ten.",
		"Content-Type: text/calendar\n\nBEGIN:VCALENDAR\nBEGIN:VFREEBUSY\n": "BEGIN:VCALENDAR\n" +
			"BEGIN:VFREEBUSY",
		"Content-Type: text/calendar; charset=no-such\n\nBEGIN:VEVENT\n": "Event\n" +
			"[this part is shown as it came: its character set is not known]",
		"Content-Type: text/calendar; charset=iso-8859-1\n\nBEGIN:VTODO\nSUMMARY:caf\xe9\n": "Task: café",
	} {
		if got, _, _ := strings.Cut(read(in, 4000), "\n+ "); got != want {
			t.Errorf("%q shows %q, want %q", in, got, want)
		}
	}
}

// TestCalendarIsBounded gives shapes that cost a reader much.
func TestCalendarIsBounded(t *testing.T) {
	event := "Content-Type: text/calendar\n\nBEGIN:VCALENDAR\nBEGIN:VEVENT\n"
	for name, in := range map[string]string{
		"nested":      strings.Repeat("BEGIN:VEVENT\n", 1<<16),
		"parameters":  "SUMMARY" + strings.Repeat(";A=b", 1<<18),
		"values":      "ATTENDEE;CN=a" + strings.Repeat(",b", 1<<18) + ":x",
		"lines":       strings.Repeat("ATTENDEE;A=b;C="+strings.Repeat("x,", 4000)+":x\n", 100),
		"folded":      "SUMMARY:" + strings.Repeat("x\n ", 1<<18),
		"empty lines": strings.Repeat("\n", 1<<18) + strings.Repeat("\n \n", 1<<16),
		"description": "DESCRIPTION:" + strings.Repeat("\xff", 1<<20),
		"no end":      "SUMMARY:x",
	} {
		text, _, _ := strings.Cut(read(event+in, 1000), "\n+ ")
		if text == "" || len(text) > 3100 || !utf8.ValidString(text) {
			t.Errorf("%s: %d octets: %.200q", name, len(text), text)
		}
	}
}
