package mailauth

import (
	"slices"
	"strings"

	"gatepost/message"
	"gatepost/policy"
)

// Field is our own Authentication-Results field (RFC 8601), on one line without its end: what
// a says, and the verdict on From. The hostname is our authserv-id. Only domains and
// selectors that read as such are repeated. What a relay found out is not passed on as
// ours: where the verdict may follow from that, the field says so. A nil a is that nobody
// was asked.
func Field(
	hostname string, a *policy.Authentication, from message.Domain, verdict policy.Result,
) string {
	var b strings.Builder
	b.WriteString(resultsField + ": " + authservID(hostname))
	if a == nil {
		return b.String() + "; none"
	}
	if !a.SPF.Told {
		writeSPF(&b, a.SPF)
	}
	own := slices.DeleteFunc(slices.Clone(a.DKIM), func(id policy.Identity) bool { return id.Told })
	if len(own) > 0 || a.Relay == "" {
		writeDKIM(&b, own) // behind a relay nobody can tell who found none
	}
	if a.ARC.Result == policy.Pass || a.ARC.Result == policy.Fail {
		b.WriteString("; arc=" + a.ARC.Result.String()) // RFC 8617, section 7.2
	}
	b.WriteString("; dmarc=" + verdict.String())
	follows := a.Said != policy.None || a.SPF.Told || len(own) < len(a.DKIM)
	if relay := quotable(a.Relay); relay != "" && follows {
		b.WriteString(` reason="as ` + relay + ` says"`)
	} else if sealer := quotable(string(a.ARC.Sealer)); sealer != "" && a.ARC.Result == policy.Pass {
		b.WriteString(` reason="ARC sealed by ` + sealer + `"`)
	}
	writeProperty(&b, "header.from", string(from))
	return b.String()
}

func writeSPF(b *strings.Builder, id policy.Identity) {
	b.WriteString("; spf=" + id.Result.String())
	if id.Helo {
		writeProperty(b, "smtp.helo", string(id.Domain))
	} else {
		writeProperty(b, "smtp.mailfrom", string(id.Domain))
	}
}

func writeDKIM(b *strings.Builder, ids []policy.Identity) {
	if len(ids) == 0 {
		b.WriteString("; dkim=none")
	}
	for _, id := range ids {
		b.WriteString("; dkim=" + id.Result.String())
		writeProperty(b, "header.d", string(id.Domain))
		writeProperty(b, "header.s", id.Selector)
	}
}

// writeProperty leaves out a value that is no domain or selector.
func writeProperty(b *strings.Builder, name, value string) {
	if plain, ok := hostname(value); ok {
		b.WriteString(" " + name + "=" + plain)
	}
}

// authservID is a hostname that is fit to stand for us.
func authservID(name string) string {
	if plain := quotable(fold(name)); plain != "" {
		return plain
	}
	return "localhost"
}

// quotable is a token, or "" if s is none.
func quotable(s string) string {
	for i := 0; i < len(s); i++ {
		if !isToken(s[i]) {
			return ""
		}
	}
	return s
}
