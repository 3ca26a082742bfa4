package courier

import "time"

// A WebhookEvent is the JSON of a webhook. Fields are added to it, never renamed; a receiver
// passes over those that it does not know. It is the same at each attempt but for the link.
// Text that is no UTF-8 has U+FFFD in the place of what is not; Raw has every octet.
type WebhookEvent struct {
	// Type is ticket.created, comment.created, message.suspended, message.recovered, mail.quiet or
	// test.
	Type string `json:"type"`
	// Timestamp is when it happened, as RFC 3339 has it, in UTC.
	Timestamp time.Time   `json:"timestamp"`
	Data      WebhookData `json:"data"`
}

// WebhookData is what happened.
type WebhookData struct {
	// Ticket is the id of the ticket; null for a message that is held, and for mail.quiet.
	Ticket *int64 `json:"ticket"`
	// Comment is the id of the reply that joined the ticket; null for the ticket itself.
	Comment *int64 `json:"comment"`
	// Suspended is the id of the held message; null for a ticket.
	Suspended *int64 `json:"suspended"`
	// Decision is the id that the reply to the client had, by which it is found in the log.
	Decision string `json:"decision"`
	// Cause is why the message was held; null if it was not.
	Cause      *string   `json:"cause"`
	ReceivedAt time.Time `json:"received_at"`
	// Requester is who asks. It is proven only if it says so: anybody can write a From.
	Requester WebhookRequester `json:"requester"`
	ReplyTo   []string         `json:"reply_to"`
	Subject   string           `json:"subject"`
	// MessageID is as the sender wrote it, with its angle brackets, or empty.
	MessageID string `json:"message_id"`
	// ReplyAddress is one of ours with the token of the ticket: what comes to it joins that. It is
	// there only if the target is given one.
	ReplyAddress string `json:"reply_address,omitempty"`
	// Envelope is what SMTP said: mail_from is empty for the null reverse-path of a bounce.
	Envelope WebhookEnvelope `json:"envelope"`
	Message  WebhookMessage  `json:"message"`
}

// A WebhookRequester is who asks.
type WebhookRequester struct {
	Name    string `json:"name"`
	Email   string `json:"email"`
	Proven  bool   `json:"proven"`  // SPF, DKIM or DMARC has shown it
	Claimed bool   `json:"claimed"` // only the message says so
}

// A WebhookEnvelope is the envelope of the message.
type WebhookEnvelope struct {
	MailFrom   string   `json:"mail_from"`
	Recipients []string `json:"recipients"`
}

// A WebhookMessage is the message as it was received, octet for octet: in raw, as base64, if it is
// not too large, else by a link, which is asked with GET before it ends, or by neither.
type WebhookMessage struct {
	Size     int64      `json:"size"` // octets
	Raw      []byte     `json:"raw,omitempty"`
	Link     string     `json:"link,omitempty"`
	LinkEnds *time.Time `json:"link_ends,omitempty"`
}

// digestEvent is the event of a Parcel that is for its one recipient, and quietEvent that of one
// about which no stranger has written.
const (
	digestEvent = "digest.made"
	quietEvent  = "mail.quiet"
)

// suspendedEvent is the event of a Parcel whose Ticket is the id of a held message.
const suspendedEvent = "message.suspended"

func newWebhookEvent(p *Parcel) WebhookEvent {
	d := WebhookData{
		Decision:   p.DecisionID,
		ReceivedAt: p.ReceivedAt.UTC(),
		Requester: WebhookRequester{Name: p.Name, Email: p.Email,
			Proven: p.Proven, Claimed: p.Claimed},
		ReplyTo:   append([]string{}, p.ReplyTo...), // [] and not null
		Subject:   p.Subject,
		MessageID: p.MessageID, ReplyAddress: p.ReplyAddress,
		Envelope: WebhookEnvelope{MailFrom: p.MailFrom,
			Recipients: append([]string{}, p.Recipients...)},
		Message: WebhookMessage{Size: p.Size},
	}
	switch p.Event {
	case suspendedEvent:
		d.Suspended = &p.Ticket
	case quietEvent:
	default:
		d.Ticket = &p.Ticket
	}
	if p.Comment != 0 {
		d.Comment = &p.Comment
	}
	if p.Cause != "" {
		d.Cause = &p.Cause
	}
	at := p.CreatedAt
	if at.IsZero() {
		at = p.ReceivedAt
	}
	return WebhookEvent{Type: p.Event, Timestamp: at.UTC(), Data: d}
}
