package policy

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"gatepost/message"
)

// sender looks at who the message says it is from. The address of a message that has no
// single one is zero, and shows nothing.
func (r *reading) sender(s *Settings) {
	from := r.Sender.Address
	if from.IsZero() {
		return
	}
	evidence, local := Evidence{"From", from.String()}, person(from)
	if s.isOurs(from, r.mail.Envelope) {
		r.show(FromSupportAddress, evidence)
	}
	if systemUsers[local] {
		r.show(SystemUser, evidence)
	}
	if takesNoReply(local) {
		r.show(FromNoReply, evidence)
	}
}

// isOurs: a support address is one of ours, and so is one that the mail was accepted for.
func (s *Settings) isOurs(a message.Address, env *message.Envelope) bool {
	if s.Support[a] {
		return true
	}
	for _, to := range env.Recipients {
		if b, err := message.ParseAddress(to); err == nil && a == b {
			return true
		}
	}
	return false
}

// recipients looks at who the message is for: how many it names, and whether anybody reads
// it. A file has no recipients but those that it names, of which the others are not ours.
func (r *reading) recipients(s *Settings) {
	r.crowd()
	var ours []message.Address
	name := "RCPT TO"
	for _, to := range r.mail.Envelope.Recipients {
		a, _ := message.ParseAddress(to)
		ours = append(ours, a)
	}
	if len(ours) == 0 && s.Ours != nil {
		name = "To"
		for _, a := range r.mail.Message.Addresses("To", "Cc") {
			if s.Ours(a) {
				ours = append(ours, a)
			}
		}
	}
	for _, a := range ours {
		if !takesNoReply(person(a)) {
			return
		}
	}
	if len(ours) > 0 {
		r.show(ToNoReply, Evidence{name, ours[0].String()})
	}
}

// crowd counts the addresses in To and Cc, where they could be too many.
func (r *reading) crowd() {
	const shortest = len("a@b,")
	if r.addressed <= maxAddresses*shortest {
		return
	}
	n := r.mail.Message.CountMailboxes("To", "Cc")
	if n <= maxAddresses {
		return
	}
	name := "To"
	if r.copies {
		name = "To and Cc"
	}
	r.show(TooManyRecipients, Evidence{name, strconv.Itoa(n) + " addresses"})
}

// person is the local part of an address without a tag behind a plus sign.
func person(a message.Address) string {
	if a.IsZero() {
		return ""
	}
	local, _, _ := strings.Cut(a.Local(), "+")
	return local
}

// systemUsers are local parts behind which there is a machine. The long one is that of
// Exchange.
var systemUsers = setOf("mailer-daemon", "mailer_daemon", "mailer.daemon", "mailerdaemon",
	"mail-daemon", "mail_daemon", "mail.daemon", "maildaemon", "mdaemon", "double-bounce",
	"postmaster", "post_master", "root", "daemon", "cron", "nobody", "www-data", "uucp",
	"microsoftexchange329e71ec88ae4615bbc36ab6ce41109e")

// isDaemon reports whether a mail system writes its reports as that local part.
func isDaemon(local string) bool {
	return local == "postmaster" || strings.HasPrefix(local, "microsoftexchange") ||
		systemUsers[local] && strings.Contains(local, "daemon")
}

// noReplies are the words, run together, with which a local part says that nobody reads
// what is sent to it.
var noReplies = setOf("noreply", "noreplies", "noreplay", "notreply", "donotreply",
	"donotreplyto", "dontreply", "donotrespond", "noresponse", "neverreply", "noresponder",
	"noresponda", "naoresponda", "naoresponder", "nepasrepondre", "nerepondezpas",
	"nichtantworten", "keineantwort", "nonrispondere", "nietantwoorden", "nieodpowiadaj")

// maxWords is how many words of a local part are read as one: do-not-reply-to.
const maxWords = 4

// takesNoReply reports whether whole words of a local part say that it takes no answers:
// comments-noreply and do_not_reply.42 do, casinoreply does not.
func takesNoReply(local string) bool {
	words := strings.FieldsFunc(local, isNoLetter)
	for i := range words {
		joined := ""
		for _, w := range words[i:min(i+maxWords, len(words))] {
			if joined += w; noReplies[joined] {
				return true
			}
		}
	}
	return false
}

func isNoLetter(r rune) bool { return r < utf8.RuneSelf && (r < 'a' || 'z' < r) }
