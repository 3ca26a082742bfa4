package intake

import "gatepost/message"

// distinct is the envelope with each recipient once, as it was written first: who is named twice
// (RCPT, RFC 5321, section 4.1.1.3) gets one copy. Addresses are compared as the rules compare
// them.
func distinct(env *message.Envelope) *message.Envelope {
	named := map[string]bool{}
	var all []string
	for _, to := range env.Recipients {
		key := to
		if a, err := message.ParseAddress(to); err == nil {
			key = a.String()
		}
		if !named[key] {
			named[key] = true
			all = append(all, to)
		}
	}
	if len(all) == len(env.Recipients) {
		return env
	}
	once := *env
	once.Recipients = all
	return &once
}
