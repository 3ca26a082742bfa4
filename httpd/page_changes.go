package httpd

import (
	"encoding/json"
	"fmt"
	"strings"

	"gatepost/store"
)

// changes are what entries of the audit log say to a person, by their action; what is about
// rules says more.
var changes = map[string]string{
	"user.add":          "made the profile %s",
	"user.role":         "changed the role of %s",
	"user.suspend":      "suspended %s",
	"user.unsuspend":    "ended the suspension of %s",
	"user.password":     "set the password of %s",
	"user.rename":       "renamed %s",
	"user.remove":       "removed the profile %s",
	"user.import":       "imported profiles",
	"rules.order":       "put the %slist in another order or spelling",
	"access.set":        "changed the IP restrictions",
	"token.add":         "made token %s",
	"token.revoke":      "revoked token %s",
	"suspended.recover": "recovered message %s",
	"suspended.delete":  "deleted message %s",
	"loop.reset":        "reset the rate of %s",
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
	case strings.HasPrefix(e.Action, "rules."):
		return listChange(e)
	case e.Action == "undo" && (e.Subject == "allow" || e.Subject == "block"):
		return "undid a change of the " + listChange(e)
	case e.Action == "undo":
		return "undid a change of the IP restrictions"
	}
	return strings.TrimSpace(e.Action + " " + e.Subject)
}

// sideWords name what an entry of the audit log has of before and after. A message that was
// recovered or deleted was not changed: there is what it was, and what it became.
type sideWords struct{ Both, Before, After string }

func sidesOf(e store.AuditEntry) sideWords {
	switch e.Action {
	case "suspended.recover":
		return sideWords{"what was recovered", "The message", "Recovered as"}
	case "suspended.delete":
		return sideWords{"what was deleted", "The message", ""}
	}
	return sideWords{"before and after", "Before", "After"}
}

// listChange says which entries came and went.
func listChange(e store.AuditEntry) string {
	var did []string
	for _, side := range []struct {
		verb string
		raw  json.RawMessage
	}{{"added", e.After}, {"removed", e.Before}} {
		var some struct {
			Count   int64
			Entries []string
		}
		if json.Unmarshal(side.raw, &some) == nil && some.Count > 0 {
			did = append(did, side.verb+" "+firstOf(some.Entries, some.Count))
		}
	}
	if did == nil {
		return e.Subject + "list"
	}
	return e.Subject + "list: " + strings.Join(did, ", ")
}

// firstOf names the first few of so many.
func firstOf(names []string, all int64) string {
	const named = 3
	names = names[:min(len(names), named)]
	words := strings.Join(names, ", ")
	if more := all - int64(len(names)); more > 0 {
		words += fmt.Sprintf(" and %d more", more)
	}
	return words
}
