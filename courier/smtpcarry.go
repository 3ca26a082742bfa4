package courier

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/emersion/go-smtp"
)

// Carry hands one message on, to one recipient.
func (s *SMTP) Carry(ctx context.Context, p *Parcel, dialogue io.Writer) Result {
	to, from, err := s.envelope(p)
	if err != nil {
		return Result{Outcome: Fail, Said: err.Error()}
	}
	for {
		c, kept, r := s.connection(ctx, dialogue)
		if r != nil {
			return *r
		}
		c.log.to = dialogue
		result, stale := s.transaction(ctx, c, p, from, to)
		c.log.to = nil
		if result.Outcome == Done {
			s.pool.put(c)
			return result
		}
		c.end()
		if !stale || !kept {
			return result
		}
	}
}

// transaction is one mail transaction. It is stale if the connection turned out to be closed
// before anything was said.
func (s *SMTP) transaction(ctx context.Context, c *hop, p *Parcel, from, to string) (r Result,
	stale bool) {
	wrapping := Wrapping{WithoutReturnPath: true, Trace: true, WithoutReplyTo: s.WithoutReplyTo}
	size, err := wrapping.Size(p)
	if err != nil {
		return Result{Outcome: Retry, Said: err.Error()}, false
	}
	if most, ok := c.client.MaxMessageSize(); ok && most > 0 && size > int64(most) {
		return Result{Outcome: Fail, Said: fmt.Sprintf("the message has %d octets, and the target "+
			"takes %d", size, most)}, false
	}
	options := &smtp.MailOptions{Size: size, UTF8: !isASCII(from) || !isASCII(to)}
	if utf8, _ := c.client.Extension("SMTPUTF8"); options.UTF8 && !utf8 {
		return Result{Outcome: Fail, Said: "the target takes no addresses beyond ASCII (SMTPUTF8)"},
			false
	}
	content, err := wrapping.Open(p)
	if err != nil {
		return Result{Outcome: Retry, Said: err.Error()}, false
	}
	defer content.Close()
	stop := context.AfterFunc(ctx, c.cut)
	defer stop()
	if err := c.client.Mail(from, options); err != nil {
		return refused("MAIL", err), isGone(err)
	}
	if err := c.client.Rcpt(to, nil); err != nil {
		return refused("RCPT", err), false
	}
	data, err := c.client.Data()
	if err != nil {
		return refused("DATA", err), false
	}
	return s.content(c, data, content, size), false
}

// content sends the message and hears what becomes of it.
func (s *SMTP) content(c *hop, data *smtp.DataCommand, message io.Reader, size int64) Result {
	c.log.say("> (the message, %d octets)", size)
	c.log.quiet = true
	defer func() { c.log.quiet = false }()
	if _, err := io.Copy(data, message); err != nil {
		// The final dot is not sent, so it cannot have been taken.
		return refused("the message", err)
	}
	c.conn.silence.Store(int64(s.Final))
	defer c.conn.silence.Store(int64(s.Silence))
	said, err := closeData(data, s.LMTP)
	if err == nil {
		c.log.say("< 250 %s", said)
		return Result{Outcome: Done, Said: "250 " + said}
	}
	r := refused("the final dot", err)
	var answer *smtp.SMTPError
	if errors.As(err, &answer) {
		c.log.say("< %s", r.Said)
	} else if c.conn.dotted() {
		r.Outcome, r.Down = Unknown, false
	}
	return r
}
