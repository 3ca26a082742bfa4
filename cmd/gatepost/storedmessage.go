package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gatepost/message"
	"gatepost/store"
	"gatepost/terminal"
)

// textLimit is how many octets of a message's text are shown: more than a person reads.
const textLimit = 256 << 10

// A storedMessage is what a held message and a ticket have in common.
type storedMessage struct {
	id      int64
	from    string // the address of its author
	size    int64  // octets, as received
	created time.Time
	record  any         // what --json prints
	fields  [][2]string // what `show` prints
	why     string      // why it is held
}

// storedMessages turns the records of a list into storedMessages.
func storedMessages[T any](seq iter.Seq2[T, error], turn func(T) storedMessage) iter.Seq2[storedMessage, error] {
	return func(yield func(storedMessage, error) bool) {
		for v, err := range seq {
			if err != nil {
				yield(storedMessage{}, err)
				return
			}
			if !yield(turn(v), nil) {
				return
			}
		}
	}
}

// A view is which part of a message `show` prints.
type view struct{ headers, body, raw bool }

func newView(cmd *cobra.Command) *view {
	v, flags := &view{}, cmd.Flags()
	flags.BoolVar(&v.headers, "headers", false, "print the header section")
	flags.BoolVar(&v.body, "body", false, "print the text")
	flags.BoolVar(&v.raw, "raw", false, "print the message byte for byte as it was received")
	cmd.PreRunE = oneOf("headers", "body", "raw")
	return v
}

// printMessage shows one message: what is known of it and its text, or the part of it that
// the view names.
func (a *app) printMessage(ctx context.Context, db *store.DB, l storedMessage, v view) error {
	if a.json && !v.headers && !v.body && !v.raw {
		return a.printJSON(l.record)
	}
	if a.json && v.raw {
		return misuse("--raw prints the message as it was received: leave out --json")
	}
	if v.raw && terminal.Is(a.stdout) {
		return misuse("--raw prints every octet as it was received, and a terminal would obey " +
			"some of them: send it to a file or through a pipe")
	}
	raw, err := db.Raw(ctx, l.id)
	if err != nil && v == (view{}) { // what is known of it is there
		return errors.Join(a.printFields(l.fields), err)
	}
	if err != nil {
		return err
	}
	defer raw.Close()
	if v.raw {
		_, err := io.Copy(a.stdout, raw)
		return err
	}
	o, err := open(raw)
	if err != nil {
		return fmt.Errorf("read message %d: %w", l.id, err)
	}
	switch {
	case v.headers:
		return a.printHeaders(l.id, o)
	case v.body:
		return a.printText(l.id, o)
	}
	return a.printWhole(l, o)
}

// An opened message is divided into its header section, as it stands and as it was read,
// and what follows.
type opened struct {
	section []byte
	head    *message.Message
	body    io.Reader
}

func open(raw io.Reader) (opened, error) {
	start, err := io.ReadAll(io.LimitReader(raw, message.MaxHeader+1))
	if err != nil {
		return opened{}, err
	}
	head := message.Parse(start)
	return opened{section: start[:head.Size], head: head,
		body: io.MultiReader(bytes.NewReader(start[head.Size:]), raw)}, nil
}

func (a *app) printHeaders(id int64, o opened) error {
	if a.json {
		return a.printJSON(headersRecord(id, o.head.Fields))
	}
	_, err := io.WriteString(a.stdout, line(strings.TrimRight(terminal.VisibleText(string(o.section)), "\n")))
	return err
}

func headersRecord(id int64, all []message.Field) any {
	type field struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	fields := make([]field, len(all))
	for i, f := range all {
		fields[i] = field{f.Name(), f.Value()}
	}
	return struct {
		ID      int64   `json:"id"`
		Headers []field `json:"headers"`
	}{id, fields}
}

// line ends s with one line feed.
func line(s string) string {
	if len(s) > 0 && s[len(s)-1] == '\n' {
		return s
	}
	return s + "\n"
}

func (a *app) printText(id int64, o opened) error {
	text, attachments := o.head.Text(o.body, textLimit)
	if a.json {
		return a.printJSON(textRecord(id, text, attachments))
	}
	if text == "" && len(attachments) == 0 {
		text = "(no text)"
	}
	if text != "" {
		if _, err := io.WriteString(a.stdout, line(terminal.VisibleText(text))); err != nil {
			return err
		}
	}
	for _, at := range attachments {
		if err := a.print("[attachment %q, %s, %d octets]", at.Name, at.Type, at.Size); err != nil {
			return err
		}
	}
	return nil
}

func textRecord(id int64, text string, attachments []message.Attachment) any {
	type attachment struct {
		Name string `json:"name"`
		Type string `json:"type"`
		Size int64  `json:"size"`
	}
	files := make([]attachment, len(attachments))
	for i, at := range attachments {
		files[i] = attachment(at)
	}
	return struct {
		ID          int64        `json:"id"`
		Text        string       `json:"text"`
		Attachments []attachment `json:"attachments"`
	}{id, text, files}
}

// printWhole prints the important fields, why the message is held, and its text.
func (a *app) printWhole(l storedMessage, o opened) error {
	if err := a.printFields(l.fields); err != nil {
		return err
	}
	why := ""
	if l.why != "" {
		why = terminal.Visible(l.why) + "\n\n"
	}
	if _, err := io.WriteString(a.stdout, "\n"+why); err != nil {
		return err
	}
	return a.printText(l.id, o)
}
