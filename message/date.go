package message

import (
	"strings"
	"time"
)

// Date is when its author says that the message was complete (RFC 5322, section 3.6.1): the zero
// time where there is no Date, or none of a form that is in use. Anybody can write any.
func (m *Message) Date() time.Time {
	text := m.First("Date")
	if _, after, found := strings.Cut(text, ","); found {
		text = after
	}
	text, _, _ = strings.Cut(text, "(")
	for _, layout := range [...]string{"2 Jan 2006 15:04:05 -0700", "2 Jan 2006 15:04:05 MST"} {
		if at, err := time.Parse(layout, strings.TrimSpace(text)); err == nil {
			return at
		}
	}
	return time.Time{}
}
