package message

import (
	"net/netip"
	"time"
)

// An Envelope is what the SMTP transaction said of a message (RFC 5321, section 2.3.1),
// as opposed to what the message says of itself.
type Envelope struct {
	Client     netip.Addr // the address of the client, IPv4-mapped addresses as IPv4
	Piped      bool       // no client: a mail server on this machine handed it over
	Helo       string     // the argument of HELO or EHLO, as the client wrote it
	TLS        bool       // the content came over TLS
	SMTPUTF8   bool       // MAIL carried SMTPUTF8 (RFC 6531, section 3.4)
	MailFrom   string     // the reverse-path, empty for <> and where none is known
	NullPath   bool       // the reverse-path is <>
	Recipients []string   // the forward-paths that were accepted, in order
	ReceivedAt time.Time
}
