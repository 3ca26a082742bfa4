package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"gatepost/message"
	"gatepost/policy"
	"gatepost/store"
)

// A stamp is a time as the vendor writes it: UTC, whole seconds.
type stamp time.Time

// MarshalText writes 2009-07-20T22:55:29Z.
func (t stamp) MarshalText() ([]byte, error) {
	return time.Time(t).UTC().AppendFormat(nil, "2006-01-02T15:04:05Z"), nil
}

// An author is who a message says it is from, with the profile of that address if there is
// one.
type author struct {
	ID    *int64 `json:"id"`
	Name  string `json:"name"`
	Email string `json:"email"`
}

// A via is how something came.
type via struct {
	Channel string    `json:"channel"`
	Source  viaSource `json:"source"`
}

type viaSource struct {
	From viaPerson `json:"from"`
	To   viaPerson `json:"to"`
	Rel  *string   `json:"rel"`
}

type viaPerson struct {
	Address string  `json:"address"`
	Name    *string `json:"name"`
}

// A suspendedTicket is a held message as the vendor shows it, and what we know beside that.
type suspendedTicket struct {
	ID            int64        `json:"id"`
	URL           string       `json:"url"`
	Author        author       `json:"author"`
	Subject       string       `json:"subject"`
	Content       string       `json:"content"`
	Cause         string       `json:"cause"`
	CauseID       *int         `json:"cause_id"`
	MessageID     string       `json:"message_id"`
	TicketID      *int64       `json:"ticket_id"`
	Recipient     string       `json:"recipient"`
	CreatedAt     stamp        `json:"created_at"`
	UpdatedAt     stamp        `json:"updated_at"`
	Via           via          `json:"via"`
	BrandID       *int64       `json:"brand_id"`
	Attachments   []attachment `json:"attachments"`
	ErrorMessages []string     `json:"error_messages"`

	DecisionID     string        `json:"decision_id"`
	Rule           *string       `json:"rule"`
	Why            string        `json:"why"`
	Trail          []policy.Step `json:"trail"`
	Authentication string        `json:"authentication"`
	ExpiresAt      stamp         `json:"expires_at"`
	Node           string        `json:"node,omitempty"` // that decided, of several
	Damaged        store.Damage  `json:"damaged,omitempty"`
}

// A ticket is a message that was let in.
type ticket struct {
	ID          int64    `json:"id"`
	URL         string   `json:"url"`
	Subject     string   `json:"subject"`
	Status      string   `json:"status"`
	Requester   author   `json:"requester"`
	RequesterID *int64   `json:"requester_id"`
	ReplyTo     []string `json:"reply_to"`
	Recipient   string   `json:"recipient"`
	CreatedAt   stamp    `json:"created_at"`
	UpdatedAt   stamp    `json:"updated_at"`
	Via         via      `json:"via"`

	DecisionID  string `json:"decision_id"`
	MessageID   string `json:"message_id"`
	Claimed     bool   `json:"claimed"`
	Proven      bool   `json:"proven"`
	Recovered   bool   `json:"recovered"` // somebody let it in
	MadeProfile *bool  `json:"made_profile,omitempty"`
	CommentID   *int64 `json:"comment_id,omitempty"` // of the reply that joined it by a recovery
}

// What is said of a message that cannot be shown whole. Where its file was is the server's to
// know.
const (
	contentGone = "its content is gone"
	rowDamaged  = "its row in the database is damaged"
)

// lostWords are for a message of which not all could be had; empty if err is another.
func lostWords(err error) string {
	switch {
	case errors.Is(err, store.ErrContentGone):
		return contentGone
	case errors.Is(err, store.ErrDamaged):
		return rowDamaged
	case errors.Is(err, store.ErrMalware):
		return "may be harmful: add confirm=" + policy.Malware.String()
	}
	return ""
}

// describe is a held message without what stands in its content.
func (s *handlers) describe(r *http.Request, h store.Suspended) suspendedTicket {
	return suspendedTicket{ID: h.ID, URL: s.apiURL(r, "suspended_tickets", h.ID),
		Author:  author{Name: h.Author.Name, Email: h.Author.Email},
		Subject: h.Subject, Cause: h.Cause, CauseID: h.CauseID, MessageID: h.MessageID,
		Recipient: h.Recipient, CreatedAt: stamp(h.CreatedAt), UpdatedAt: stamp(h.CreatedAt),
		Via: newVia(h.Author, h.Recipient), Trail: []policy.Step{},
		DecisionID: h.DecisionID, Rule: h.Rule, Why: h.Why, Authentication: h.Authentication,
		ExpiresAt: stamp(h.ExpiresAt), Node: h.Node, Damaged: h.Damaged}
}

func newVia(from store.Person, to string) via {
	return via{Channel: "email", Source: viaSource{
		From: viaPerson{Address: from.Email, Name: orNull(from.Name)},
		To:   viaPerson{Address: to}}}
}

// suspendedTicket is a held message whole: its text as far as most reads, its attachments
// and its trail. What of one cannot be had is said with it: the others of a list are there.
func (s *handlers) suspendedTicket(r *http.Request, h store.Suspended, most int64) (
	suspendedTicket, error) {
	t := s.describe(r, h)
	explained, err := s.DB.Explain(r.Context(), strconv.FormatInt(h.ID, 10))
	if err = t.lose(h, err); err != nil {
		return t, err
	}
	if explained.Trail != nil {
		t.Trail = explained.Trail
	}
	if t.Author.ID, err = s.profileID(r.Context(), h.Author.Email); err != nil {
		return t, err
	}
	t.Content, t.Attachments, err = s.content(r, h.ID, h.Size, most)
	return t, t.lose(h, err)
}

// lose takes note of an error that is only about this message, and gives any other. Half of a
// row may be gone.
func (t *suspendedTicket) lose(h store.Suspended, err error) error {
	words := lostWords(err)
	if errors.Is(err, store.ErrNotFound) && h.Damaged != nil {
		words = rowDamaged
	}
	if words == "" {
		return err
	}
	if !slices.Contains(t.ErrorMessages, words) {
		t.ErrorMessages = append(t.ErrorMessages, words)
	}
	return nil
}

// ticket is a ticket with the profile of its requester.
func (s *handlers) ticket(ctx context.Context, r *http.Request, t store.Ticket) (ticket, error) {
	out := ticket{ID: t.ID, URL: s.apiURL(r, "tickets", t.ID), Subject: t.Subject,
		Status: t.Status, Recipient: t.Recipient, CreatedAt: stamp(t.CreatedAt),
		UpdatedAt:  stamp(t.CreatedAt),
		Requester:  author{Name: t.Requester.Name, Email: t.Requester.Email},
		Via:        newVia(t.Requester.Person, t.Recipient),
		DecisionID: t.DecisionID, MessageID: t.MessageID, Claimed: t.Requester.Claimed,
		ReplyTo: t.ReplyTo,
		Proven:  t.Proven, Recovered: t.Via == "recovered"}
	id, err := s.profileID(ctx, t.Requester.Profile)
	out.RequesterID, out.Requester.ID = id, id
	return out, err
}

// profileID is the id of the profile of an address, null if there is none.
func (s *handlers) profileID(ctx context.Context, email string) (*int64, error) {
	a, err := message.ParseAddress(email)
	if err != nil {
		return nil, nil
	}
	u, err := s.DB.User(ctx, a)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &u.ID, nil
}
