// Package digest writes the mail that tells people what is held for them to look at, as text and
// as HTML. It sends nothing, decides nothing, and lets nothing that a stranger wrote be more than
// text.
package digest

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	text "text/template"
	"time"

	"github.com/emersion/go-message/mail"

	"gatepost/policy"
	"gatepost/store"
)

//go:embed digest.txt digest.html
var templates embed.FS

// A Digest is what one person is told.
type Digest struct {
	Host  string // what the server calls itself
	Links string // where the console is reached, without a slash at the end; empty for no links
	Zone  *time.Location
	At    time.Time
	Since time.Time // of the last one; the zero time if there was none

	Held     []Item    // since then
	More     int       // of them that are not listed
	Expiring []Item    // of all that nobody has seen
	Quiet    time.Time // since when nothing was received; the zero time if that is not long
}

// An Item is one held message.
type Item struct {
	store.Suspended
	ReplyAddress string // of the ticket that it replies to, with its token; empty for none
}

// A Group is what is held for one cause.
type Group struct {
	Label string
	Items []Item
}

// IsEmpty reports whether there is nothing to tell.
func (d *Digest) IsEmpty() bool {
	return len(d.Held) == 0 && len(d.Expiring) == 0 && d.Quiet.IsZero()
}

// Groups are what is held, by cause, the largest first.
func (d *Digest) Groups() (all []Group) {
	for _, item := range d.Held {
		label := item.Cause
		if cause, ok := policy.ParseCause(item.Cause); ok {
			label = cause.Label()
		}
		at := slices.IndexFunc(all, func(g Group) bool { return g.Label == label })
		if at < 0 {
			at, all = len(all), append(all, Group{Label: label})
		}
		all[at].Items = append(all[at].Items, item)
	}
	slices.SortStableFunc(all, func(a, b Group) int { return len(b.Items) - len(a.Items) })
	return all
}

// Subject says how much there is.
func (d *Digest) Subject() string {
	var parts []string
	if n := len(d.Held) + d.More; n > 0 {
		parts = append(parts, count(n, "message held", "messages held"))
	}
	if n := len(d.Expiring); n > 0 {
		parts = append(parts, count(n, "expires unseen", "expire unseen"))
	}
	if !d.Quiet.IsZero() {
		parts = append(parts, "nothing received for "+lasts(d.At.Sub(d.Quiet)))
	}
	if parts == nil {
		parts = []string{"nothing held"}
	}
	return d.Host + ": " + strings.Join(parts, ", ")
}

// Text is the digest as people read it without HTML.
func (d *Digest) Text() (string, error) {
	t, err := text.New("digest.txt").Funcs(text.FuncMap(d.words())).ParseFS(templates, "digest.txt")
	return execute(t, err, d)
}

// HTML has no link but to the console, and nothing that a program would fetch.
func (d *Digest) HTML() (string, error) {
	t, err := template.New("digest.html").Funcs(d.words()).ParseFS(templates, "digest.html")
	return execute(t, err, d)
}

type executor interface{ Execute(io.Writer, any) error }

func execute(t executor, err error, d *Digest) (string, error) {
	if err != nil {
		return "", fmt.Errorf("template of the digest: %w", err)
	}
	var b strings.Builder
	if err := t.Execute(&b, d); err != nil {
		return "", fmt.Errorf("write the digest: %w", err)
	}
	return b.String(), nil
}

// Mail is the message to one person. No program answers it (RFC 3834, section 5.1).
func (d *Digest) Mail(from, to, messageID string) ([]byte, error) {
	plain, err := d.Text()
	if err != nil {
		return nil, err
	}
	marked, err := d.HTML()
	if err != nil {
		return nil, err
	}
	var h mail.Header
	h.SetDate(d.At.In(d.Zone))
	h.SetAddressList("From", []*mail.Address{{Name: "Gatepost", Address: from}})
	h.SetAddressList("To", []*mail.Address{{Address: to}})
	h.SetSubject(d.Subject())
	h.Set("Message-ID", messageID)
	h.Set("Auto-Submitted", "auto-generated")
	h.Set("X-Auto-Response-Suppress", "All") // for Exchange, which knows no other
	var b bytes.Buffer
	w, err := mail.CreateInlineWriter(&b, h)
	if err != nil {
		return nil, fmt.Errorf("write the digest: %w", err)
	}
	for _, part := range [][2]string{{"text/plain", plain}, {"text/html", marked}} {
		var h mail.InlineHeader
		h.SetContentType(part[0], map[string]string{"charset": "utf-8"})
		h.Set("Content-Transfer-Encoding", "quoted-printable")
		p, err := w.CreatePart(h)
		if err == nil {
			_, err = io.WriteString(p, part[1])
		}
		if err == nil {
			err = p.Close()
		}
		if err != nil {
			return nil, fmt.Errorf("write the digest: %w", err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("write the digest: %w", err)
	}
	return b.Bytes(), nil
}
