package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"gatepost/mailfile"
	"gatepost/message"
	"gatepost/settings"
)

// peeked is how much of a message on stdin is looked at before any of it is handed on, in
// octets: a header section of the largest size that is read, and as long an mbox line.
const peeked = 2 * message.MaxHeader

// A piped is a message on stdin. Little of it is in memory at a time, however large it is.
type piped struct {
	io.Reader        // as it would stand on the wire, up to what SMTP would take
	sender    string // in the mbox line that was put in front of it, "" if none
	head      *message.Message
}

// openStdin begins to read the message on stdin. One larger than limit octets, or with an
// mbox line that fills the start which is looked at, is a refusal.
func (a *app) openStdin(limit int64) (*piped, error) {
	over := tooLarge(settings.Size(limit))
	in := bufio.NewReaderSize(a.stdin, peeked)
	start, err := in.Peek(peeked)
	if err != nil && err != io.EOF {
		return nil, err
	}
	p := &piped{Reader: in, sender: message.MboxSender(start), head: message.Parse(onWire(start))}
	own := message.TrimMbox(start)
	if len(own) == 0 && len(start) == peeked {
		return nil, over
	}
	if message.HasUnixEnds(own) {
		p.Reader = mailfile.WireEnds(in)
	}
	p.Reader = mailfile.Limit(p.Reader, limit, over)
	_, err = in.Discard(len(start) - len(own))
	return p, err
}

// onWire takes off what a file has put around a message: an mbox line and the line ends
// of Unix.
func onWire(raw []byte) []byte { return message.CRLF(message.TrimMbox(raw)) }

// returnPath is the reverse-path that the mail server wrote into the message: into the first
// Return-Path (RFC 5321, section 4.4), or the mbox line. One that cannot be read, and none,
// is not known.
func (p *piped) returnPath() (path string, known bool) {
	text := p.sender
	for _, f := range p.head.Fields {
		if f.Is("Return-Path") {
			text = strings.TrimSpace(f.Value())
			break
		}
	}
	if text == "" || isUnknown(text) {
		return "", false
	}
	path, err := parseReversePath(text)
	return path, err == nil
}

// tooLarge refuses a message as SMTP would.
func tooLarge(limit settings.Size) error {
	return refusal{fmt.Errorf("the message is larger than smtp.max_message_size (%s)", limit)}
}
