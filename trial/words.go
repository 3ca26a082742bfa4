package trial

import (
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"gatepost/policy"
)

// verbs are what became of a message, as people say it.
var verbs = [...]string{policy.Suspend: "held", policy.Ticket: "ticket", policy.Reject: "rejected",
	policy.Defer: "put off", policy.Comment: "comment"}

// String is what becomes of the message, and of a held one its cause: "held (blocklisted)".
func (o Outcome) String() string {
	if o.Cause == policy.NoCause {
		return verbs[o.Action]
	}
	return verbs[o.Action] + " (" + o.Cause.String() + ")"
}

// MarshalJSON has the names that replay has.
func (o Outcome) MarshalJSON() ([]byte, error) {
	var cause *string
	if name := o.Cause.String(); name != "" {
		cause = &name
	}
	return json.Marshal(struct {
		Decision string  `json:"decision"`
		Cause    *string `json:"cause"`
	}{o.Action.String(), cause})
}

// String is the move without causes, but where they are all that changes: "held → ticket".
func (m Move) String() string {
	if m.From.Action == m.To.Action {
		return m.From.String() + " → " + m.To.String()
	}
	return verbs[m.From.Action] + " → " + verbs[m.To.Action]
}

// Words say how many messages would move how: "11 held → ticket, 1 ticket → held".
func (d *Diff) Words() string {
	type line struct {
		words string
		n     int
	}
	var lines []line
	for _, c := range d.Moves() {
		i := slices.IndexFunc(lines, func(l line) bool { return l.words == c.String() })
		if i < 0 {
			lines = append(lines, line{c.String(), c.Messages})
			continue
		}
		lines[i].n += c.Messages
	}
	slices.SortStableFunc(lines, func(a, b line) int { return b.n - a.n })
	texts := make([]string, len(lines))
	for i, l := range lines {
		texts[i] = fmt.Sprint(l.n, " ", l.words)
	}
	return strings.Join(texts, ", ")
}

// WriteJSON writes all of it as one object, group by group: there may be a million.
func (d *Diff) WriteJSON(w io.Writer) error {
	moves, err := json.Marshal(d.Moves())
	if err == nil {
		_, err = fmt.Fprintf(w, `{"decided":%d,"changed":%d,"not_known":%d,"moves":%s,"domains":[`,
			d.Decided, d.Changed, d.NotKnown, moves)
	}
	if err == nil {
		err = writeGroups(w, d.Domains())
	}
	if err == nil {
		_, err = io.WriteString(w, `],"senders":[`)
	}
	if err == nil {
		err = writeGroups(w, d.Senders())
	}
	if err == nil {
		_, err = io.WriteString(w, "]}")
	}
	return err
}

func writeGroups(w io.Writer, groups iter.Seq[Group]) error {
	separator := ""
	for g := range groups {
		text, err := json.Marshal(g)
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, separator+string(text)); err != nil {
			return err
		}
		separator = ","
	}
	return nil
}
