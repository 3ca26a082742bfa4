package courier

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// A Wrapping says what is put on top of a message, and what is taken off, for a desk that reads
// it. The zero Wrapping puts Return-Path on top and changes nothing below.
type Wrapping struct {
	// WithoutReturnPath leaves out the Return-Path field of the envelope (RFC 5321, section 4.4).
	// Desks know by it a bounce, which has an empty one, and send it no automatic answer.
	WithoutReturnPath bool
	// Trace puts our own Authentication-Results and Received fields on top.
	Trace bool
	// WithoutReplyTo takes the Reply-To fields off, for desks that take them for the requester;
	// they stay where the requester was read from them. A DKIM signature over them is broken by it.
	WithoutReplyTo bool
	// UnixEnds hands the message over with LF in place of CRLF.
	UnixEnds bool
}

// top are the fields that are put on top, the newest first. What a reply should be addressed to to
// join its ticket is in one of its own: Reply-To would have answers to the requester go there.
func (w Wrapping) top(p *Parcel) string {
	var b strings.Builder
	if !w.WithoutReturnPath {
		fmt.Fprintf(&b, "Return-Path: <%s>\r\n", oneLine(p.MailFrom))
	}
	if p.ReplyAddress != "" {
		fmt.Fprintf(&b, "X-Gatepost-Reply-To: <%s>\r\n", oneLine(p.ReplyAddress))
	}
	if w.Trace {
		b.WriteString(p.Results + p.Trace)
	}
	return b.String()
}

// oneLine keeps an address from ending its field, whatever came before it here.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, text)
}

// Open is the message as it is handed over, read as it goes: no more than a line is held.
func (w Wrapping) Open(p *Parcel) (io.ReadCloser, error) {
	raw, err := p.Open()
	if err != nil {
		return nil, fmt.Errorf("open the message: %w", err)
	}
	var message io.Reader = raw
	if w.WithoutReplyTo && DropsReplyTo(p) {
		message = WithoutReplyTo(raw)
	}
	message = io.MultiReader(strings.NewReader(w.top(p)), message)
	if w.UnixEnds {
		message = UnixEnds(message)
	}
	return readCloser{message, raw}, nil
}

// Size is how many octets Open gives. What is taken off must be counted first: the message is
// read for that, but only if something may be taken off.
func (w Wrapping) Size(p *Parcel) (int64, error) {
	if !w.UnixEnds && !(w.WithoutReplyTo && DropsReplyTo(p)) {
		return int64(len(w.top(p))) + p.Size, nil
	}
	return measured(func() (io.ReadCloser, error) { return w.Open(p) })
}

// measured reads something to its end to learn how long it is.
func measured(open func() (io.ReadCloser, error)) (int64, error) {
	r, err := open()
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(io.Discard, r)
	if err = errors.Join(err, r.Close()); err != nil {
		return 0, fmt.Errorf("measure the message: %w", err)
	}
	return n, nil
}

// A readCloser reads from one thing and closes another behind it.
type readCloser struct {
	io.Reader
	io.Closer
}
