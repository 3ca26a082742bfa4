package policy

import (
	"fmt"
	"io"
	"strings"

	"gatepost/message"
)

const (
	maxAddresses = 48  // in To and Cc together, the vendor's number
	maxSign      = 200 // runes of a value that are shown
	longestName  = 40  // octets, more than any field below has
)

// A reading is one pass over the header fields, and what it keeps for causes that look at
// more than one of them.
type reading struct {
	*Facts
	mail Mail
	host string // our own name

	filters []*Product // what the relays run
	border  int        // how many fields at the top say how it was judged, see judged

	submitted int  // Auto-Submitted fields
	generated bool // the first one says auto-generated
	rule      bool // a rule of a mailbox handed the message on
	robots    Sign // what shows a machine beside Auto-Submitted
	received  int  // Received fields
	addressed int  // octets in To and Cc
	copies    bool

	content, subject, path, failed field

	bulk     Sign   // a Precedence that machines give, and some mailing lists
	posted   bool   // through a list that people write to
	vacation Sign   // what says that somebody is away
	answer   bool   // it names the message that it answers
	title    string // the Subject, see plain
}

// A field is the value of the first one of its name.
type field struct {
	value string
	there bool
}

func (f *field) take(s Sign) {
	if !f.there {
		*f = field{s.Value, true}
	}
}

// readSigns looks for what shows each cause. The body is read only where the header section
// leaves it open.
func (s *Settings) readSigns(f *Facts, mail Mail) {
	r := reading{Facts: f, mail: mail, host: s.Hostname, filters: s.Filters,
		border: wrapped(mail.Message.Fields, f.Hop)}
	for i := range mail.Message.Fields {
		r.field(i)
	}
	r.forward()
	r.precede()
	if mail.Envelope.NullPath {
		r.Signs[AutoMailer] = nullPath()
	}
	r.title = plain(mail.Message.Subject())
	r.circle()
	r.bounce()
	r.absence()
	r.sender(s)
	r.recipients(s)
	r.blank()
	if client := mail.Envelope.Client; s.OnlyRelays && client.IsValid() && !f.Hop.Relayed {
		r.show(ServerLock, Sign{"client", client.String()})
	}
}

// A telling is header fields that can show something, by one reader. Their names have a blank
// between them, each as it is usually spelled.
type telling struct {
	read  func(*reading, Sign)
	names string
}

// manyTell are the fields that more than one cause looks at, or none by itself.
var manyTell = []telling{
	{(*reading).list, "List-Id"},
	{(*reading).post, "List-Post"},
	{(*reading).typed, "Content-Type"},
	{(*reading).replied, "In-Reply-To References"},
	{(*reading).titled, "Subject"},
	{(*reading).returned, "Return-Path"},
	{(*reading).to, "To"},
	{(*reading).cc, "Cc"},
}

// A tellingField is one of them.
type tellingField struct {
	name string
	read func(*reading, Sign)
}

// tellingFields are all of them, those of the causes too, by their names in lower case.
var tellingFields = allTelling()

func allTelling() map[string]tellingField {
	all := map[string]tellingField{}
	add := func(tellings []telling) {
		for _, t := range tellings {
			for name := range strings.FieldsSeq(t.names) {
				all[lower(name)] = tellingField{name, t.read}
			}
		}
	}
	add(manyTell)
	for c := range EachCause() {
		add(causes[c].fields)
	}
	return all
}

// field reads field i.
func (r *reading) field(i int) {
	f := r.mail.Message.Fields[i]
	if f.Is("Received") {
		r.trace(f)
		return
	}
	var buffer [longestName]byte
	name := buffer[:fold(&buffer, f.Raw[:f.Colon])]
	if known, ok := tellingFields[string(name)]; ok {
		known.read(r, Sign{known.name, f.Value()})
	} else if marks, ok := marked[string(name)]; ok {
		r.judged(i, marks)
	}
}

// fold writes a field name in ASCII lower case, and says how long it is: 0 if it is longer
// than those that are looked for.
func fold(to *[longestName]byte, name []byte) int {
	n := len(name)
	for n > 0 && (name[n-1] == ' ' || name[n-1] == '\t') {
		n--
	}
	if n > len(to) {
		return 0
	}
	for i, c := range name[:n] {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		to[i] = c
	}
	return n
}

// show notes what shows a cause, if nothing has yet.
func (r *reading) show(c Cause, s Sign) {
	if r.Signs[c].IsZero() {
		r.Signs[c] = s.fit()
	}
}

