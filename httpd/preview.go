package httpd

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"

	"gatepost/message"
	"gatepost/store"
)

// Limits on what is shown of one message, in octets.
const (
	maxTextShown = 64 << 10
	maxPageShown = 512 << 10 // of HTML, before it is sanitised: most letters have less than 100 KB
	maxHeadShown = 64 << 10
)

// A letter is a message that was kept, open for reading. Its parts are read anew each
// time, so that a large one is never in memory whole.
type letter struct {
	*store.Kept
	id      int64
	message *message.Message
	content io.ReaderAt
	head    []byte
}

// open reads the header section of a held message or of a ticket's. The caller closes it.
func (s *Server) open(ctx context.Context, id int64) (l *letter, err error) {
	kept, err := s.DB.Kept(ctx, id)
	if err != nil {
		return nil, err
	}
	l = &letter{Kept: kept, id: id}
	if err := l.readHead(); err != nil {
		return nil, errors.Join(err, kept.Raw.Close())
	}
	return l, nil
}

func (l *letter) readHead() error {
	file, ok := l.Raw.(io.ReaderAt)
	if !ok { // then the store keeps it in a row, and it is small
		raw, err := io.ReadAll(l.Raw)
		if err != nil {
			return err
		}
		file = bytes.NewReader(raw)
	}
	head, err := io.ReadAll(io.NewSectionReader(file, 0, message.MaxHeader+1))
	l.content, l.head, l.message = file, head, message.Parse(head)
	return err
}

func (l *letter) Close() error { return l.Raw.Close() }

// raw reads the message byte for byte as it was received.
func (l *letter) raw() io.Reader { return io.NewSectionReader(l.content, 0, math.MaxInt64) }

// body reads what follows the header section.
func (l *letter) body() io.Reader {
	from := int64(l.message.Size)
	return io.NewSectionReader(l.content, from, math.MaxInt64-from)
}

// A preview is what is shown of a message before anybody asks for more.
type preview struct {
	Text    string
	Files   []message.Attachment
	HasPage bool   // there is HTML
	Head    string // the header section as it was received
	HeadCut bool
}

func (l *letter) preview() preview {
	var p preview
	p.Text, p.Files = l.message.Text(l.body(), maxTextShown)
	pages, _ := l.message.Pages(l.body(), 1)
	p.HasPage = len(pages) > 0
	head := l.head[:l.message.Size]
	if p.HeadCut = len(head) > maxHeadShown; p.HeadCut {
		head = head[:maxHeadShown]
	}
	p.Head = strings.TrimSpace(message.Clean(string(head)))
	return p
}

// safeName is a name under which a browser may save an attachment: without folders, without
// what cannot be seen, without what a system reads as something else than a name.
func safeName(name string, n int) string {
	name = strings.Map(func(r rune) rune {
		if message.Invisible(r) && r != '\u200d' || strings.ContainsRune(`/\<>:"|?*%;`, r) {
			return '_'
		}
		return r
	}, message.Clean(name))
	name = strings.Trim(strings.TrimLeft(name, ". "), " ")
	name = strings.TrimRight(shorten(name, maxName), ". ")
	if strings.Trim(name, "_.") == "" {
		return "attachment-" + strconv.Itoa(n+1)
	}
	if stem, _, _ := strings.Cut(name, "."); isDevice(stem) {
		return "_" + name
	}
	return name
}

// maxName is the longest name of a file that is offered, in octets: systems take 255, and
// browsers add to it.
const maxName = 180

// shorten cuts the middle out of a name, since its end says what it is.
func shorten(name string, most int) string {
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
