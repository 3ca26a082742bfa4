package policy

// HasSwitch reports whether there is a setting that switches the cause off. There is none
// for what the lists hold, for a sender that nobody can name, and for server_lock, which
// holds nothing unless smtp.only_relays asks for it.
func (c Cause) HasSwitch() bool {
	switch c {
	case NoCause, NotOnAllowlist, Blocklisted, AmbiguousSender, ServerLock:
		return false
	}
	return c < causeEnd
}
