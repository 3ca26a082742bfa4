package main

import (
	"context"
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
	"gatepost/store"
)

// replyTokens issue and read what names a ticket in a recipient.
func replyTokens(s *settings.Settings, key []byte) *courier.ReplyTokens {
	return &courier.ReplyTokens{Key: key, Life: time.Duration(s.Replies.TokenLife)}
}

// storedTokens go by the key that is there; nil if there is none. It has signed nothing then: a
// server makes it before it issues any. A db that is nil is not open.
func storedTokens(ctx context.Context, db *store.DB, s *settings.Settings) (*courier.ReplyTokens, error) {
	var key []byte
	var err error
	switch {
	case !s.DB.IsServer():
		key, err = os.ReadFile(string(s.DB) + linkKeySuffix)
	case db != nil:
		key, err = db.Secret(ctx, linkSecret)
	default:
		return nil, nil
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("key of reply tokens: %w", err)
	}
	return replyTokens(s, key), nil
}

// policyOf is what the settings say to the rules, tokens included; where their key is in a database
// that is not open none is ours.
func policyOf(ctx context.Context, db *store.DB, s *settings.Settings) (policy.Settings, error) {
	rules, err := s.Policy()
	if err != nil || !s.TakesTokens() {
		return rules, err
	}
	tokens, err := storedTokens(ctx, db, s)
	if err != nil {
		return rules, err
	}
	if tokens == nil { // what bears one bears none of ours: any key is as good
		tokens = replyTokens(s, newLinkKey())
	}
	rules.Token = func(env *message.Envelope) (t policy.Token) {
		t.Recipient, t.Ticket = tokens.Token(env)
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
