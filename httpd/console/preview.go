package console

import (
	"strings"

	"gatepost/httpd"
	"gatepost/message"
)

// Limits on what is shown of one message, in octets.
const (
	maxTextShown = 64 << 10
	maxPageShown = 512 << 10 // of HTML, before it is sanitised: most letters have less than 100 KB
	maxHeadShown = 64 << 10
)

// A preview is what is shown of a message before anybody asks for more.
type preview struct {
	Text    string
	Files   []message.Attachment
	HasPage bool   // there is HTML
	Head    string // the header section as it was received
	HeadCut bool
}

func newPreview(l *httpd.StoredMessage) preview {
	var p preview
	p.Text, p.Files = l.Message.Text(l.Body(), maxTextShown)
	pages, _ := l.Message.Pages(l.Body(), 1)
	p.HasPage = len(pages) > 0
	head := l.Head[:l.Message.Size]
	if p.HeadCut = len(head) > maxHeadShown; p.HeadCut {
		head = head[:maxHeadShown]
	}
	p.Head = strings.TrimSpace(message.Clean(string(head)))
	return p
}
