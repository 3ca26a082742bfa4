package smtpd

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/emersion/go-smtp"

	"gatepost/intake"
)

// Replies the guard writes itself, whole lines.
const (
	shuttingDown = "421 4.3.2 Shutting down, please try again\r\n"
	crowdedOut   = "421 4.3.2 Too many connections, please try again\r\n"
	tooManyOfYou = "421 4.7.0 Too many connections from your address, please try again\r\n"
	notWelcome   = "554 5.7.1 Your address may not send mail here\r\n"
	slowest      = "421 4.3.2 Too many messages at once and this was the slowest, try again\r\n"
	tooQuiet     = "421 4.4.2 Waited too long for a command\r\n"
	lineTooLong  = "500 5.5.2 Command line too long\r\n"
	notSMTP      = "500 5.5.1 This is SMTP\r\n"
	oddOctet     = "501 5.5.2 A command cannot hold control characters\r\n"
	help         = "214 2.0.0 MAIL, RCPT and DATA send a message, as RFC 5321 says\r\n"
	startTLS     = "220 2.0.0 Ready to start TLS\r\n"
)

// Replies of a session. They are values made anew for each use, since go-smtp takes only
// a bare *smtp.SMTPError and a package variable could be changed.
func refuse(code int, class, subject, detail int, text string) *smtp.SMTPError {
	return &smtp.SMTPError{
		Code: code, EnhancedCode: smtp.EnhancedCode{class, subject, detail}, Message: text,
	}
}

func errLocal() *smtp.SMTPError {
	return refuse(451, 4, 3, 0, "Local trouble, please try again")
}

func errCut() *smtp.SMTPError {
	return refuse(451, 4, 4, 2, "Connection lost within the content, nothing was stored")
}

func errSlow() *smtp.SMTPError {
	return refuse(451, 4, 4, 2, "The content came too slowly, nothing was stored")
}

// errSlowest is slowest within a content.
func errSlowest() *smtp.SMTPError {
	return refuse(421, 4, 3, 2, "Too many messages at once and this was the slowest, try again")
}

func errFull() *smtp.SMTPError {
	return refuse(452, 4, 3, 1, "No room for a message now, please try again")
}

func errDraining() *smtp.SMTPError {
	return refuse(421, 4, 3, 2, "Shutting down, please try again")
}

// errNobody is for mail of a client that the load balancer does not name. It is put off,
// not refused: only the balancer is to blame.
func errNobody() *smtp.SMTPError {
	return refuse(451, 4, 7, 1, "No mail can be taken from an unknown address, please try again")
}

// errNotWelcome is for who was let in before the ranges of clients changed.
func errNotWelcome() *smtp.SMTPError {
	return refuse(554, 5, 7, 1, "Your address may not send mail here")
}

func errNested() *smtp.SMTPError {
	return refuse(503, 5, 5, 1, "There is a MAIL already, RSET ends it")
}

func errTooOften() *smtp.SMTPError {
	return refuse(450, 4, 7, 1, "Too many messages of this sender within the hour, try again later")
}

func errStranger() *smtp.SMTPError {
	return refuse(550, 5, 1, 1, "No such recipient here")
}

func errTooLarge(limit int64) *smtp.SMTPError {
	return refuse(552, 5, 3, 4, fmt.Sprintf("At most %d octets are taken", limit))
}

// taken is the reply to a message whose fate is on disk.
func taken(id string) *smtp.SMTPError { return refuse(250, 2, 0, 0, "Ok: "+id) }

// reply finds what to tell the client: the library would make 554 of any error it does
// not know, and send its text along.
func reply(err error) (r *smtp.SMTPError, known bool) {
	switch {
	case errors.As(err, &r):
		return r, true
	case errors.Is(err, intake.ErrDeferred):
		return errTooOften(), true
	case errors.Is(err, intake.ErrUnscanned):
		return errLocal(), true
	}
	return errLocal(), false
}

// libraryLog is where go-smtp complains: of panics and of listeners that fail.
type libraryLog struct{ log *slog.Logger }

func (l libraryLog) Printf(format string, v ...any) {
	l.log.Error("smtp library", "text", fmt.Sprintf(format, v...))
}

func (l libraryLog) Println(v ...any) {
	l.log.Error("smtp library", "text", fmt.Sprint(v...))
}
