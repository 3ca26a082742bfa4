package courier

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

const receivedField = "Received: from a.test by mx.test; Sun, 29 Nov 2026 10:00:00 +0000\r\n"

// mailOf is a Parcel with a message.
func mailOf(raw string) *Parcel {
	return &Parcel{
		Key: "tkt7.desk", Event: "ticket.created", Attempt: 1,
		Ticket: 7, DecisionID: "D7", ReceivedAt: time.Unix(1795946400, 0),
		CreatedAt: time.Unix(1795946401, 0),
		MailFrom:  "sam@bounce.test", Recipients: []string{"help@desk.test", "info@desk.test"},
		Trace: receivedField, Results: "Authentication-Results: mx.test; spf=pass\r\n",
		Name: "Sam", Email: "sam@strangers.test", Proven: true, Subject: "Hello",
		ReplyTo: []string{"other@strangers.test"}, MessageID: "<1@strangers.test>",
		Size: int64(len(raw)),
		Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(raw)), nil },
	}
}

const mail = "From: Sam <sam@strangers.test>\r\nReply-To: other@strangers.test\r\n" +
	"Subject: Hello\r\n\r\nI wrote on Tuesday.\r\n.\r\n8-bit \xe9\r\nbare \n"

func TestWrapping(t *testing.T) {
	const path, results = "Return-Path: <sam@bounce.test>\r\n",
		"Authentication-Results: mx.test; spf=pass\r\n"
	without := strings.Replace(mail, "Reply-To: other@strangers.test\r\n", "", 1)
	for _, test := range []struct {
		name   string
		w      Wrapping
		change func(*Parcel)
		want   string
	}{
		{"zero", Wrapping{}, nil, path + mail},
		{"as it came", Wrapping{WithoutReturnPath: true}, nil, mail},
		{"trace", Wrapping{Trace: true}, nil, path + results + receivedField + mail},
		{"null reverse-path", Wrapping{}, func(p *Parcel) { p.MailFrom = "" },
			"Return-Path: <>\r\n" + mail},
		{"a line end in the address", Wrapping{}, func(p *Parcel) { p.MailFrom = "a\r\nBcc: b@c" },
			"Return-Path: <aBcc: b@c>\r\n" + mail},
		{"an address for replies", Wrapping{},
			func(p *Parcel) { p.ReplyAddress = "help+re-a\r\nb@desk.test" },
			path + "X-Gatepost-Reply-To: <help+re-ab@desk.test>\r\n" + mail},
		{"Reply-To off", Wrapping{WithoutReplyTo: true}, nil, path + without},
		{"the requester is in Reply-To", Wrapping{WithoutReplyTo: true},
			func(p *Parcel) { p.Email = "Other@strangers.test" }, path + mail},
		{"LF", Wrapping{UnixEnds: true, WithoutReplyTo: true}, nil,
			strings.ReplaceAll(path+without, "\r\n", "\n")},
	} {
		p := mailOf(mail)
		if test.change != nil {
			test.change(p)
		}
		r, err := test.w.Open(p)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if err != nil || string(got) != test.want {
			t.Errorf("%s: %q, %v, want %q", test.name, got, err, test.want)
		}
		size, err := test.w.Size(p)
		if err != nil || size != int64(len(test.want)) {
			t.Errorf("%s: size %d, %v, want %d", test.name, size, err, len(test.want))
		}
	}
}

// TestWrappingIsClosed: what was opened is closed, at the measuring too, and errors are told.
func TestWrappingIsClosed(t *testing.T) {
	p := mailOf(mail)
	open := 0
	fails := func() io.Reader { return iotest.ErrReader(errors.New("torn page")) }
	p.Open = func() (io.ReadCloser, error) {
		open++
		return readCloser{io.MultiReader(strings.NewReader("From: a\r\n"), fails()),
			closing(func() { open-- })}, nil
	}
	if _, err := (Wrapping{UnixEnds: true}).Size(p); err == nil ||
		!strings.Contains(err.Error(), "torn page") || open != 0 {
		t.Errorf("%v, %d are open", err, open)
	}
	p.Open = func() (io.ReadCloser, error) { return nil, errors.New("no such row") }
	if _, err := (Wrapping{}).Open(p); err == nil || !strings.Contains(err.Error(), "no such row") {
		t.Error(err)
	}
}

type closing func()

func (c closing) Close() error {
	c()
	return nil
}
