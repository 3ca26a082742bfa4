package store

import "strings"

// An Action is what an entry of the audit log says was done.
type Action string

// OfRules reports whether it is a change of a list by itself.
func (a Action) OfRules() bool { return strings.HasPrefix(string(a), "rules.") }

// The actions. Those about held messages and those of the lists and of organisations can be
// undone, and so can a change of access and a suspension.
const (
	UserAdded       Action = "user.add"
	UsersImported   Action = "user.import"
	UserRenamed     Action = "user.rename"
	UserRemoved     Action = "user.remove"
	RoleSet         Action = "user.role"
	PasswordSet     Action = "user.password"
	UserSuspended   Action = "user.suspend"
	UserUnsuspended Action = "user.unsuspend"

	SignedIn     Action = "user.sign_in" // changes nothing
	SignInFailed Action = "user.sign_in_failed"

	TokenAdded   Action = "token.add"
	TokenRevoked Action = "token.revoke"

	RulesAdded    Action = "rules.add"
	RulesRemoved  Action = "rules.remove"
	RulesSet      Action = "rules.set"
	RulesReverted Action = "rules.revert" // what they were at an older generation
	RulesExpired  Action = "rules.expire" // entries over their time, which are on the list still
	RulesOrdered  Action = "rules.order"  // another order or spelling: the same rules

	ShadowSet      Action = "shadow.set"
	ShadowDropped  Action = "shadow.drop"
	ShadowPromoted Action = "rules.promote"

	OrganizationAdded   Action = "org.add" // or given more
	OrganizationSet     Action = "org.set"
	OrganizationRemoved Action = "org.remove"

	AccessSet Action = "access.set"
	RateReset Action = "loop.reset"

	Recovered Action = "suspended.recover"
	Deleted   Action = "suspended.delete"
	Restored  Action = "suspended.undelete"
	Expired   Action = "suspended.expire" // a run of Purge each; of a server, one an hour at most
	Purging   Action = "suspended.purge"
	HandedOff Action = "ticket.purge" // as Expired

	RetriedHandoff   Action = "handoff.retry"
	DiscardedHandoff Action = "handoff.discard"
	PausedTarget     Action = "handoff.pause"
	ResumedTarget    Action = "handoff.resume"

	Undone Action = "undo"
)
