package mailauth

import (
	"fmt"
	"slices"
	"strings"

	"gatepost/message"
	"gatepost/policy"
)

// A report is what one Authentication-Results field says, and whether it stands where the
// relays alone can have written it.
type report struct {
	results
	err   error
	where policy.Place // Above, Below, or Nowhere if a relay's line stands between
}

// believed are the fields of our relays that count. What another one would have said is
// noted in a. Above the line in which the relay names its client nobody else can have
// written: there it is enough to know whose a field is. Below it a sender's own stands
// just like the relay's, unless a product that the operator has named takes those out.
func (c *Checker) believed(q Query, a *policy.Authentication) (all []results) {
	reports := readReports(q)
	if len(reports) == 0 {
		return nil
	}
	below, sure := c.below(q, reports)
	odd := quoting(q)
	for i, r := range reports {
		id := fold(r.id)
		switch {
		case r.err != nil:
			if r.where == policy.Above {
				note(a, resultsField, "it cannot be read: "+r.err.Error(), "")
			}
			continue
		case i == below && !sure:
			all = append(all, results{id: id, all: r.against()})
			note(a, nameOf(id), policy.StandsBelow+", and nothing tells it from a sender's: it "+
				"can only speak against the sender", "")
		case odd != "" && (r.where == policy.Above && c.trusts(id) || i == below):
			all = append(all, results{id: c.named(id), all: r.against()})
			note(a, nameOf(id), odd+" has what could end a comment or a value in it: it can "+
				"only speak against the sender", "")
		case r.where == policy.Above && c.trusts(id), i == below:
			r.id = c.named(id)
			all = append(all, r.results)
			if len(r.skipped) > 0 {
				note(a, nameOf(id), partly(r.skipped), "")
			}
		case id == "" && r.where == policy.Below:
			overlookBare(a, q)
		default:
			c.overlook(a, r.where, id)
		}
	}
	return all
}

// readReports reads all such fields.
func readReports(q Query) (all []report) {
	fields := q.Message.Fields
	trusted := min(max(q.Hop.Trusted, 0), len(fields))
	where := policy.Above
	for i, f := range fields {
		switch {
		case i == trusted && f.Is("Received"):
			where = policy.Below
		case i >= trusted && (i == trusted || f.Is("Received")):
			where = policy.Nowhere
		}
		if !f.Is(resultsField) {
			continue
		}
		r := report{where: where}
		if len(f.Raw) > maxField {
			r.err = fmt.Errorf("it has more than %d octets", maxField)
		} else {
			r.results, r.err = readResults(f.Value())
		}
		all = append(all, r)
	}
	return all
}

// quoting names what of a stranger's words could be read as the relay's: relays repeat them in
// comments and values, and few of them quote what needs it. "" if all are harmless.
func quoting(q Query) string {
	words := []struct{ what, text string }{
		{"the reverse-path", q.Envelope.MailFrom}, {"HELO", q.helo()}, {"From", q.Message.Sender().Text},
	}
	for _, f := range q.Message.Fields {
		if f.Is(signatureField) {
			tags, _ := readTags(f.Value())
			words = append(words, struct{ what, text string }{"a signature",
				tags["d"] + tags["i"] + tags["s"]})
		}
	}
	for _, w := range words {
		if strings.ContainsAny(w.text, "()\";\\ \t") {
			return w.what
		}
	}
	return ""
}

// trusts reports whether fields with that authserv-id are read above the relay's line.
func (c *Checker) trusts(id string) bool {
	return id != "" && slices.Contains(c.relays, id) ||
		slices.ContainsFunc(c.filters, func(p *policy.Product) bool { return p.Owns(id) })
}

// below is which report a named product wrote directly below the relay's line, -1 for none.
// It is the first one there: a product that takes out a sender's may leave some, but puts its
// own in front of them. That is not sure with another one of the same id there, or above the
// line, since then something else may write it and the product none; and where the relay does
// not say who its client was, since then that line may not be what it seems.
func (c *Checker) below(q Query, all []report) (first int, sure bool) {
	first = slices.IndexFunc(all, func(r report) bool { return r.where == policy.Below })
	if first < 0 || all[first].err != nil {
		return -1, false
	}
	id := fold(all[first].id)
	writes := func(p *policy.Product) bool {
		own := len(p.IDs) == 0 && slices.Contains(c.relays, id)
		return p.ReadBelow() && (own || p.Owns(id))
	}
	if !slices.ContainsFunc(c.filters, writes) {
		return -1, false
	}
	sure = !q.hidden()
	for i, r := range all {
		alike := r.where != policy.Nowhere && (r.err != nil || fold(r.id) == id)
		sure = sure && (i == first || !alike)
	}
	return first, sure
}

// named is what a relay is called: a product without an authserv-id has its name here.
func (c *Checker) named(id string) string {
	if id != "" {
		return id
	}
	at := slices.IndexFunc(c.filters, func(p *policy.Product) bool { return p.Owns("") })
	return c.filters[at].Name
}

// overlook notes a field of a relay or a product that we know and that is not read, and what
// would have it read.
func (c *Checker) overlook(a *policy.Authentication, where policy.Place, id string) {
	ours, p := slices.Contains(c.relays, id), policy.ProductOf(id)
	switch {
	case where == policy.Above && p != nil:
		note(a, nameOf(id), "nothing says that the relay has it from "+p.Title,
			`"`+p.Name+`" in smtp.filter reads it`)
	case where == policy.Above:
		note(a, nameOf(id), "smtp.authserv_id does not name it", adding(id))
	case ours && where == policy.Below && p == nil &&
		!slices.ContainsFunc(c.filters, (*policy.Product).ReadBelow):
		note(a, nameOf(id), policy.StandsBelow, policy.ReadBelow())
	case ours, where == policy.Below && p != nil:
		note(a, nameOf(id), policy.StandsBelow+"; who it is from is asked here instead", "")
	case where == policy.Below && slices.ContainsFunc(c.filters, (*policy.Product).ReadBelow):
		note(a, nameOf(id), policy.StandsBelow+", and smtp.authserv_id does not name it", "")
	}
}

// overlookBare notes a field without an authserv-id below a line that one machine of a
// product wrote about another, which counts as that of a stranger.
func overlookBare(a *policy.Authentication, q Query) {
	line := q.Message.Fields[max(q.Hop.Trusted, 0)].Value()
	if p := policy.ProductOf(""); p != nil && p.Inner != nil && p.Inner(line) {
		note(a, nameOf(""), policy.StandsBelow, `"`+p.Name+`" in smtp.filter knows that line as `+
			"one of "+p.Title+", and reads it")
	}
}

// adding is how an authserv-id is named, where it is a name.
func adding(id string) string {
	if _, ok := hostname(id); !ok {
		return ""
	}
	return `"` + id + `" in smtp.authserv_id reads it`
}

func note(a *policy.Authentication, field, why, setting string) {
	a.Unread = policy.AddUnread(a.Unread, policy.Unread{Field: field, Why: why, Setting: setting})
}

func nameOf(id string) string {
	if id == "" {
		return resultsField + " without an authserv-id"
	}
	return resultsField + " of " + clean(id)
}

// partly says what was skipped of a field that is read in part.
func partly(skipped []string) string {
	return "it is read in part, since this is no result: " +
		clean(message.Clean(strings.Join(skipped, "; ")))
}
