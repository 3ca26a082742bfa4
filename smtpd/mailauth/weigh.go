package mailauth

import (
	"net/netip"
	"slices"
	"strings"

	"gatepost/message"
	"gatepost/policy"
)

// weigh leaves of a field what is safe to believe. Between semicolons some relays write what
// strangers say: Amazon SES repeats the reverse-path and HELO there. Where a relay does not
// quote them, a stranger can write findings of his own. So a field that can be read in part
// only speaks against a sender or not at all, but for the finding of DMARC of a product that
// is known to write one in any case: if it is the only one, and stands last behind nothing but
// sound remarks, it is the product's. What passes otherwise we ask ourselves.
//
// In comments they repeat a reverse-path as it is, and the quotation marks of a local part
// hold nothing together there: one that ends within them may have been ended by a stranger.
func (r *results) weigh() {
	r.unsigned()
	if len(r.skipped) == 0 && !r.torn {
		return
	}
	kept := r.against()
	if last := r.verdict(); last >= 0 && r.all[last].outcome() != policy.Fail {
		kept = append(kept, r.all[last])
	}
	r.all = kept
}

// against are the findings that speak against the sender. With a DMARC that fails, those of
// SPF and DKIM say at least that the relay has asked, and that it did not help; of whom, a
// stranger may have written.
func (r *results) against() (kept []finding) {
	fails := slices.ContainsFunc(r.all, func(f finding) bool {
		return f.method == "dmarc" && f.outcome() == policy.Fail
	})
	for _, f := range r.all {
		switch {
		case f.method == "dmarc" && f.outcome() == policy.Fail:
		case f.method == "spf" && severity(f.outcome()) >= severity(policy.SoftFail):
		case fails && (f.method == "spf" || f.method == "dkim"):
			if f.properties = nil; f.outcome() == policy.Pass {
				f.result = policy.Neutral.String()
			}
		default:
			continue
		}
		kept = append(kept, f)
	}
	return kept
}

// unsigned has no signature pass that is said to be absent: one of both is a stranger's.
func (r *results) unsigned() {
	none := func(f finding) bool { return f.method == "dkim" && f.result == "none" }
	if !slices.ContainsFunc(r.all, none) {
		return
	}
	for i, f := range r.all {
		if f.method == "dkim" && f.outcome() == policy.Pass {
			r.all[i].result = policy.Neutral.String()
		}
	}
}

// verdict is where the finding of DMARC stands that can only be the relay's own, -1 if there
// is none.
func (r *results) verdict() int {
	at := -1
	for i, f := range r.all {
		switch {
		case f.method == "dmarc" && at >= 0:
			return -1 // one of them is not
		case f.method == "dmarc":
			at = i
		case at >= 0 && (f.method != "compauth" || r.id != ""): // Exchange Online's
			return -1
		}
	}
	p := policy.ProductOf(fold(r.id))
	if p == nil || !p.Remarks || r.torn || at < 0 || r.all[at].at < len(r.skipped) || !harmless(r.skipped) {
		return -1
	}
	return at
}

// remarks are what SES and others write between semicolons about the transaction.
var remarks = [...]struct {
	name  string
	sound func(value string) bool
}{
	{"client-ip", isAddress},
	{"envelope-from", isPath},
	{"helo", isHelo},
	{"receiver", isHelo},
}

// isRemark reports whether that is the name of a remark, and no method's.
func isRemark(name string) bool {
	for _, r := range remarks {
		if r.name == name {
			return true
		}
	}
	return false
}

// harmless reports whether all that was skipped are remarks that hold what they should, each
// there once, or names of hosts.
func harmless(skipped []string) bool {
	seen := map[string]bool{}
	for _, text := range skipped {
		name, value, named := strings.Cut(text, "=")
		if name = fold(strings.TrimRight(name, " \t")); seen[name] {
			return false
		}
		if !named {
			if _, ok := hostname(text); !ok {
				return false
			}
			continue
		}
		seen[name] = true
		if !holds(name, strings.TrimLeft(value, " \t")) {
			return false
		}
	}
	return true
}

func holds(name, value string) bool {
	for _, r := range remarks {
		if r.name == name {
			return r.sound(value)
		}
	}
	return false
}

func isAddress(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil
}

// isPath knows a reverse-path that needs no quotes, and the null one.
func isPath(s string) bool {
	if s == "" || s == "<>" {
		return true
	}
	local, domain, ok := strings.Cut(s, "@")
	if !ok || local == "" || strings.Trim(local, atext) != "" {
		return false
	}
	_, err := message.ParseDomain(domain)
	return err == nil
}

// isHelo knows a name and an address literal.
func isHelo(s string) bool {
	if inner, ok := strings.CutPrefix(s, "["); ok {
		return isAddress(strings.TrimPrefix(strings.TrimSuffix(inner, "]"), "IPv6:"))
	}
	_, ok := hostname(s)
	return ok
}
