package policy

import (
	"net/netip"

	"gatepost/message"
)

// hop sees who really handed the message to us. Behind a relay that is the client in the
// first Received field, from the top, that one of our machines wrote about one which is
// not ours. Each of them puts its fields above all that was there (RFC 5321, section 4.4),
// so nobody else can have written above that field. What it repeats of HELO and the reverse
// DNS is a stranger's, and below it everything is.
func (s *Settings) hop(mail Mail) Hop {
	client := mail.Envelope.Client
	if !mail.Envelope.Piped && !s.Relays.Contains(client) {
		return Hop{Client: client}
	}
	h := Hop{Relayed: true}
	for i, f := range mail.Message.Fields {
		if !f.Is("Received") {
			continue
		}
		h.Trusted = i
		client = message.ParseReceived(f.Value()).Client
		if !s.ours(client) && !s.inner(f.Value()) {
			h.Client = client
			return h
		}
	}
	return h
}

// ours reports whether it is a machine of ours that hands mail on: a relay, or what a relay
// has look at mail on its own machine, which hands it back over loopback.
func (s *Settings) ours(client netip.Addr) bool {
	return client.IsLoopback() || s.Relays.Contains(client)
}
