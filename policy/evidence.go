package policy

import (
	"io"
	"strings"

	"gatepost/message"
)

const (
	maxAddresses = 48  // in To and Cc together, the vendor's number
	maxEvidence  = 200 // runes of a value that are shown
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

	submitted int      // Auto-Submitted fields
	generated bool     // the first one says auto-generated
	rule      bool     // a rule of a mailbox handed the message on
	robots    Evidence // what shows a machine beside Auto-Submitted
	received  int      // Received fields
	addressed int      // octets in To and Cc
	copies    bool

	content, subject, path, failed field

	bulk     Evidence // a Precedence that machines give, and some mailing lists
	posted   bool     // through a list that people write to
	vacation Evidence // what says that somebody is away
	answer   bool     // it names the message that it answers
	title    string   // the Subject, see plain
}

// A field is the value of the first one of its name.
type field struct {
	value string
	there bool
}

func (f *field) take(s Evidence) {
	if !f.there {
		*f = field{s.Value, true}
	}
}

// readEvidence looks for what shows each cause. The body is read only where the header section
// leaves it open.
func (s *Settings) readEvidence(f *Facts, mail Mail) {
	r := reading{Facts: f, mail: mail, host: s.Hostname, filters: s.Filters,
		border: wrapped(mail.Message.Fields, f.Hop)}
	for i := range mail.Message.Fields {
		r.field(i)
	}
	r.forward()
	r.precede()
	if mail.Envelope.NullPath {
		r.Evidence[AutoMailer] = nullPath()
	}
	r.title = plain(mail.Message.Subject())
	r.circle()
	r.bounce()
	r.absence()
	r.sender(s)
	r.recipients(s)
	r.blank()
	if client := mail.Envelope.Client; s.OnlyRelays && client.IsValid() && !f.Hop.Relayed {
		r.show(ServerLock, Evidence{"client", client.String()})
	}
}

// A headerCheck is header fields that can show something, by one reader. Their names have a blank
// between them, each as it is usually spelled.
type headerCheck struct {
	read  func(*reading, Evidence)
	names string
}

// sharedChecks are the fields that more than one cause looks at, or none by itself.
var sharedChecks = []headerCheck{
	{(*reading).list, "List-Id"},
	{(*reading).post, "List-Post"},
	{(*reading).typed, "Content-Type"},
	{(*reading).replied, "In-Reply-To References"},
	{(*reading).titled, "Subject"},
	{(*reading).returned, "Return-Path"},
	{(*reading).to, "To"},
	{(*reading).cc, "Cc"},
}

// A checkedField is one of them.
type checkedField struct {
	name string
	read func(*reading, Evidence)
}

// checkedFields are all of them, those of the causes too, by their names in lower case.
var checkedFields = allChecks()

func allChecks() map[string]checkedField {
	all := map[string]checkedField{}
	add := func(tellings []headerCheck) {
		for _, t := range tellings {
			for name := range strings.FieldsSeq(t.names) {
				all[lower(name)] = checkedField{name, t.read}
			}
		}
	}
	add(sharedChecks)
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
	if known, ok := checkedFields[string(name)]; ok {
		known.read(r, Evidence{known.name, f.Value()})
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
func (r *reading) show(c Cause, s Evidence) {
	if r.Evidence[c].IsZero() {
		r.Evidence[c] = s.fit()
	}
}

// fit is the evidence as it is kept: clean, on one line without tabs, and not longer than people
// read.
func (s Evidence) fit() Evidence {
	s.Value = message.Clean(strings.ReplaceAll(s.Value, "\t", " "))
	n := 0
	for i := range s.Value {
		if n++; n > maxEvidence {
			s.Value = s.Value[:i] + "..."
			break
		}
	}
	return s
}

// replied is a field of an answer: RFC 5230, section 5.8 wants one in that of a vacation.
func (r *reading) replied(s Evidence) { r.answer = r.answer || s.Value != "" }

func (r *reading) failing(s Evidence) { r.failed.take(s) }

func (r *reading) typed(s Evidence) { r.content.take(s) }

func (r *reading) titled(s Evidence) { r.subject.take(s) }

func (r *reading) returned(s Evidence) { r.path.take(s) }

func (r *reading) to(s Evidence) { r.addressed += len(s.Value) }

func (r *reading) cc(s Evidence) {
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
	r.show(Blank, Evidence{"Subject", said})
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
