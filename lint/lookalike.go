package lint

import (
	"iter"
	"strings"

	"github.com/mtibben/confusables"

	"gatepost/message"
)

// lookAlikes finds domains that people take for one that they know: by each way in which that one
// may look.
type lookAlikes struct {
	known map[message.Domain]bool
	looks map[string]message.Domain
	pairs *strings.Replacer // of what looks alike in a domain, and is not in UTS #39
}

// mostKnown is how many domains are compared with: each takes a few kilobytes.
const mostKnown = 1000

// leastName is how long a name must be for a slip of the finger in it to be one: shorter ones are
// near to one another anyway.
const leastName = 5

func newLookAlikes(known iter.Seq[message.Domain]) lookAlikes {
	l := lookAlikes{known: map[message.Domain]bool{}, looks: map[string]message.Domain{},
		pairs: strings.NewReplacer("vv", "w", "5", "s")}
	for d := range known {
		if d = d.Registered(); l.known[d] || isProvider(string(d)) || d.PublicSuffix() {
			continue
		}
		l.known[d] = true
		for look := range l.ways(d) {
			if _, taken := l.looks[look]; !taken {
				l.looks[look] = d
			}
		}
		if len(l.known) == mostKnown {
			break
		}
	}
	return l
}

// find is the known domain that another one looks like, "" if there is none.
func (l lookAlikes) find(d message.Domain) message.Domain {
	if len(l.known) == 0 {
		return ""
	}
	if d = d.Registered(); l.known[d] {
		return ""
	}
	return l.looks[l.skeleton(d)]
}

// ways are how a domain looks, also with a letter left out or two that changed places.
func (l lookAlikes) ways(d message.Domain) iter.Seq[string] {
	return func(yield func(string) bool) {
		name, suffix, _ := strings.Cut(string(d), ".")
		if !yield(l.skeleton(d)) || len(name) < leastName || strings.HasPrefix(name, "xn--") {
			return
		}
		for i := range name {
			slips := []string{name[:i] + name[i+1:]}
			if i > 0 {
				slips = append(slips, name[:i-1]+name[i:i+1]+name[i-1:i]+name[i+1:])
			}
			for _, slip := range slips {
				if !yield(l.skeleton(message.Domain(slip + "." + suffix))) {
					return
				}
			}
		}
	}
}

// skeleton is what people see of a domain (UTS #39, section 4): l for 1, o for 0, rn for m. Letters
// that are written twice and hyphens are easily overlooked.
func (l lookAlikes) skeleton(d message.Domain) string {
	seen := strings.ToLower(confusables.Skeleton(l.pairs.Replace(d.Unicode())))
	var b strings.Builder
	for i := range len(seen) {
		if seen[i] != '-' && (i == 0 || seen[i] != seen[i-1]) {
			b.WriteByte(seen[i])
		}
	}
	return b.String()
}
