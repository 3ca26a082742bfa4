package policy

import (
	"fmt"
	"strings"

	"gatepost/message"
)

// maxReceived is how many machines a message comes through that goes in no circle.
const maxReceived = 30

// trace counts the machines that the message has come through, and knows ourselves among
// them. Another mail server on this host has other ids.
func (r *reading) trace(f message.Field) {
	r.received++
	if r.host == "" || !hasUUIDv7(f.Raw) {
		return
	}
	hop := message.ParseReceived(f.Value())
	if hop.By == lower(r.host) && isUUIDv7([]byte(hop.ID)) {
		r.show(Loop, Evidence{"Received", "by " + hop.By + " id " + hop.ID})
	}
}

// uuidV7 is the form of the ids of our decisions (RFC 9562, section 5.7): x stands for a
// hexadecimal digit, v for the variant.
const uuidV7 = "xxxxxxxx-xxxx-7xxx-vxxx-xxxxxxxxxxxx"

// hasUUIDv7 reports whether there is one anywhere, which costs less than to read the field.
func hasUUIDv7(raw []byte) bool {
	const before, after = 13, len(uuidV7) - 13 // of the hyphen in front of the 7
	for i := before; i+after <= len(raw); i++ {
		if raw[i] == '-' && raw[i+1] == '7' && isUUIDv7(raw[i-before:i+after]) {
			return true
		}
	}
	return false
}

func isUUIDv7(id []byte) bool {
	if len(id) != len(uuidV7) {
		return false
	}
	for i, c := range id {
		digits := uuidV7[i : i+1]
		switch digits {
		case "x":
			digits = "0123456789abcdef"
		case "v":
			digits = "89ab"
		}
		if strings.IndexByte(digits, c) < 0 {
			return false
		}
	}
	return true
}

// circle shows a message that has come through too many machines (RFC 5321, section 6.3).
func (r *reading) circle() {
	if r.received > maxReceived {
		r.show(Loop, Evidence{"Received", fmt.Sprintf("%d fields", r.received)})
	}
}