// fit is the sign as it is kept: clean, on one line without tabs, and not longer than people
// read.
func (s Sign) fit() Sign {
	s.Value = message.Clean(strings.ReplaceAll(s.Value, "\t", " "))
	n := 0
	for i := range s.Value {
		if n++; n > maxSign {
			s.Value = s.Value[:i] + "..."
			break
		}
	}
	return s
}

// autoSubmitted reads RFC 3834, section 5: everything but no was written by a machine. It
// tells more than other fields, and is shown in place of them. Whoever has two of them has
// let a machine add one.
func (r *reading) autoSubmitted(s Sign) {
	r.submitted++
	if s.Value == "" || message.Keyword(s.Value) == "no" {
		if r.submitted > 1 {
			r.show(AutoMailer, Sign{s.Field, fmt.Sprintf("%d fields", r.submitted)})
		}
		return
	}
	if r.submitted == 1 {
		r.Signs[AutoMailer] = Sign{}
		r.generated = message.Keyword(s.Value) == "auto-generated"
	}
	r.show(AutoMailer, s)
	if strings.Contains(message.Remarks(s.Value), "vacation") {
		r.away(s)
	}
}

// exchange reads what in Exchange made a message.
func (r *reading) exchange(s Sign) {
	r.rule = r.rule || strings.EqualFold(s.Value, "Mailbox Rules Agent")
}

// forward settles what Auto-Submitted is about where a rule of a mailbox handed a message
// on: since 2025 Exchange Online writes auto-generated into a person's mail then
// (https://github.com/zammad/zammad/issues/6025). What such a rule answers by itself is
// auto-replied.
func (r *reading) forward() {
	if r.rule && r.generated && r.submitted == 1 {
		r.Signs[AutoMailer] = r.robots.fit()
	}
}

func (r *reading) precedence(s Sign) {
	switch message.Keyword(s.Value) {
	case "junk", "auto_reply", "auto-reply":
		r.machine(s)
	case "bulk":
		r.bulk = s
	case "list":
		r.list(s)
	}
}

// precede settles what a Precedence of bulk is about. Mailing lists to which people write
// set it as well as machines do, and say how to write to them (RFC 2369, section 3.4).
func (r *reading) precede() {
	switch {
	case r.bulk.IsZero():
	case r.posted:
		r.list(r.bulk)
	default:
		r.show(AutoMailer, r.bulk)
	}
}

// post reads List-Post: NO says that nobody may write.
func (r *reading) post(s Sign) {
	r.posted = r.posted || message.Keyword(s.Value) != "no"
}

func (r *reading) list(s Sign) {
	if r.List.IsZero() {
		r.List = s.fit()
	}
}

// robot is a field that only machines write, unless it says no.
func (r *reading) robot(s Sign) {
	if !denies(s.Value) {
		r.machine(s)
	}
}

// machine is what shows that a machine wrote the message, beside Auto-Submitted.
func (r *reading) machine(s Sign) {
	if r.robots.IsZero() {
		r.robots = s
	}
	r.show(AutoMailer, s)
}

func (r *reading) away(s Sign) {
	if r.vacation.IsZero() && !denies(s.Value) {
		r.vacation = s
	}
}

func denies(value string) bool {
	word := message.Keyword(value)
	return word == "no" || word == "false" || word == "0"
}

// replied is a field of an answer: RFC 5230, section 5.8 wants one in that of a vacation.
func (r *reading) replied(s Sign) { r.answer = r.answer || s.Value != "" }

func (r *reading) failing(s Sign) { r.failed.take(s) }

func (r *reading) typed(s Sign) { r.content.take(s) }

func (r *reading) titled(s Sign) { r.subject.take(s) }

func (r *reading) returned(s Sign) { r.path.take(s) }

func (r *reading) to(s Sign) { r.addressed += len(s.Value) }

func (r *reading) cc(s Sign) {
	r.copies = true
	r.addressed += len(s.Value)
}

// blank asks whether there is anything to be seen.
func (r *reading) blank() {
	if hasWord(r.subject.value) || !r.mail.Message.Blank(r.body) {
		return
	}
	said := "none"
	if r.subject.there {
		said = "empty"
	}
	r.show(Blank, Sign{"Subject", said})
}

// hasWord reports at a glance that somebody sees something of it: it begins with a letter.
func hasWord(s string) bool {
	return s != "" && 'a' <= s[0]|0x20 && s[0]|0x20 <= 'z'
}

// body reads what follows the header section.
func (r *reading) body() io.Reader {
	if r.mail.Body == nil {
		return strings.NewReader("")
	}
	return r.mail.Body()
}
