package policy

import (
	"cmp"
	"fmt"

	"gatepost/message"
)

// Settings are what an operator has laid down beside the lists. The zero Settings are the
// defaults, but that nobody's rate is limited.
type Settings struct {
	MaxHeader int    // octets that a header section may have; 0 is message.MaxHeader
	Hostname  string // what we call ourselves in the trace
	Trust     Trust
	Off       Causes // causes that hold nothing
	HoldLists bool   // auto_mailer also holds what comes through a mailing list
	PerHour   int    // messages of one sender that pass within an hour; 0 is no limit

	Relays     *Ranges    // machines of ours that hand mail on to us
	OnlyRelays bool       // hold what comes from anybody else
	Filters    []*Product // what they run, whose fields are read where it writes them

	Unscanned [ScannerCount]Unscanned // what becomes of mail that a scanner gave no answer on

	// Ours reports whether mail for an address is taken; nil takes all.
	Ours func(message.Address) bool
	// Support are our own full support addresses.
	Support map[message.Address]bool

	// Token is the reply token that an envelope bears; nil if replies bear none.
	Token func(*message.Envelope) Token
	// AskToken holds replies that bear none, unless staff sends them.
	AskToken bool
}

func (s *Settings) maxHeader() int { return cmp.Or(s.MaxHeader, message.MaxHeader) }

// A Trust says what proof an allowlist entry or a profile asks for. The zero Trust is
// TrustAligned.
type Trust uint8

const (
	TrustAligned Trust = iota // everything but fail and temperror
	TrustStrict               // pass
	TrustClaimed              // nothing: what From claims is taken
)

func (t Trust) String() string {
	switch t {
	case TrustStrict:
		return "strict"
	case TrustClaimed:
		return "claimed"
	}
	return "aligned"
}

// ParseTrust is the trust of that name.
func ParseTrust(name string) (Trust, error) {
	for t := TrustAligned; t <= TrustClaimed; t++ {
		if t.String() == name {
			return t, nil
		}
	}
	return TrustAligned, fmt.Errorf("%q: write aligned, strict or claimed", name)
}

// Causes is a set of causes.
type Causes uint32

// With is the set and one more.
func (s Causes) With(c Cause) Causes { return s | 1<<c }

// Has reports whether the set has the cause.
func (s Causes) Has(c Cause) bool { return s&(1<<c) != 0 }
