package policy

import (
	"slices"
	"strconv"
	"strings"

	"gatepost/message"
)

// saying is a mark whose first word means spam, in any letter case: behind it stand scores
// and remarks.
func saying(field string, words ...string) Mark {
	return Mark{field, strings.Join(words, ", "), func(value string) bool {
		first, _, _ := strings.Cut(message.Keyword(value), ",")
		return slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(w, first) })
	}}
}

// phrases is a mark that means spam if it begins with one of some phrases, which may have
// more than one word.
func phrases(field string, all ...string) Mark {
	return Mark{field, strings.Join(all, ", "), func(value string) bool {
		value = strings.ToLower(value)
		return slices.ContainsFunc(all, func(p string) bool {
			return strings.HasPrefix(value, strings.ToLower(p))
		})
	}}
}

// scoring is a mark that is a number, which means spam from least on.
func scoring(field string, least float64) Mark {
	says := strconv.FormatFloat(least, 'f', -1, 64) + " and more"
	return Mark{field, says, func(value string) bool { return reaches(value, least) }}
}

func reaches(value string, least float64) bool {
	n, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	return err == nil && n >= least
}

// listing is a mark that is a list of values with their names, such as R=SPAM;S=100. It
// means spam if one of them does.
func listing(field, says, separators string, spam func(name, value string) bool) Mark {
	return Mark{field, says, func(value string) bool {
		parts := strings.FieldsFuncSeq(value, func(r rune) bool {
			return strings.ContainsRune(separators, r)
		})
		for part := range parts {
			at := strings.IndexAny(part, "=:")
			if at >= 0 && spam(strings.TrimSpace(part[:at]), strings.TrimSpace(part[at+1:])) {
				return true
			}
		}
		return false
	}}
}

// forefront is what Exchange Online found: a verdict, a category, and a level of confidence,
// of which 5 and 6 are spam and more is spam for sure.
func forefront() Mark {
	return listing("X-Forefront-Antispam-Report", "SFV:SPM, CAT:SPM, SCL:5 and more", ";\t ",
		func(name, value string) bool {
			switch name {
			case "SFV":
				return slices.Contains(blockedBy, value)
			case "CAT":
				return slices.Contains(spamCategories, value)
			}
			return name == "SCL" && reaches(value, 5)
		})
}

var (
	// blockedBy are the verdicts that mean spam: the filter's, that of a rule in front of
	// it, and that of a list of blocked senders.
	blockedBy = []string{"SPM", "SKS", "SKB"}
	// spamCategories are spam and phishing, each also with high confidence, and spam that
	// was sent from within.
	spamCategories = []string{"SPM", "HSPM", "PHSH", "HPHSH", "HPHISH", "OSPM"}
)

// assassin are the marks of SpamAssassin and of what writes like it.
func assassin(others ...Mark) []Mark {
	return append([]Mark{saying("X-Spam-Flag", "Yes", "true"), saying("X-Spam-Status", "Yes", "true")},
		others...)
}

// A marking is a mark and the product that makes it.
type marking struct {
	Mark
	by *Product
}

// marked are the fields that may say spam, by their names in lower case.
var marked = func() map[string][]marking {
	all := map[string][]marking{}
	for i := range products {
		for _, m := range products[i].Spam {
			name := strings.ToLower(m.Field)
			all[name] = append(all[name], marking{m, &products[i]})
		}
	}
	return all
}()

// judged reads field i, which may say how the message was judged. Above the relay's line
// that counts whoever wrote it. Below it anybody can write one, and a forged mark does
// nothing but hold its author's mail: there it counts where the operator has named its
// product, and where SpamAssassin wrapped what came.
func (r *reading) judged(i int, all []marking) {
	if !r.Hop.Relayed {
		return
	}
	f := r.mail.Message.Fields[i]
	value := f.Value()
	means := func(m marking) bool { return m.spam(value) }
	switch {
	case !slices.ContainsFunc(all, means):
	case i < r.border, slices.ContainsFunc(all, func(m marking) bool {
		return means(m) && m.by.Marks.lower() && slices.Contains(r.filters, m.by)
	}):
		r.show(Spam, Evidence{all[0].Field, value})
	default:
		r.overlook(all, means)
	}
}

// overlook notes a mark that does not count, and which products would have it count.
func (r *reading) overlook(all []marking, means func(marking) bool) {
	setting := filterFor(func(p Product) bool {
		return p.Marks.lower() && slices.ContainsFunc(all, func(m marking) bool {
			return m.by.Name == p.Name && means(m)
		})
	})
	r.Unread = AddUnread(r.Unread, Unread{all[0].Field, StandsBelow, setting})
}

// wrapped is how many fields at the top are the relays', and SpamAssassin's below them. It
// can put what came into a message of its own (report_safe): that has one Received field, of
// SpamAssassin itself, at most one above it, of whoever took it up again, and its marks below.
func wrapped(fields []message.Field, h Hop) int {
	if !h.Relayed {
		return 0
	}
	for at := h.Trusted; at < min(h.Trusted+2, len(fields)) && fields[at].Is("Received"); at++ {
		if !isWrapper(fields[at]) {
			continue
		}
		for at++; at < len(fields) && isAssassins(fields[at]); {
			at++
		}
		return at
	}
	return h.Trusted
}

func isAssassins(f message.Field) bool {
	return strings.HasPrefix(strings.ToLower(f.Name()), "x-spam-")
}

// isWrapper knows SpamAssassin's "from localhost by mx.test with SpamAssassin (version 4.0.1)".
func isWrapper(f message.Field) bool {
	const opening = " from localhost by "
	if value := f.Raw[f.Colon+1:]; len(value) < len(opening) ||
		string(value[:len(opening)]) != opening {
		return false
	}
	words := strings.Fields(f.Value())
	return len(words) > 6 && words[4] == "with" && words[5] == "SpamAssassin"
}
