package policy

import (
	"fmt"
	"strconv"
	"strings"

	"gatepost/message"
)

// A Fact is one thing a decision saw, in words.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Read gathers the facts of a message whose header section may have maxHeader octets. It
// asks profile for what is known of each address that is judged, and returns its error as
// it is.
func Read(m *message.Message, env *message.Envelope, maxHeader int,
	profile func(message.Address) (Profile, error)) (Facts, error) {
	f := Facts{Sender: m.Sender(), SMTPUTF8: env.SMTPUTF8, Unreadable: m.Unreadable()}
	if f.Unreadable == "" && m.Size > maxHeader {
		f.Unreadable = fmt.Sprintf("the header section has %d octets, more than the %d that "+
			"are allowed here", m.Size, maxHeader)
	}
	var err error
	if !f.Sender.Address.IsZero() {
		if f.Profile, err = profile(f.Sender.Address); err != nil {
			return f, err
		}
	}
	replies, problem := m.ReplyTo()
	f.ReplyToProblem = problem
	for _, to := range replies {
		if to.Address == f.Sender.Address {
			continue
		}
		p, err := profile(to.Address)
		if err != nil {
			return f, err
		}
		f.ReplyTo, f.Replies = append(f.ReplyTo, to.Address), append(f.Replies, p)
	}
	return f, nil
}

// Words says what the facts are, for a person to read beside the trail.
func (f *Facts) Words() []Fact {
	facts := make([]Fact, 0, 5+len(f.ReplyTo))
	add := func(name, value string) { facts = append(facts, Fact{name, value}) }
	if f.Unreadable != "" {
		add("message", f.Unreadable)
	}
	switch {
	case !f.Sender.Address.IsZero():
		add("From", f.Sender.Address.String()+", "+f.Profile.words())
	case f.Sender.Text != "":
		add("From", strconv.Quote(f.Sender.Text)+", not one readable address")
	default:
		add("From", "no readable address")
	}
	for i, to := range f.ReplyTo {
		add("Reply-To", to.String()+", "+f.Replies[i].words())
	}
	if f.ReplyToProblem != "" {
		add("Reply-To", f.ReplyToProblem)
	}
	return facts
}

func (p Profile) words() string {
	if !p.Known {
		return "no profile"
	}
	words := []string{"profile", p.Role.String()}
	if p.Suspended {
		words = append(words, "suspended")
	}
	return strings.Join(words, ", ")
}
