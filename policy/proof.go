package policy

import (
	"fmt"
	"slices"
	"strings"

	"gatepost/message"
)

// Proof is whether the message is from its From domain: pass, fail, none (nobody was asked,
// or the domain publishes nothing that could say so) or temperror (the DNS did not answer).
// A chain of ARC that holds stands for all that failed on the way.
func (f *Facts) Proof() Result {
	a, from := f.Authentication, f.Sender.Address.Domain()
	switch {
	case a == nil:
		return None
	case a.ARC.Result == Pass && a.ARC.Author == from:
		return Pass
	}
	return a.verdict(from)
}

// doubts reports whether a sender's privileges do not count: those of staff need proof,
// those of others that nothing speaks against them.
func (t Trust) doubts(f *Facts, proof Result) bool {
	if f.Authentication == nil || t == TrustClaimed {
		return false
	}
	switch proof {
	case Pass:
		return false
	case None:
		return t == TrustStrict || f.Profile.Known && f.Profile.Role != EndUser
	}
	return true
}

// verdict is what all the checks together say. What passes counts only if it is aligned: a
// stranger's domain is authentic, too. Once From's own record has answered, nothing that
// could not be asked elsewhere excuses a message: selectors, reverse-paths and sub-domains
// are a stranger's choice. Without a DMARC record the domain's own SPF record can still say
// that a client is none of its own; one that nobody can read may say so.
func (a *Authentication) verdict(from message.Domain) Result {
	switch {
	case a.Said == Pass, a.Said == Fail && !a.found(from):
		return a.Said
	case a.passes(from):
		return Pass
	case a.DMARC.Result == TempError:
		return TempError
	case a.DMARC.Result == Pass, a.Author.Result == Fail, a.Author.Result == SoftFail:
		return Fail
	case a.Author.Result == TempError, a.Author.Result == PermError:
		return TempError
	}
	return None
}

// passes reports whether an identity that is aligned with the From domain passes.
func (a *Authentication) passes(from message.Domain) bool {
	if a.aligned(a.SPF, from, a.DMARC.StrictSPF) {
		return true
	}
	return slices.ContainsFunc(a.DKIM, func(id Identity) bool {
		return a.aligned(id, from, a.DMARC.StrictDKIM)
	})
}

// found reports whether we have found out ourselves, by a check of which the relay knew no
// result, that the message is from its From domain. OpenDMARC fails all mail that only SPF
// proves where nothing in front of it checks SPF.
func (a *Authentication) found(from message.Domain) bool {
	own := Authentication{SPF: a.SPF, DMARC: a.DMARC}
	if a.SPF.Told {
		own.SPF = Identity{}
	}
	own.DKIM = slices.DeleteFunc(slices.Clone(a.DKIM), func(id Identity) bool { return id.Told })
	return own.passes(from)
}

// aligned reports whether an identity passes and is aligned (RFC 9989). Organisational
// domains are those that the tree walk found. Where nobody publishes DMARC, nobody says what
// belongs together: then one domain is the other, or within it.
func (a *Authentication) aligned(id Identity, from message.Domain, strict bool) bool {
	switch {
	case id.Result != Pass || id.Domain == "":
		return false
	case id.Domain == from:
		return true
	case strict:
		return false
	case a.DMARC.Result == None:
		return covers(id.Domain, from) || covers(from, id.Domain)
	}
	return id.Org != "" && id.Org == a.DMARC.Org
}

// covers reports whether d is within top, which is no public suffix: below that strangers
// register.
func covers(top, d message.Domain) bool { return d.In(top) && !top.PublicSuffix() }

// organisation is the organisational domain of From, for what is not a matter of proof.
func (f *Facts) organisation() message.Domain {
	if a := f.Authentication; a != nil && a.DMARC.Org != "" {
		return a.DMARC.Org
	}
	return f.Sender.Address.Domain().Registered()
}

// Sealer is on whose word the message is taken to be from its From domain, "" if something
// else shows that, or nothing does.
func (a *Authentication) Sealer() message.Domain {
	if a == nil || a.ARC.Result != Pass || a.verdict(a.ARC.Author) == Pass {
		return ""
	}
	return a.ARC.Sealer
}

// words say what was found out, in one line.
func (a *Authentication) words() string {
	parts := []string{a.SPF.words("SPF")}
	for _, id := range a.DKIM {
		parts = append(parts, id.words("DKIM"))
	}
	if a.Author.Domain != "" && a.Author.Domain != a.SPF.Domain {
		parts = append(parts, a.Author.words("SPF"))
	}
	if a.Said != Pass || a.DMARC.Result != None { // else nobody looked
		parts = append(parts, a.DMARC.words())
	}
	if a.ARC != (Chain{}) {
		parts = append(parts, a.ARC.words())
	}
	if a.Said != None {
		parts = append(parts, fmt.Sprintf("%s says DMARC %s", a.Relay, a.Said))
	}
	return strings.Join(parts, "; ")
}

func (id Identity) words(method string) string {
	words := method + " " + id.Result.String()
	if id.Domain != "" {
		words += " for " + string(id.Domain)
	}
	if id.Helo {
		words += " (HELO)"
	}
	if id.Why != "" {
		words += " (" + message.Clean(id.Why) + ")"
	}
	return words
}

func (c Chain) words() string {
	words := "ARC " + c.Result.String()
	if c.Sealer != "" {
		words += " sealed by " + string(c.Sealer)
	}
	if c.Why != "" {
		words += " (" + message.Clean(c.Why) + ")"
	}
	return words
}

func (r Record) words() string {
	switch r.Result {
	case Pass:
		return fmt.Sprintf("DMARC of %s asks for %s", r.Domain, r.Demand)
	case TempError:
		return "DMARC was not answered: " + message.Clean(r.Why)
	}
	if r.Why != "" {
		return "no DMARC: " + message.Clean(r.Why)
	}
	return "no DMARC record"
}

// ownClient reports whether the client may send for the From domain, as SPF says.
func (f *Facts) ownClient() bool {
	a, from := f.Authentication, f.Sender.Address.Domain()
	return a != nil && a.verdict(from) == Pass && a.aligned(a.SPF, from, a.DMARC.StrictSPF)
}
