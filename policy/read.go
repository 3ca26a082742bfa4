package policy

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"gatepost/message"
)

// A Fact is one thing a decision saw, in words.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// A Mail is a message as it came.
type Mail struct {
	Message  *message.Message
	Envelope *message.Envelope
	Body     func() io.Reader // reads what follows the header section; nil if there is nothing
}

// Read gathers the facts of a message, but for what only others know: Authentication and
// Stored. It asks profile for what is known of each address that is judged, and returns its
// error as it is.
func Read(mail Mail, s *Settings, profile func(message.Address) (Profile, error)) (
	f Facts, err error) {
	m := mail.Message
	f = Facts{Sender: m.Sender(), SMTPUTF8: mail.Envelope.SMTPUTF8, Unreadable: m.Unreadable()}
	if most := s.maxHeader(); f.Unreadable == "" && m.Size > most {
		f.Unreadable = fmt.Sprintf("the header section has %d octets, more than the %d that "+
			"are allowed here", m.Size, most)
	}
	f.Hop = s.hop(mail)
	f.doubtHop(m.Fields)
	if f.Unreadable == "" {
		s.readEvidence(&f, mail)
	}
	if !f.Sender.Address.IsZero() {
		if f.Profile, err = profile(f.Sender.Address); err != nil {
			return f, err
		}
	}
	if err = f.readAuthor(mail, s, profile); err != nil {
		return f, err
	}
	return f, f.readReplies(m, profile)
}

// readReplies gathers the addresses in Reply-To that are judged beside the sender.
func (f *Facts) readReplies(m *message.Message,
	profile func(message.Address) (Profile, error)) error {
	replies, problem := m.ReplyTo()
	f.ReplyToProblem = problem
	for _, to := range replies {
		if to.Address == f.Sender.Address {
			continue
		}
		p, err := profile(to.Address)
		if err != nil {
			return err
		}
		f.ReplyTo, f.Replies = append(f.ReplyTo, to.Address), append(f.Replies, p)
	}
	return nil
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
	if a := f.Author; !a.Address.IsZero() {
		add("author", a.Address.String()+", "+a.Profile.words()+", as "+a.Field.String()+" says")
	}
	for i, to := range f.ReplyTo {
		words := to.String() + ", " + f.Replies[i].words()
		if !f.Sender.Address.IsZero() && !to.Domain().In(f.organisation()) {
			words += ", outside the organisation of From"
		}
		add("Reply-To", words)
	}
	if f.ReplyToProblem != "" {
		add("Reply-To", f.ReplyToProblem)
	}
	f.tell(add)
	return facts
}

// FromUnknown is what the words of Facts say of a relay that does not tell its client.
const FromUnknown = "one of ours had it from an unknown client"

// tell adds what the facts are beside addresses.
func (f *Facts) tell(add func(name, value string)) {
	if f.Hop.Relayed {
		hop := FromUnknown
		if f.Hop.Client.IsValid() {
			hop = "one of ours had it from " + f.Hop.Client.String()
		}
		add("relay", hop)
	}
	if f.Authentication != nil {
		add("authentication", f.Proof().String()+": "+f.Authentication.words())
	}
	if f.Thread.Ticket != 0 {
		add("replies to", f.Thread.words())
	}
	for _, u := range f.NotRead() {
		add("not read", u.Field+": "+u.Why)
		if u.Setting != "" {
			add("setting", u.Setting)
		}
	}
	for c, s := range f.Evidence {
		if !s.IsZero() {
			add(Cause(c).String(), s.String())
		}
	}
	if !f.List.IsZero() {
		add("mailing list", f.List.String())
	}
	if f.Stored > 0 {
		add("stored within the hour", strconv.Itoa(f.Stored))
	}
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
