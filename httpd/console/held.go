package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"gatepost/httpd"
	"gatepost/store"
)

// A heldView is one held message as it is shown.
type heldView struct {
	store.Suspended
	Preview  preview
	Reasons  store.Explanation
	Envelope envelopeView
	WhatIf   whatIf
	Next     int64 // in the list beside it, 0 if it is the last
	Previous int64
	Broken   bool // not all of it can be read
	HasText  bool // its content can
}

// An envelopeView is what the client said, and how it came.
type envelopeView struct {
	Client, Helo, MailFrom string
	NullPath, TLS, Piped   bool
}

func (s *handlers) heldView(ctx context.Context, id int64) (_ *heldView, err error) {
	h := &heldView{}
	if h.Suspended, err = s.DB.Suspended(ctx, id); err != nil {
		return nil, err
	}
	err = s.readHeld(ctx, h)
	if errors.Is(err, store.ErrDamaged) || errors.Is(err, store.ErrNotFound) && h.Damaged != nil {
		h.Broken, err = true, nil
	}
	h.Broken = h.Broken || h.Damaged != nil
	return h, err
}

// readHeld reads the other half of a message.
func (s *handlers) readHeld(ctx context.Context, h *heldView) (err error) {
	id := h.ID
	if h.Reasons, err = s.DB.Explain(ctx, strconv.FormatInt(id, 10)); err != nil {
		return err
	}
	l, err := s.Open(ctx, id)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	h.Preview, h.Envelope, h.HasText = newPreview(l), newEnvelopeView(l), true
	h.WhatIf, err = s.whatIf(ctx, l, h.Cause)
	return err
}

func newEnvelopeView(l *httpd.StoredMessage) envelopeView {
	env := l.StoredMessage.Envelope
	view := envelopeView{Helo: env.Helo, MailFrom: env.MailFrom, NullPath: env.NullPath,
		TLS: env.TLS, Piped: env.Piped}
	if env.Client.IsValid() {
		view.Client = env.Client.String()
	}
	return view
}

// place finds the messages before and behind it in the list.
func (h *heldView) place(q *queueView) {
	for i, item := range q.Page.Items {
		if item.ID != h.ID {
			continue
		}
		if i > 0 {
			h.Previous = q.Page.Items[i-1].ID
		}
		if i+1 < len(q.Page.Items) {
			h.Next = q.Page.Items[i+1].ID
		}
	}
}

// goneFromQueue leads to the ticket or the comment that a message became, and says of another what
// became of it.
func (s *handlers) goneFromQueue(w http.ResponseWriter, r *http.Request, id int64,
	err error) error {
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	ticket := id // the id may be that of a ticket
	reasons, errExplain := s.DB.Explain(r.Context(), strconv.FormatInt(id, 10))
	if errExplain == nil && reasons.Recovered != 0 {
		ticket = reasons.Recovered
	}
	if c, err := s.DB.Comment(r.Context(), reasons.Comment); err == nil {
		http.Redirect(w, r, fmt.Sprintf("/tickets/%d#comment-%d", c.Ticket, c.ID), http.StatusSeeOther)
		return nil
	}
	if _, err := s.DB.Ticket(r.Context(), ticket); !errors.Is(err, store.ErrNotFound) {
		http.Redirect(w, r, fmt.Sprintf("/tickets/%d", ticket), http.StatusSeeOther)
		return err
	}
	return s.whatBecame(r.Context(), id)
}

// whatBecame says what became of a message that is neither held nor a ticket.
func (s *handlers) whatBecame(ctx context.Context, id int64) error {
	gone := &httpd.Problem{Status: http.StatusGone, Code: httpd.ErrNotFound.Code}
	given, err := s.DB.Given(ctx, id)
	if err != nil {
		return err
	}
	e, kept, err := s.DB.Deleted(ctx, id)
	switch {
	case !given:
		gone.Status = http.StatusNotFound
		gone.Description = fmt.Sprintf("There is no message %d, and there never was.", id)
	case errors.Is(err, store.ErrNotFound):
		gone.Description = fmt.Sprintf("Message %d is not held any more: its time was over.", id)
	case err != nil:
		return err
	default:
		gone.Description = fmt.Sprintf("Message %d was deleted by %s on %s.", id, e.Actor,
			stampWords(e.At))
		if kept {
			gone.Description += " It can be restored from the audit log, or by " +
				fmt.Sprintf("gatepost suspended undelete %d.", id)
		}
	}
	return gone
}

// rawMessage hands out a message byte for byte, to be saved and never shown.
func (s *handlers) rawMessage(w http.ResponseWriter, r *http.Request, _ httpd.Caller) error {
	return s.withLetter(r, func(l *httpd.StoredMessage) error {
		httpd.Download(w, "message-"+r.PathValue("id")+".eml")
		_, err := io.Copy(w, l.Whole())
		return err
	})
}

// attachmentFile hands out one attachment, decoded.
func (s *handlers) attachmentFile(w http.ResponseWriter, r *http.Request, _ httpd.Caller) error {
	n, err := strconv.Atoi(r.PathValue("n"))
	if err != nil {
		return httpd.ErrNotFound
	}
	return s.withLetter(r, func(l *httpd.StoredMessage) error { return l.WriteAttachment(w, n) })
}

// isLetIn is ErrNotFound unless the id is that of a ticket or a comment.
func (s *handlers) isLetIn(ctx context.Context, id int64) error {
	_, err := s.DB.Ticket(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		_, err = s.DB.Comment(ctx, id)
	}
	return err
}

// withLetter opens the message that the path names, of the queue or of the tickets as the
// path says.
func (s *handlers) withLetter(r *http.Request, do func(*httpd.StoredMessage) error) (err error) {
	id, err := httpd.PathID(r)
	if err != nil {
		return err
	}
	if strings.HasPrefix(r.URL.Path, "/suspended/") {
		_, err = s.DB.Suspended(r.Context(), id)
	} else {
		err = s.isLetIn(r.Context(), id)
	}
	if err != nil {
		return err
	}
	l, err := s.Open(r.Context(), id)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	return do(l)
}
