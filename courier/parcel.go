package courier

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"gatepost/message"
	"gatepost/store"
)

// NewParcel is what a lease is to a carrier.
func NewParcel(ctx context.Context, db *store.DB, l *store.Lease) *Parcel {
	p := &Parcel{Key: l.Key, Event: l.Event, Attempt: l.Attempt, Ticket: l.Ticket,
		Comment:    l.Comment,
		DecisionID: l.DecisionID, Cause: l.Cause, ReceivedAt: l.ReceivedAt, CreatedAt: l.TicketAt,
		MailFrom:   l.MailFrom,
		Recipients: message.WithoutReplyTags(l.Recipients),
		Trace:      field(l.Trace), Results: field(l.Results),
		Name: l.Author.Name, Email: l.Author.Email, Claimed: l.Claimed, Proven: l.Proven,
		ReplyTo: l.ReplyTo, Subject: l.Subject, MessageID: l.MessageID, Size: l.Size,
		Open: contentOf(ctx, db, l.Message)}
	if l.Recipient != "" {
		p.Recipients = []string{l.Recipient}
	}
	return p
}

// field is a header field with its line end, folded behind semicolons: no line may have more than
// 998 octets (RFC 5322, section 2.1.1).
func field(text string) string {
	if text == "" {
		return ""
	}
	var b strings.Builder
	quoted := false
	for i, r := range strings.TrimRight(text, "\r\n") {
		if r == '"' {
			quoted = !quoted
		}
		if r == ' ' && !quoted && i > 0 && text[i-1] == ';' {
			b.WriteString("\r\n\t")
			continue
		}
		b.WriteRune(r)
	}
	return b.String() + "\r\n"
}

// errWords is what is known of a try that could not be made.
func errWords(what string, err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return what + ": no answer in time"
	}
	return fmt.Sprintf("%s: %v", what, err)
}
