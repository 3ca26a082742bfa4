package intake

import (
	"context"

	"gatepost/message"
	"gatepost/policy"
	"gatepost/smtpd/mailauth"
)

// A Judge decides without storing anything: by the lists and profiles it is given.
type Judge struct {
	Rules   *policy.Policy
	Profile func(message.Address) (policy.Profile, error)
	// Thread is the ticket that a message from that sender replies to; nil: none is known.
	Thread func(policy.Mail, message.Address) (policy.Thread, error)
	Auth   *mailauth.Checker // nil: nobody is asked, and what From claims is taken
}

// Decide judges a message of a file. An address in UTF-8 came there by SMTPUTF8, or with no
// SMTP at all. How much of its sender was stored is not asked.
func (j *Judge) Decide(ctx context.Context, mail policy.Mail) (
	*policy.Facts, *policy.Decision, error) {
	f, err := policy.Read(mail, &j.Rules.Settings, j.Profile)
	if err != nil {
		return nil, nil, err
	}
	if j.Thread != nil {
		if f.Thread, err = j.Thread(mail, f.Sender.Address); err != nil {
			return nil, nil, err
		}
	}
	f.SMTPUTF8 = f.SMTPUTF8 || f.Sender.Problem == message.RawUTF8
	if j.Auth != nil && j.Rules.AsksForProof(&f) {
		f.Authentication = j.Auth.Check(ctx, query(mail, &f))
	}
	d := j.Rules.Decide(&f)
	return &f, &d, nil
}

// query asks who a message is from.
func query(mail policy.Mail, f *policy.Facts) mailauth.Query {
	return mailauth.Query{Message: mail.Message, Envelope: mail.Envelope, Hop: f.Hop,
		From: f.Sender.Address.Domain(), Body: mail.Body}
}
