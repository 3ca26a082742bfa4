package policy

import (
	"net/netip"

	"gatepost/message"
)

// A SenderRate is whose messages are counted together: those that the sender's own machines sent,
// or those that claim its address from one neighbourhood, so that a forger cannot lock out
// the sender that it claims to be. A signature alone does not do for the former: anybody can
// send a signed message again.
type SenderRate struct {
	Address message.Address // zero: nothing is counted
	Client  netip.Prefix    // IPv4 /24 or IPv6 /64; zero if it is proven or the client unknown
	Proven  bool            // by SPF
}

// Rate is that of the sender.
func (f *Facts) Rate() SenderRate {
	requester, _ := f.Requester()
	b := SenderRate{Address: requester.Address, Proven: f.ownClient() && !f.hasAuthor()}
	if b.Proven || !f.Hop.Client.IsValid() {
		return b
	}
	bits := 24
	if f.Hop.Client.Is6() {
		bits = 64
	}
	b.Client, _ = f.Hop.Client.Prefix(bits)
	return b
}
