package policy

import (
	"io"
	"strings"
)

// maxReport is how much of a body is looked at for the words of a mail system, in octets:
// they stand in front of the message that they are about.
const maxReport = 64 << 10

// bounce looks for a report of a delivery. The type says it for sure (RFC 3464); what older
// systems send is known by its words, where the reverse-path is null.
func (r *reading) bounce() {
	if r.report() {
		return
	}
	null, known := r.nullPath()
	daemon := isDaemon(person(r.Sender.Address))
	switch {
	case !null && !daemon:
	case isBounceSubject(r.title):
		r.show(AutoDeliveryFailure, r.subjectSign())
	case null && r.failed.there:
		r.show(AutoDeliveryFailure, Evidence{"X-Failed-Recipients", r.failed.value})
	case null:
		r.bounceBody(known)
	}
}

// report reads the Content-Type, and reports whether it settles what kind of report this is.
// One of another kind than of a delivery, such as a read receipt (RFC 8098), is automatic.
func (r *reading) report() bool {
	value := lower(r.content.value)
	if !strings.Contains(value, "report") && !strings.Contains(value, "delivery-status") {
		return false
	}
	kind, params := r.mail.Message.ContentType()
	about := lower(params["report-type"])
	s := Evidence{"Content-Type", kind}
	switch kind {
	case "multipart/delivery-status", "message/delivery-status":
		r.show(AutoDeliveryFailure, s)
		return true
	case "multipart/report":
		if about != "" {
			s.Value += "; report-type=" + about
		}
	default:
		return false
	}
	null, _ := r.nullPath()
	if about == "delivery-status" || about == "" && null {
		r.show(AutoDeliveryFailure, s)
		return true
	}
	r.show(AutoMailer, s)
	return about != ""
}

// nullPath reports whether the reverse-path is <>, or may be: a file does not always say.
func (r *reading) nullPath() (null, known bool) {
	switch {
	case r.mail.Envelope.NullPath, r.path.there && isNull(r.path.value):
		return true, true
	case r.mail.Envelope.MailFrom != "", r.path.there:
		return false, true
	}
	return true, false
}

// isNull reads a Return-Path. Some servers write a name where there is none.
func isNull(path string) bool {
	path = strings.Trim(path, "<> \t")
	return path == "" || strings.HasPrefix(lower(path), "mailer-daemon")
}

// bounceBody looks into the body: for a part that says what became of each recipient, and
// for words with which mail systems begin. Where the reverse-path is not known these must
// stand first, as people quote them too.
func (r *reading) bounceBody(known bool) {
	raw, _ := io.ReadAll(io.LimitReader(r.body(), maxReport))
	body := string(raw)
	if words := opening(body, known); words != "" {
		r.show(AutoDeliveryFailure, Evidence{"body", words})
		return
	}
	const part = "content-type: message/delivery-status"
	if known && strings.Contains(lower(body), part) {
		r.show(AutoDeliveryFailure, Evidence{"body", "Content-Type: message/delivery-status"})
	}
}

// opening finds the words with which a mail system begins its report, "" if there are none.
// They stand at the start of a line; in front of all other text, unless they may anywhere.
func opening(body string, anywhere bool) string {
	for line := range strings.Lines(body) {
		text := strings.TrimSpace(line)
		words := beginning(text, openings)
		if words != "" || !anywhere && !isFrame(line, text) {
			return words
		}
	}
	return ""
}

// isFrame reports whether a line belongs to the frame of a multipart: a boundary, a field
// of a part, or what is written in front of the parts for those who cannot read them.
func isFrame(line, text string) bool {
	return text == "" || line[0] == ' ' || line[0] == '\t' || strings.HasPrefix(line, "--") ||
		beginning(lower(text), frames) != ""
}

// frames are the beginnings of such lines, in lower case.
var frames = []string{"content-", "this is a m", "this message is in mime"}
