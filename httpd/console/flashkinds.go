package console

import "gatepost/store"

// A flashKind is what a flash message says of an action.
type flashKind struct {
	words   func(n int64) string // n messages
	actions []store.Action       // one of which the audit log must say; nil: nothing was done
	restore bool                 // what was deleted is offered to be restored
	undoes  bool                 // it took something back: to undo that is not offered
	reverts bool                 // the lists as they were before undo it
}

func said(words string) func(int64) string { return func(int64) string { return words } }

func counted(verb string) func(int64) string {
	return func(n int64) string { return verb + " " + count(n, "message", "messages") + "." }
}

func undone(n int64) string {
	if n == 0 {
		return "The change was undone."
	}
	return "The change was undone: " + count(n, "message is", "messages are") + " held again."
}

// flashKinds are those of each action, by what back writes.
var flashKinds = map[string]flashKind{
	"recovered":   {words: counted("Recovered"), actions: []store.Action{store.Recovered}},
	"deleted":     {words: counted("Deleted"), actions: []store.Action{store.Deleted}, restore: true},
	"deleted all": {words: counted("Deleted"), actions: []store.Action{store.Deleted}},
	"restored": {words: counted("Restored"), undoes: true,
		actions: []store.Action{store.Restored}},
	"undone": {words: undone, undoes: true, actions: []store.Action{store.Undone}},
	"changed": {words: said(""), actions: []store.Action{store.RulesAdded, store.RulesRemoved,
		store.UserSuspended, store.UserUnsuspended}},
	"saved": {words: said("Saved."), actions: []store.Action{store.RulesSet, store.RulesOrdered,
		store.AccessSet, store.RoleSet, store.UserSuspended, store.UserUnsuspended,
		store.UserRenamed, store.PasswordSet, store.OrganizationSet}},
	"added": {words: said("Added."), actions: []store.Action{store.RulesAdded, store.UserAdded,
		store.OrganizationAdded}},
	"removed": {words: said("Removed."),
		actions: []store.Action{store.RulesRemoved, store.UserRemoved, store.OrganizationRemoved}},
	"entry changed": {words: said("Changed."), actions: []store.Action{store.RulesSet},
		reverts: true},
	"reverted": {words: said("The lists are as they were then."), reverts: true,
		actions: []store.Action{store.RulesReverted}},
	"moved": {words: said("Moved over."), actions: []store.Action{store.UsersImported,
		store.RulesAdded, store.OrganizationAdded, store.UserSuspended, store.RoleSet}},
	"shadow set": {words: said("The shadow is set: it decides nothing."),
		actions: []store.Action{store.ShadowSet}},
	"shadow dropped": {words: said("The shadow was dropped; the lists stay as they are."),
		actions: []store.Action{store.ShadowDropped}},
	"promoted": {words: said("The shadow was promoted."),
		actions: []store.Action{store.ShadowPromoted, store.ShadowDropped}},
	"revoked": {words: said("The token was revoked."), actions: []store.Action{store.TokenRevoked}},

	"retried": {words: said("It is tried again at once."),
		actions: []store.Action{store.RetriedHandoff}},
	"discarded": {words: said("It is carried no further; the ticket stays."),
		actions: []store.Action{store.DiscardedHandoff}},
	"paused": {words: said("Nothing is carried to it until it is resumed; its messages are kept."),
		actions: []store.Action{store.PausedTarget}},
	"resumed": {words: said("What waits is carried again, at once."),
		actions: []store.Action{store.ResumedTarget}},

	// Whoever follows a link has done nothing, so that these may be said to anybody.
	"nothing":     {words: said("Nothing was selected.")},
	"same":        {words: said("Nothing was changed: it is as it was.")},
	"handed over": {words: said("Nothing was done: one of them was handed over already.")},
	"gone":        {words: said("Nothing was deleted: it was not held any more.")},
	"not recovered": {
		words: said("Nothing was recovered: it was not held any more.")},
	"not restored": {
		words: said("Nothing was restored: it is held again already, or deleted for good.")},
	"not undone": {words: said("Nothing was undone: it was changed since, or deleted for good.")},
	"more": {words: said("Nothing was done: more messages match than when the list was shown. " +
		"This is the list now.")},
}
