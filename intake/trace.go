package intake

import (
	"net/netip"
	"strings"
	"time"

	"gatepost/message"
)

// trace is our trace field (RFC 5321, section 4.4). It is kept beside the message: what
// was received stays as it was. What did not come by SMTP came from nobody that we saw.
func (r *Receiver) trace(env *message.Envelope, id string) string {
	at := env.ReceivedAt.Format(time.RFC1123Z)
	if !env.Client.IsValid() {
		return "Received: by " + r.Hostname + " id " + id + "; " + at
	}
	with := "ESMTP"
	if env.SMTPUTF8 {
		with = "UTF8SMTP"
	}
	if env.TLS {
		with += "S"
	}
	return message.Clean("Received: from " + tracedClient(env.Helo, env.Client) + " by " +
		r.Hostname + " with " + with + " id " + id + "; " + at)
}

// tracedClient is the Extended-Domain of a trace field: what a client called itself, where
// that is a domain or an address literal, and its address. Any other name goes into a
// comment, which every reader of the field skips.
func tracedClient(helo string, client netip.Addr) string {
	from := literal(client)
	if d, err := message.ParseDomain(helo); err == nil && !strings.Contains(string(d), "_") {
		return string(d) + " (" + from + ")"
	}
	if helo == "" { // which a program that hands us a message need not know
		return from + " (" + from + ")"
	}
	inner, bracketed := strings.CutPrefix(helo, "[")
	inner = strings.TrimPrefix(strings.TrimSuffix(inner, "]"), "IPv6:")
	if a, err := netip.ParseAddr(inner); bracketed && err == nil && a.Zone() == "" {
		return literal(a) + " (" + from + ")"
	}
	escaped := strings.NewReplacer(`\`, `\\`, "(", `\(`, ")", `\)`).Replace(helo)
	return from + " (" + from + ") (helo=" + escaped + ")"
}

// literal is an address literal (RFC 5321, section 4.1.3).
func literal(a netip.Addr) string {
	if a.Is6() {
		return "[IPv6:" + a.String() + "]"
	}
	return "[" + a.String() + "]"
}
