package httpd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

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

func (s *Server) heldView(ctx context.Context, id int64) (_ *heldView, err error) {
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
func (s *Server) readHeld(ctx context.Context, h *heldView) (err error) {
	id := h.ID
	if h.Reasons, err = s.DB.Explain(ctx, strconv.FormatInt(id, 10)); err != nil {
		return err
	}
	l, err := s.open(ctx, id)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	h.Preview, h.Envelope, h.HasText = l.preview(), l.envelope(), true
	h.WhatIf, err = s.whatIf(ctx, l, h.Cause)
	return err
}

func (l *letter) envelope() envelopeView {
	env := l.Kept.Envelope
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

// goneFromQueue leads to the ticket of a message that was recovered.
func (s *Server) goneFromQueue(w http.ResponseWriter, r *http.Request, id int64, err error) error {
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	reasons, e := s.DB.Explain(r.Context(), strconv.FormatInt(id, 10))
	if e != nil || reasons.Recovered == 0 {
		return &problem{status: http.StatusNotFound, code: errNotFound.code,
			description: fmt.Sprintf("message %d is not held any more: it was deleted, or its "+
				"time was over", id)}
	}
	http.Redirect(w, r, fmt.Sprintf("/tickets/%d", reasons.Recovered), http.StatusSeeOther)
	return nil
}

// rawMessage hands out a message byte for byte, to be saved and never shown.
func (s *Server) rawMessage(w http.ResponseWriter, r *http.Request, _ visitor) error {
	return s.withLetter(r, func(l *letter) error {
		download(w, "message-"+r.PathValue("id")+".eml")
		_, err := io.Copy(w, l.raw())
		return err
	})
}

// attachmentFile hands out one attachment, decoded.
func (s *Server) attachmentFile(w http.ResponseWriter, r *http.Request, _ visitor) error {
	n, err := strconv.Atoi(r.PathValue("n"))
	if err != nil {
		return errNotFound
	}
	return s.withLetter(r, func(l *letter) error { return l.write(w, n) })
}

// download makes an answer a file to be saved: no browser shows it or guesses what it is.
func download(w http.ResponseWriter, name string) {
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition",
		mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	w.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox")
}

// withLetter opens the message that the path names, of the queue or of the tickets as the
// path says.
func (s *Server) withLetter(r *http.Request, do func(*letter) error) (err error) {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	if strings.HasPrefix(r.URL.Path, "/suspended/") {
		_, err = s.DB.Suspended(r.Context(), id)
	} else {
		_, err = s.DB.Ticket(r.Context(), id)
	}
	if err != nil {
		return err
	}
	l, err := s.open(r.Context(), id)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	return do(l)
}
