package console

import (
	"context"
	"errors"
	"slices"

	"gatepost/message"
	"gatepost/store"
)

// commentsShown is how many of the replies to a ticket are shown, the newest.
const commentsShown = 50

// A commentView is a reply that joined its ticket as it is shown: with what could be read of it.
type commentView struct {
	store.Comment
	Text  string
	Files []message.Attachment
	Gone  bool // its content is
}

// addComments shows the replies to a ticket, to its requester those that they wrote or got.
func (s *handlers) addComments(ctx context.Context, t *ticketView) error {
	page, err := s.DB.CommentPage(ctx, t.ID, t.Mine, store.PageRequest{Size: commentsShown,
		Descending: true})
	if err != nil {
		return err
	}
	t.More = page.HasMore
	for _, c := range slices.Backward(page.Items) {
		view, err := s.commentView(ctx, c)
		if err != nil {
			return err
		}
		t.Comments = append(t.Comments, view)
	}
	return nil
}

func (s *handlers) commentView(ctx context.Context, c store.Comment) (v commentView, err error) {
	v.Comment = c
	l, err := s.Open(ctx, c.ID)
	if errors.Is(err, store.ErrContentGone) || c.Damaged != nil {
		v.Gone = true
		return v, nil
	}
	if err != nil {
		return v, err
	}
	v.Text, v.Files = l.Message.Text(l.Body(), maxTextShown)
	return v, l.Close()
}
