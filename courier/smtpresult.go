package courier

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/emersion/go-smtp"
)

// refused is what an error of a transaction means for the message.
func refused(at string, err error) Result {
	var answer *smtp.SMTPError
	if !errors.As(err, &answer) {
		return Result{Outcome: Retry, Said: errWords(at, err), Down: true}
	}
	r := Result{Outcome: Retry, Said: replyText(answer)}
	switch code := answer.Code; {
	case code >= 200 && code < 300: // 251 behind the dot: go-smtp takes only 250
		r.Outcome = Done
	case code == 421: // it closes the connection
		r.Down = true
	case code == 530 || code == 535 || code == 538: // it asks for AUTH or TLS (RFC 4954)
		r.Pause = true
	case code >= 500:
		r.Outcome = Fail
	}
	return r
}

// noWay is what an error before any transaction means: of no message. A permanent answer to a
// greeting, to EHLO or to AUTH tells of a mistake in the settings.
func noWay(at string, err error) *Result {
	var answer *smtp.SMTPError
	var certificate *tls.CertificateVerificationError
	var plain tls.RecordHeaderError
	_, forbidden := Forbidden(err)
	switch {
	case errors.As(err, &answer):
		return &Result{Said: at + ": " + replyText(answer), Pause: answer.Code >= 500, Down: true}
	case errors.As(err, &certificate), errors.As(err, &plain), isUnoffered(err), forbidden:
		return &Result{Said: errWords(at, err), Pause: true, Down: true}
	}
	return &Result{Said: errWords(at, err), Down: true}
}

// isUnoffered is go-smtp's error of a server without STARTTLS.
func isUnoffered(err error) bool { return strings.Contains(err.Error(), "support STARTTLS") }

// replyText is a reply as it was on the wire, in one line.
func replyText(e *smtp.SMTPError) string {
	text := fmt.Sprint(e.Code)
	if c := e.EnhancedCode; c != (smtp.EnhancedCode{}) && c[0] > 0 {
		text += fmt.Sprintf(" %d.%d.%d", c[0], c[1], c[2])
	}
	return text + " " + strings.Join(strings.Fields(e.Message), " ")
}

// isGone reports whether a connection was found closed. A reply of 421 says the same.
func isGone(err error) bool {
	var answer *smtp.SMTPError
	if errors.As(err, &answer) {
		return answer.Code == 421
	}
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) ||
		errors.Is(err, net.ErrClosed) && !errors.Is(err, context.Canceled)
}

// closeData sends the final dot, and gives the text of a positive reply. By LMTP there is one
// for each recipient (RFC 2033, section 4.2), and we have one.
func closeData(data *smtp.DataCommand, lmtp bool) (said string, err error) {
	if !lmtp {
		r, err := data.CloseWithResponse()
		if err != nil {
			return "", err
		}
		return r.StatusText, nil
	}
	all, err := data.CloseWithLMTPResponse()
	if err != nil {
		return "", err
	}
	for _, r := range all {
		said = r.StatusText
	}
	return said, nil
}

func isASCII(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return r >= 0x80 }) < 0
}
