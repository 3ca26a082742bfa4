package httpd

import (
	"context"
	"time"
)

// lookTime is how long a list waits for it to be taken down that somebody has seen it.
const lookTime = 500 * time.Millisecond

// QueueSeen takes down that somebody is shown the queue. What keeps that from the disk keeps the
// list from nobody: then nothing is taken for seen.
func (s *Server) QueueSeen(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	if err := s.DB.Looked(ctx); err != nil {
		s.Log.Warn("it is not taken down that the queue was seen", "error", err)
	}
}
