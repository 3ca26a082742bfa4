package console

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"gatepost/store"
)

// changes are what entries of the audit log say to a person, by their action; what is about
// rules says more.
var changes = map[store.Action]string{
	store.UserAdded:       "made the profile %s",
	store.RoleSet:         "changed the role of %s",
	store.UserSuspended:   "suspended %s",
	store.SignedIn:        "signed in",
	store.SignInFailed:    "somebody could not sign in as %s",
	store.UserUnsuspended: "ended the suspension of %s",
	store.PasswordSet:     "set the password of %s",
	store.UserRenamed:     "renamed %s",
	store.UserRemoved:     "removed the profile %s",
	store.UsersImported:   "imported profiles",
	store.RulesOrdered:    "put the %slist in another order or spelling",
	store.TokenAdded:      "made token %s",

	store.OrganizationAdded:   "entered the %s",
	store.OrganizationSet:     "changed the %s",
	store.OrganizationRemoved: "removed the %s",

	store.ShadowSet:     "set a change of the lists as the shadow",
	store.ShadowDropped: "dropped the shadow",

	store.TokenRevoked: "revoked token %s",
	store.Expired:      "deleted what had expired",
	store.Purging:      "deleted for good what could be restored until then",
	store.HandedOff:    "deleted tickets that were handed off",
	store.RateReset:    "reset the rate of %s",

	store.RetriedHandoff:   "had hand-offs tried again",
	store.DiscardedHandoff: "discarded hand-offs",
	store.PausedTarget:     "paused hand-offs to %s",
	store.ResumedTarget:    "resumed hand-offs to %s",
}

// changeWords says an entry of the audit log in a few words: "blocklist: added acme.test".
func changeWords(e store.AuditEntry) string {
	if words, ok := changes[e.Action]; ok {
		if strings.Contains(words, "%s") {
			return fmt.Sprintf(words, e.Subject)
		}
		return words
	}
	switch {
	case e.Action == store.Undone && e.OfOrganizations():
		return "undid a change of the " + e.Subject
	case e.Messages > 0:
		return mailChange(e)
	case e.Action.OfRules():
		return listChange(e)
	case e.Action == store.Undone && (e.Subject == "allow" || e.Subject == "block" || e.Subject == store.BothLists):
		return "undid a change of the " + listChange(e)
	case e.Action == store.AccessSet:
		return "changed the " + accessChange(e)
	case e.Action == store.Undone && strings.Contains(e.Subject, "@"):
		return undoneSuspension(e)
	case e.Action == store.Undone:
		return "undid a change of the " + accessChange(e)
	}
	return strings.TrimSpace(string(e.Action) + " " + e.Subject)
}

// undoneSuspension says which way the suspension of a profile was undone.
func undoneSuspension(e store.AuditEntry) string {
	var after struct{ Suspended bool }
	if json.Unmarshal(e.After, &after) == nil && after.Suspended {
		return "undid the end of the suspension of " + e.Subject
	}
	return "undid the suspension of " + e.Subject
}

// ownChange says to who made it what a change is, "" if the page says so already.
func ownChange(e store.AuditEntry) string {
	switch words := changeWords(e); {
	case e.Messages > 0 && !e.Lists:
		return ""
	case e.Messages > 0:
		return "You changed the " + rulesChange(e.After) + "."
	case e.Action.OfRules():
		return "You changed the " + words + "."
	default:
		return "You " + words + "."
	}
}

// mailChange says what was done to held messages, and to a list with them.
func mailChange(e store.AuditEntry) string {
	what := "message " + e.Subject
	if _, err := strconv.ParseInt(e.Subject, 10, 64); err != nil || e.Messages > 1 {
		what = count(int64(e.Messages), "message", "messages")
	}
	words := mailVerb(e) + " " + what + matchingWords(e.Before)
	if rules := rulesChange(e.After); rules != "" {
		words += "; " + rules
	}
	return words
}

func mailVerb(e store.AuditEntry) string {
	return map[store.Action]string{store.Recovered: "recovered", store.Deleted: "deleted",
		store.Restored: "restored", store.Undone: "undid: held again"}[e.Action]
}

// matchingWords say what all that matched had to match.
func matchingWords(raw json.RawMessage) (words string) {
	var asked struct {
		Matching *struct{ Cause, From, Search string }
	}
	if json.Unmarshal(raw, &asked) != nil || asked.Matching == nil {
		return ""
	}
	words = ", all"
	for _, by := range []struct{ name, value string }{{"of the cause", asked.Matching.Cause},
		{"from", asked.Matching.From}, {"with the words", asked.Matching.Search}} {
		if by.value != "" {
			words += " " + by.name + " " + by.value
		}
	}
	return words
}

