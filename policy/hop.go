package policy

import (
	"net/netip"
	"strconv"
	"strings"

	"gatepost/message"
)

// hop sees who really handed the message to us. Behind a relay that is the client in the
// first Received field, from the top, that one of our machines wrote about one which is
// not ours. Each of them puts its fields above all that was there (RFC 5321, section 4.4),
// so nobody else can have written above that field. What it repeats of HELO and the reverse
// DNS is a stranger's, and below it everything is. A field that names no client ends the
// search unless it is about a step of the relay's own: whoever gave the message in there
// wrote the rest.
func (s *Settings) hop(mail Mail) Hop {
	client := mail.Envelope.Client
	if !mail.Envelope.Piped && !s.Relays.Contains(client) {
		return Hop{Client: client}
	}
	h := Hop{Relayed: true}
	var above message.Received
	for i, f := range mail.Message.Fields {
		if !f.Is("Received") {
			continue
		}
		r := message.ParseReceived(f.Value())
		if !s.carriesOn(above, r) {
			return h
		}
		h.Trusted = i
		if r.Client.IsValid() && !s.ours(r.Client) && !s.inner(f.Value()) {
			h.Client, h.Helo = r.Client, r.Helo
			return h
		}
		if !r.Client.IsValid() && r.Step == message.NoStep {
			return h
		}
		above = r
	}
	return h
}

// ours reports whether it is a machine of ours that hands mail on: a relay, or what a relay
// has look at mail on its own machine, which hands it back over loopback.
func (s *Settings) ours(client netip.Addr) bool {
	return client.IsLoopback() || s.Relays.Contains(client)
}

// carriesOn reports whether field r is the relay's own where above, which it wrote, leaves
// that open.
func (s *Settings) carriesOn(above, r message.Received) bool {
	switch above.Step {
	case message.Requeued:
		return s.oneRelay(above.By, r.By)
	case message.Forwarded:
		return r.Step == message.Queued
	}
	return true
}

// oneRelay reports whether a message that a relay says it took up again, as host above, was
// its own before: the field below is by the same host. One machine of several writes its
// address for a name: that one is a relay of ours, or the address is one that strangers do
// not reach. A program on the relay's machine can write such a field, too, but nobody else:
// of what another host handed over the relay writes a field that names it.
func (s *Settings) oneRelay(above, below string) bool {
	if above == below && above != "" {
		return true
	}
	a, _ := netip.ParseAddr(above)
	b, _ := netip.ParseAddr(below)
	return s.ours(a) || s.ours(b) || isPrivate(a)
}

// isPrivate reports whether it is an address of a network that is not the Internet's (RFC
// 1918, RFC 4193), or one of those in the form of 6to4 (RFC 3056), as Google names its own.
func isPrivate(a netip.Addr) bool {
	if b := a.As16(); a.Is6() && b[0] == 0x20 && b[1] == 0x02 {
		a = netip.AddrFrom4([4]byte(b[2:6]))
	}
	return a.IsPrivate()
}

// doubtHop notes what an operator should know of a message that a relay handed on: that its
// client can be no stranger's, or which line told of none.
func (f *Facts) doubtHop(fields []message.Field) {
	h := f.Hop
	switch {
	case !h.Relayed || h.Trusted >= len(fields) || !fields[h.Trusted].Is("Received"):
	case isPrivate(h.Client):
		f.Unread = AddUnread(f.Unread, Unread{Field: "Received",
			Why: h.Client.String() + ", which it names, is no address of the Internet",
			Setting: `"` + h.Client.String() + `" in smtp.relays goes past it, if that is a ` +
				"machine of yours"})
	case !h.Client.IsValid():
		value := fields[h.Trusted].Value()
		if r := message.ParseReceived(value); !r.Client.IsValid() {
			f.Unread = AddUnread(f.Unread, Unread{Field: "Received",
				Why: "it names no client, and ends the search for one: " + quoteStart(value)})
		}
	}
}

// maxQuoted is how many octets of a line are shown: the names in it, and often the protocol.
const maxQuoted = 72

// quoteStart quotes the start of what a stranger may have written, as one line.
func quoteStart(value string) string {
	text := strings.Join(strings.Fields(value), " ")
	if len(text) > maxQuoted {
		return strconv.Quote(strings.ToValidUTF8(text[:maxQuoted], "")) + "..."
	}
	return strconv.Quote(text)
}
