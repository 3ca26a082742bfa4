package message

import "strings"

// A Step is what a system did with a message on its own, and wrote down in a Received field
// that is not about an SMTP client.
type Step int

const (
	// NoStep: the field is about a client, or says nothing that can be relied on. A program
	// gave the message in, or somebody who signed in: what stands below is theirs.
	NoStep Step = iota

	// Delivered: a delivery agent or a fetcher took the message from a mail server. It
	// takes none from anybody else, so that what stands below is what that server wrote.
	Delivered

	// Requeued: the system took the message up again, after a filter or on the way from one
	// of its machines to the next. It writes the same of what a program on the machine
	// gives in: what stands below is the system's only if its By says so.
	Requeued

	// Queued: qmail took the message from its own SMTP server, whose line stands below.
	Queued

	// Forwarded: qmail sent the message on to another address. It writes the same of what a
	// program of that user gives in, and names no host: what stands below is the system's
	// only if that was Queued.
	Forwarded
)

// step reads the lines that systems write about themselves. Each is a form that no server
// writes about a client, whatever that client calls itself: the protocol and the comment
// looked at stand behind the server's own "by".
func (l traceLine) step() Step {
	protocol := l.protocol()
	switch {
	case lower(l.name) == "by": // the server's own, where there is no name
	case isFetch(protocol), !l.named && strings.HasPrefix(commentAt(l.back, 2), "fdm "):
		return Delivered
	case l.named && isLMTP(protocol):
		return Delivered
	case l.named, len(l.front) > 0:
	case isUserID(commentAt(l.back, 2)), l.isHandOver():
		return Requeued
	}
	return NoStep
}

// protocol is the word behind "with", ASCII lower case: "" if that keyword does not stand
// in front of all that servers repeat of the transaction. A reverse-path can close the
// comment that it stands in.
func (l traceLine) protocol() string {
	with := only(l.back, "with")
	if with < 0 {
		return ""
	}
	for _, t := range l.back[:with] {
		if t.is("id") || t.is("for") || t.is("envelope-from") || t.text == ";" ||
			t.comment && (strings.HasPrefix(t.text, "envelope-") || strings.ContainsAny(t.text, `<@"`)) {
			return ""
		}
	}
	return lower(wordAt(l.back, with+1))
}

// isFetch knows what messages are fetched by, and not sent: fetchmail, getmail and mpop
// name it, with the machine they had the message from, which is no client.
//
//	from imap.test [192.0.2.1] by mx.test with IMAP (fetchmail-6.4.37) for <a@b.test>
//	from imap.test (192.0.2.1:993) by mx.test with IMAP4 getmail6 msgid:1
//	from pop.test (pop.test [192.0.2.1]) by mx.test (mpop-1.4.18) with POP3S for <a@b.test>
func isFetch(protocol string) bool {
	switch protocol {
	case "apop", "kpop", "rpop", "sdps", "pop2", "pop3", "pop3s", "pop3-ssl",
		"imap", "imaps", "imap4", "imap4-ssl":
		return true
	}
	return false
}

// isLMTP knows the protocol of delivery (RFC 2033, RFC 3848). It is not spoken with
// strangers: an address, where there is one, is that of the server in front.
//
//	Dovecot: from mx.test by mx.test with LMTP id 1
//	Cyrus: from mx.test ([unix socket]) by mx.test (Cyrus 3.6) with LMTPA
func isLMTP(protocol string) bool {
	return strings.HasPrefix(strings.TrimPrefix(protocol, "utf8"), "lmtp")
}

// isUserID knows the comment of Postfix about what its sendmail command gave in:
//
//	by mx.test (Postfix, from userid 65534) id 1
func isUserID(comment string) bool {
	_, id, found := strings.Cut(comment, ", from userid ")
	return found && id != "" && isNumber(id)
}

// isHandOver knows the line that Google writes on the way from machine to machine:
//
//	by 2002:a05:6402::1 with SMTP id a1csp2 for <a@b.test>; Mon
//
// It has no comment, and the protocol is none that a client speaks who says EHLO, has TLS
// or signs in: servers write those where they keep their client to themselves, as Postfix
// and OpenSMTPD do if told to, and Zoho for its users. What stands below is not theirs.
func (l traceLine) isHandOver() bool {
	t := l.back
	if len(t) < 6 || !t[1].word() || !t[2].is("with") || !t[3].is("smtp") || !t[4].is("id") ||
		!t[5].word() {
		return false
	}
	return len(t) == 6 || t[6].is("for") || t[6].text == ";"
}

// qmailStep reads what qmail-queue writes above the line of qmail-smtpd, and where a .qmail
// file of qmail's own user sends a message on. What it writes of other programs says "invoked
// by" another user.
func qmailStep(tokens []traceToken) Step {
	words := strings.Fields(commentAt(tokens, 0))
	if len(words) != 5 || words[0] != "qmail" || !isNumber(words[1]) ||
		len(tokens) > 1 && (tokens[1].text != ";" || tokens[1].comment) {
		return NoStep
	}
	switch strings.Join(words[2:], " ") {
	case "invoked from network":
		return Queued
	case "invoked by alias":
		return Forwarded
	}
	return NoStep
}
