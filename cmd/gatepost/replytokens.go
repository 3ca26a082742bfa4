package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"gatepost/courier"
	"gatepost/message"
	"gatepost/policy"
	"gatepost/settings"
	"gatepost/smtpd"
)

// replyTokens issue and read what names a ticket in a recipient.
func replyTokens(s *settings.Settings, key []byte) *courier.ReplyTokens {
	return &courier.ReplyTokens{Key: key, Life: time.Duration(s.Replies.TokenLife)}
}

// policyOf is what the settings say to the rules, tokens included. A key that is not there has
// signed none: a server makes it before it issues any.
func policyOf(s *settings.Settings) (policy.Settings, error) {
	rules, err := s.Policy()
	if err != nil || !s.TakesTokens() {
		return rules, err
	}
	key, err := os.ReadFile(s.DB + linkKeySuffix)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return rules, fmt.Errorf("key of reply tokens: %w", err)
	}
	tokens := replyTokens(s, key)
	rules.Token = func(env *message.Envelope) (t policy.Token) {
		t.Recipient, t.Ticket = tokens.Token(env)
		if len(key) == 0 { // which anybody could sign with
			t.Ticket = 0
		}
		return t
	}
	return rules, nil
}

// replyAddress makes the address with the token of a message's ticket: of the first of its
// recipients that takes mail with one. It is the same at each try.
func replyAddress(tokens *courier.ReplyTokens, ours *smtpd.Recipients) func(*courier.Parcel) string {
	return func(p *courier.Parcel) string {
		for _, to := range p.Recipients {
			path := tokens.Address(to, p.Ticket, p.CreatedAt)
			if a, err := message.ParseAddress(path); err == nil && ours.Accept(a) {
				return path
			}
		}
		return ""
	}
}