// rulesChange says which entries came on a list or went from it together with held messages.
func rulesChange(raw json.RawMessage) string {
	var after struct {
		Rules struct {
			List           string
			Added, Removed []string
		}
	}
	if json.Unmarshal(raw, &after) != nil || after.Rules.List == "" {
		return ""
	}
	words := after.Rules.List + "list:"
	for verb, entries := range map[string][]string{"added": after.Rules.Added,
		"removed": after.Rules.Removed} {
		if entries != nil {
			words += " " + verb + " " + firstOf(entries, int64(len(entries)), 3)
		}
	}
	return words
}

// sideWords name what an entry of the audit log has of before and after. A message that was
// recovered or deleted was not changed: there is what it was, and what it became.
type sideWords struct{ Both, Before, After string }

// changedSides is said of what was changed.
const changedSides = "before and after"

func sidesOf(e store.AuditEntry) sideWords {
	switch e.Action {
	case store.Recovered:
		return sideWords{"what was recovered", "The message", "Recovered as"}
	case store.Deleted:
		return sideWords{"what was deleted", "The message", ""}
	case store.Expired, store.Purging, store.HandedOff:
		return sideWords{"how many", "", "Taken"}
	case store.SignInFailed:
		return sideWords{"why", "", "Why"}
	}
	return sideWords{changedSides, "Before", "After"}
}

// listed are entries of a list as the audit log has them: how many, and the first of them.
type listed struct {
	Count   int64
	Entries []string
	Note    string // why they were removed
}

// listChange says which entries came and went.
func listChange(e store.AuditEntry) string {
	var did []string
	why, gone := "", "removed"
	if e.Action == store.RulesExpired {
		gone = "expired"
	}
	for _, side := range []struct {
		verb string
		raw  json.RawMessage
	}{{"added", e.After}, {gone, e.Before}} {
		var some listed
		if json.Unmarshal(side.raw, &some) == nil && some.Count > 0 {
			did = append(did, side.verb+" "+firstOf(some.Entries, some.Count, 3))
		} else if some.Note != "" {
			why = " (" + some.Note + ")"
		}
	}
	name := e.Subject
	if name != store.BothLists {
		name += "list"
	}
	if did == nil {
		return name
	}
	return name + ": " + strings.Join(did, ", ") + why
}

// restrictions are the IP restrictions as the audit log has them.
type restrictions struct {
	Enabled         bool
	Ranges          string
	CustomersBypass bool `json:"customers_bypass"`
}

// accessChange says what was turned on or off, and which ranges came and went.
func accessChange(e store.AuditEntry) string {
	const what = "IP restrictions"
	var before, after restrictions
	if errors.Join(json.Unmarshal(e.Before, &before), json.Unmarshal(e.After, &after)) != nil {
		return what
	}
	var did []string
	say := func(is bool, words string) {
		if is {
			did = append(did, words)
		}
	}
	say(after.Enabled && !before.Enabled, "turned on")
	say(before.Enabled && !after.Enabled, "turned off")
	was, now := strings.Fields(before.Ranges), strings.Fields(after.Ranges)
	added, removed := missing(now, was, same), missing(was, now, same)
	say(added != nil, "added "+firstOf(added, int64(len(added)), 3))
	say(removed != nil, "removed "+firstOf(removed, int64(len(removed)), 3))
	say(after.CustomersBypass && !before.CustomersBypass, "customers may come from anywhere")
	say(before.CustomersBypass && !after.CustomersBypass, "they hold for customers too")
	if did == nil {
		return what
	}
	return what + ": " + strings.Join(did, ", ")
}

// missing are those of some that are not among the others, by what makes two the same.
func missing[T any, K comparable](some, others []T, key func(T) K) (all []T) {
	there := make(map[K]bool, len(others))
	for _, o := range others {
		there[key(o)] = true
	}
	for _, one := range some {
		if !there[key(one)] {
			all = append(all, one)
		}
	}
	return all
}

// firstOf names the first few of so many.
func firstOf(names []string, all int64, few int) string {
	names = names[:min(len(names), few)]
	words := strings.Join(names, ", ")
	if more := all - int64(len(names)); more > 0 {
		words += fmt.Sprintf(" and %d more", more)
	}
	return words
}
