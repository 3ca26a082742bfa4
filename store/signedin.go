package store

import (
	"context"

	"gatepost/message"
)

// auditedFailure is what the audit log says of an attempt to sign in.
type auditedFailure struct {
	Why     string `json:"why"`
	Skipped int    `json:"skipped,omitempty"` // attempts since the entry before that have none
}

// NoteSignIn adds to the audit log that its actor signed in.
func (h *Editor) NoteSignIn(ctx context.Context) error {
	return h.do(ctx, func(t *tx) error {
		_, err := h.note(t, event{action: SignedIn, subject: h.actor.Name})
		return err
	})
}

// NoteSignInFailed adds to the audit log that somebody tried to sign in to an account, which
// may be none. Strangers can try for ever, so that the caller notes some, and how many it
// skipped before.
func (h *Editor) NoteSignInFailed(ctx context.Context, account, why string, skipped int) error {
	return h.do(ctx, func(t *tx) error {
		_, err := h.note(t, event{action: SignInFailed, subject: message.Clean(account),
			after: auditedFailure{why, skipped}})
		return err
	})
}
