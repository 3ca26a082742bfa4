package mailauth

import (
	"fmt"
	"slices"

	"gatepost/message"
	"gatepost/policy"
)

// maxSeals is how many hops of a chain are asked about: for each there is a question to the
// DNS, and a fifth of these is what mail goes through.
const maxSeals = 10

// sealed reads the ARC chain of a message. It gives it only if it is worth asking about: it
// is one, and every key in it is of a sealer that is named. A chain is only as good as its
// worst hop, since whoever seals first says who the author was (RFC 8617, section 9.3); and a
// stranger's chain is not to cost us questions.
func (c *Checker) sealed(q Query) (*chain, policy.Chain) {
	if q.From == "" {
		return nil, policy.Chain{}
	}
	read, err := readChain(q.Message.Fields)
	switch {
	case read == nil && (err == nil || len(c.sealers) == 0):
		return nil, policy.Chain{}
	case err != nil:
		return nil, policy.Chain{Result: policy.Fail, Why: why("", err)}
	}
	said := policy.Chain{Sealer: read.seals[len(read.seals)-1].Domain}
	for _, s := range slices.Backward(read.signatures()) {
		if !slices.ContainsFunc(c.sealers, s.Domain.In) {
			said.Why = "auth.sealers does not name " + string(s.Domain)
			return nil, said
		}
	}
	if len(read.seals) > maxSeals {
		said.Why = fmt.Sprintf("it has more than %d hops", maxSeals)
		return nil, said
	}
	return read, said
}

// signatures are those that a chain rests on: the seals, and what the last hop signed.
func (c *chain) signatures() (all []*signature) {
	if c == nil {
		return nil
	}
	all = append(all, &c.message)
	for i := range c.seals {
		all = append(all, &c.seals[i])
	}
	return all
}

// says is what a chain whose signatures are settled says about From. The last hop is to have
// signed it, with nothing put in front; that the chain holds is not yet for anybody.
func (c *chain) says(q Query) (policy.Result, string) {
	if result, why := c.holds(); result != policy.Pass {
		return result, why
	}
	fields := q.Message.Fields
	spoilt := c.message.spoilt(fields)
	switch {
	case !slices.Contains(c.message.names, "from"):
		return policy.Neutral, "the From field is not signed"
	case spoilt != nil:
		return policy.Neutral, why("", spoilt)
	case !passed(fields[c.results], q.From):
		return policy.Neutral, "its first hop does not say that " + string(q.From) + " passed"
	}
	return policy.Pass, ""
}

// holds reports whether all signatures of a chain do (RFC 8617, section 5.2, steps 4 to 6),
// or which does not.
func (c *chain) holds() (policy.Result, string) {
	for i, s := range slices.Backward(append(c.signatures()[1:], &c.message)) {
		if s.Result == policy.Pass {
			continue
		}
		name := fmt.Sprintf("%s %d: ", arcFields[arcSeal], i+1)
		if s == &c.message {
			name = fmt.Sprintf("%s %d: ", arcFields[arcSignature], i)
		}
		if s.Result != policy.TempError {
			return policy.Fail, name + s.Why
		}
		return policy.TempError, name + s.Why
	}
	return policy.Pass, ""
}

// passed reports whether the first hop says that a message was from that domain: by DMARC, or
// where it has no word of that by SPF or DKIM for the domain itself. Unlike a relay's field
// one that cannot be read to its end says nothing: it asks for a privilege.
func passed(f message.Field, from message.Domain) bool {
	_, text := divideResults(f)
	r, err := readResults(text)
	if err != nil || r.id == "" || len(r.skipped) > 0 || r.torn {
		return false
	}
	if said := heardDMARC(r.all, from); said != policy.None {
		return said == policy.Pass
	}
	path := heardSPF(r.all)
	return slices.ContainsFunc(append(heardDKIM(r.all), path), func(id policy.Identity) bool {
		return id.Result == policy.Pass && id.Domain == from && !id.Helo
	})
}
