package httpd

import (
	"context"
	"io"

	"gatepost/policy"
)

// Proposals are what could be done about a message, as things stand.
func (s *Server) Proposals(ctx context.Context, l *StoredMessage, cause string) (
	f *policy.Facts, all policy.Proposals, err error) {
	mail := policy.Mail{Message: l.Message, Body: func() io.Reader { return l.Body() }}
	p, f, err := s.DB.FactsAgain(ctx, mail, l.StoredMessage, cause)
	if err != nil {
		return nil, all, err
	}
	return f, p.Proposals(f), nil
}
