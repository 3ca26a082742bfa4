package policy

import (
	"slices"

	"gatepost/message"
)

// An Author is the one other person whom a message from an address of ours names: a group of
// ours hands on what that person wrote, or a form on our site was filled in. The zero Author
// is none.
type Author struct {
	message.Mailbox
	Field   Field // that names the person: ReplyTo or OriginalFrom
	Profile Profile
	cause   Cause // that the address shows, as one in From would
}

// readAuthor looks for that person where From is an address of ours.
func (f *Facts) readAuthor(mail Mail, s *Settings,
	profile func(message.Address) (Profile, error)) (err error) {
	if f.Evidence[FromSupportAddress].IsZero() {
		return nil
	}
	answers, problem := mail.Message.ReplyTo()
	original, unread := mail.Message.OriginalFrom()
	people := slices.DeleteFunc(slices.Concat(answers, original), func(box message.Mailbox) bool {
		return box.Address == f.Sender.Address || s.isOurs(box.Address, mail.Envelope)
	})
	if problem != "" || unread != "" || len(people) == 0 {
		return nil
	}
	one := people[0]
	for _, other := range people {
		if other.Address != one.Address {
			return nil
		}
	}
	f.Author = Author{Mailbox: one, Field: OriginalFrom}
	if slices.Contains(answers, one) {
		f.Author.Field = ReplyTo
	}
	switch local := person(one.Address); {
	case systemUsers[local]:
		f.Author.cause = SystemUser
	case takesNoReply(local):
		f.Author.cause = FromNoReply
	}
	f.Author.Profile, err = profile(one.Address)
	return err
}

// hasAuthor reports whether the message is judged as that of its Author: nobody but ourselves
// or a relay of ours can have written what it says of that person. It is no more than a claim
// all the same.
func (f *Facts) hasAuthor() bool {
	return !f.Author.Address.IsZero() &&
		(f.Authentication == nil || f.Hop.Relayed || f.Proof() == Pass)
}

// Requester is whom the message is judged as: the sender, or the Author in whose name an
// address of ours sent it.
func (f *Facts) Requester() (message.Mailbox, Profile) {
	if f.hasAuthor() {
		return f.Author.Mailbox, f.Author.Profile
	}
	return message.Mailbox{Name: f.Sender.Name, Address: f.Sender.Address}, f.Profile
}

// evidence is what shows a cause. What the address in From would show is nothing of an Author's.
func (f *Facts) evidence(c Cause) Evidence {
	switch c {
	case FromSupportAddress, SystemUser, FromNoReply:
		if !f.hasAuthor() {
			break
		}
		if f.Author.cause != c {
			return Evidence{}
		}
		return Evidence{f.Author.Field.String(), f.Author.Address.String()}
	}
	return f.Evidence[c]
}

// claimed are the hits of an Author: all that holds, and nothing that favours it.
func (p *Policy) claimed(f *Facts) hits {
	return p.unfavoured(f.Author.Address, f.Author.Profile)
}
