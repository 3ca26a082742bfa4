package policy

import (
	"fmt"

	"gatepost/message"
)

// A Result is the outcome of a check (RFC 8601, section 2.7). The zero Result is none.
type Result uint8

const (
	None Result = iota
	Pass
	Fail
	SoftFail
	Neutral
	TempError
	PermError
)

var results = [...]string{
	None: "none", Pass: "pass", Fail: "fail", SoftFail: "softfail", Neutral: "neutral",
	TempError: "temperror", PermError: "permerror",
}

func (r Result) String() string { return results[r] }

// MarshalText spells the result as String does.
func (r Result) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (r *Result) UnmarshalText(text []byte) error {
	result, ok := ParseResult(string(text))
	if !ok {
		return fmt.Errorf("%q is no result of a check", text)
	}
	*r = result
	return nil
}

// ParseResult is the result of that name; ok is false if there is none.
func ParseResult(name string) (r Result, ok bool) {
	for i, known := range results {
		if known == name {
			return Result(i), true
		}
	}
	return None, false
}

// A Demand is what a domain asks to be done with mail that fails DMARC (RFC 9989).
type Demand uint8

const (
	DemandNone Demand = iota
	DemandQuarantine
	DemandReject
)

func (d Demand) String() string {
	switch d {
	case DemandQuarantine:
		return "quarantine"
	case DemandReject:
		return "reject"
	}
	return "none"
}

// MarshalText spells the demand as String does.
func (d Demand) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (d *Demand) UnmarshalText(text []byte) error {
	for *d = DemandNone; *d <= DemandReject; *d++ {
		if d.String() == string(text) {
			return nil
		}
	}
	return fmt.Errorf("%q is no demand of DMARC", text)
}

// An Identity is a domain that a check was about, and what came of it.
type Identity struct {
	Result   Result         `json:"result"`
	Domain   message.Domain `json:"domain"`
	Org      message.Domain `json:"org,omitempty"`      // its organisational domain, if it was looked up
	Selector string         `json:"selector,omitempty"` // of a DKIM key
	Helo     bool           `json:"helo,omitempty"`     // SPF of HELO, since the reverse-path is null
	Told     bool           `json:"told,omitempty"`     // by a relay of ours, and not found out by us
	Why      string         `json:"why,omitempty"`
}

// A Record is what a From domain publishes for DMARC, as it applies to one message: its
// subdomain policies and testing mode are worked in (RFC 9989).
type Record struct {
	Result     Result         `json:"result"`           // None: no record; Pass: one; TempError: no answer
	Domain     message.Domain `json:"domain,omitempty"` // whose record it is
	Org        message.Domain `json:"org,omitempty"`    // the organisational domain of From
	Demand     Demand         `json:"demand,omitempty"`
	StrictSPF  bool           `json:"strict_spf,omitempty"`
	StrictDKIM bool           `json:"strict_dkim,omitempty"`
	Why        string         `json:"why,omitempty"`
}

// A Chain is what an ARC chain (RFC 8617) says about the author of a message.
type Chain struct {
	Result Result         `json:"result"`           // Pass: it holds, and its first hop says that Author passed
	Sealer message.Domain `json:"sealer,omitempty"` // who sealed it last
	Author message.Domain `json:"author,omitempty"` // the From domain, if it was asked about
	Why    string         `json:"why,omitempty"`
}

// An Authentication is what was found out about who sent a message. Nil: nobody was asked.
type Authentication struct {
	Relay  string     `json:"relay,omitempty"` // the authserv-id of the relay that told us some of this
	SPF    Identity   `json:"spf"`             // of the reverse-path
	Author Identity   `json:"author"`          // SPF of the From domain, asked if it has no DMARC record
	DKIM   []Identity `json:"dkim,omitempty"`  // one for each signature looked at
	ARC    Chain      `json:"arc,omitzero"`    // if sealers are named
	DMARC  Record     `json:"dmarc"`
	Said   Result     `json:"said,omitempty"`   // what that relay says of DMARC
	Unread []Unread   `json:"unread,omitempty"` // what else relays may have said
}
