package httpd

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"gatepost/message"
	"gatepost/store"
)

// WriteAttachment gives an attachment, counted from 0, to be saved.
func (l *StoredMessage) WriteAttachment(w http.ResponseWriter, n int) error {
	_, files := l.Message.Text(l.Body(), 0)
	if n < 0 || n >= len(files) {
		return ErrNotFound
	}
	Download(w, SafeName(files[n].Name, n))
	return l.Message.Extract(l.Body(), n, w)
}

// Download makes an answer a file to be saved: no browser shows it or guesses what it is.
func Download(w http.ResponseWriter, name string) {
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition",
		mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	w.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox")
}

// A StoredMessage is a message that was kept, open for reading. Its parts are read anew each
// time, so that a large one is never in memory whole.
type StoredMessage struct {
	*store.Kept
	ID      int64
	Message *message.Message
	content io.ReaderAt
	Head    []byte
}

// Open reads the header section of a held message or of a ticket's. The caller closes it.
func (s *Server) Open(ctx context.Context, id int64) (l *StoredMessage, err error) {
	kept, err := s.DB.Kept(ctx, id)
	if err != nil {
		return nil, err
	}
	l = &StoredMessage{Kept: kept, ID: id}
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

// SafeName is a name under which a browser may save an attachment: without folders, without
// what cannot be seen, without what a system reads as something else than a name.
func SafeName(name string, n int) string {
	name = strings.Map(func(r rune) rune {
		if message.Invisible(r) && r != '\u200d' || strings.ContainsRune(`/\<>:"|?*%;`, r) {
			return '_'
		}
		return r
	}, message.Clean(name))
	name = strings.Trim(strings.TrimLeft(name, ". "), " ")
	name = strings.TrimRight(Shorten(name, MaxName), ". ")
	if strings.Trim(name, "_.") == "" {
		return "attachment-" + strconv.Itoa(n+1)
	}
	if stem, _, _ := strings.Cut(name, "."); isDevice(stem) {
		return "_" + name
	}
	return name
}

// MaxName is the longest name of a file that is offered, in octets: systems take 255, and
// browsers add to it.
const MaxName = 180

// Shorten cuts the middle out of a name, since its end says what it is.
func Shorten(name string, most int) string {
	if len(name) <= most {
		return name
	}
	tail := name[max(strings.LastIndexByte(name, '.'), 0):]
	if len(tail) > 20 {
		tail = ""
	}
	return strings.ToValidUTF8(name[:most-len(tail)], "") + tail
}

// isDevice knows the names that are devices on Windows, in any letter case.
func isDevice(stem string) bool {
	stem = strings.ToUpper(stem)
	switch stem {
	case "CON", "PRN", "AUX", "NUL":
		return true
	}
	port := strings.TrimPrefix(strings.TrimPrefix(stem, "COM"), "LPT")
	return len(stem) == 4 && len(port) == 1 && port[0] >= '0' && port[0] <= '9'
}
