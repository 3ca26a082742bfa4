package httpd

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"

	"gatepost/message"
	"gatepost/store"
)

// A StoredMessage is a message that was kept, open for reading. Its parts are read anew each
// time, so that a large one is never in memory whole.
type StoredMessage struct {
	*store.StoredMessage
	ID      int64
	Message *message.Message
	content io.ReaderAt
	Head    []byte
}

// Open reads the header section of a held message, or of that of a ticket or a comment. The caller
// closes it.
func (s *Server) Open(ctx context.Context, id int64) (l *StoredMessage, err error) {
	kept, err := s.DB.StoredMessage(ctx, id)
	if err != nil {
		return nil, err
	}
	l = &StoredMessage{StoredMessage: kept, ID: id}
	if err := l.readHead(); err != nil {
		return nil, errors.Join(err, kept.Raw.Close())
	}
	return l, nil
}

func (l *StoredMessage) readHead() error {
	file, ok := l.Raw.(io.ReaderAt)
	if !ok { // then the store keeps it in a row, and it is small
		raw, err := io.ReadAll(l.Raw)
		if err != nil {
			return err
		}
		file = bytes.NewReader(raw)
	}
	head, err := io.ReadAll(io.NewSectionReader(file, 0, message.MaxHeader+1))
	l.content, l.Head, l.Message = file, head, message.Parse(head)
	return err
}

func (l *StoredMessage) Close() error { return l.Raw.Close() }

// Whole reads the message byte for byte as it was received.
func (l *StoredMessage) Whole() io.Reader {
	return io.NewSectionReader(l.content, 0, math.MaxInt64)
}

// Body reads what follows the header section.
func (l *StoredMessage) Body() io.Reader {
	from := int64(l.Message.Size)
	return io.NewSectionReader(l.content, from, math.MaxInt64-from)
}
