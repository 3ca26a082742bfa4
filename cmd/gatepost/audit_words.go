package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gatepost/store"
)

// entriesShown is how many entries of a list a line of the table names. JSON has more.
const entriesShown = 5

// auditChange is what was and what is, of what differs only, in one line.
func auditChange(e store.AuditEntry) string {
	var parts []string
	if e.Undoes != nil {
		parts = append(parts, fmt.Sprintf("of %d:", *e.Undoes))
	}
	if words, ok := auditMail(e); ok {
		return strings.Join(append(parts, words), " ")
	}
	if e.Action == store.Undone && e.Messages > 0 {
		words := count(e.Messages, "message", "messages") + " held again" + auditRules(e.After)
		return strings.Join(append(parts, words), " ")
	}
	taken, isList := auditEntries("-", e.Before)
	added, isList2 := auditEntries("+", e.After)
	if isList || isList2 {
		return strings.Join(append(append(parts, taken...), added...), " ")
	}
	return strings.Join(append(parts, auditDifference(e.Before, e.After)), " ")
}

// auditMail says what became of a held message, and of which: that it is held no more is no
// difference of its fields.
func auditMail(e store.AuditEntry) (words string, ok bool) {
	switch e.Action {
	case store.Recovered:
		words = "recovered"
	case store.Deleted:
		words = "deleted"
	case store.Expired:
		return auditTaken(e.After, "expired"), true
	case store.Purging:
		return auditTaken(e.After, "deleted for good"), true
	case store.HandedOff:
		return auditHandedOff(e.After), true
	case store.Restored:
		words = "restored"
	default:
		return "", false
	}
	if e.Subject == "" {
		return auditMany(words, e) + auditRules(e.After), true
	}
	if of := auditDifference(nil, e.Before); of != "" {
		words += ": " + of
	}
	if made := auditDifference(nil, e.After); made != "" {
		words += "; " + made
	}
	return words + auditRules(e.After), true
}

// auditRules says what was changed of a list together with held messages.
func auditRules(raw json.RawMessage) (words string) {
	var after struct {
		Rules struct {
			List           string
			Added, Removed []string
		}
	}
	_ = json.Unmarshal(raw, &after) // null, where there is nothing, is none
	for _, entry := range after.Rules.Added {
		words += " +" + entry
	}
	for _, entry := range after.Rules.Removed {
		words += " -" + entry
	}
	if words != "" {
		words = "; " + after.Rules.List + words
	}
	return words
}

// auditMany says how many messages one entry is about, and which were asked for.
func auditMany(words string, e store.AuditEntry) string {
	var asked struct {
		Matching map[string]string `json:"matching"`
	}
	_ = json.Unmarshal(e.Before, &asked) // of messages that were named there is none
	words = count(e.Messages, "message", "messages") + " " + words
	for _, name := range slices.Sorted(maps.Keys(asked.Matching)) {
		words += fmt.Sprintf(", %s %q", name, asked.Matching[name])
	}
	return words
}

// auditTaken says how many held messages a purge took, of which causes.
func auditTaken(raw json.RawMessage, how string) string {
	var taken struct {
		Count, Unseen int
		Causes        map[string]int
		Since         string
	}
	if err := json.Unmarshal(raw, &taken); err != nil {
		return how
	}
	words := count(taken.Count, "message", "messages") + " " + how + ":"
	for _, cause := range slices.Sorted(maps.Keys(taken.Causes)) {
		words += fmt.Sprintf(" %d %s,", taken.Causes[cause], cause)
	}
	words += fmt.Sprintf(" %d never seen", taken.Unseen)
	if taken.Since != "" {
		words += ", since " + taken.Since
	}
	return words
}

// auditHandedOff is auditTaken for tickets, of which there is no cause.
func auditHandedOff(raw json.RawMessage) string {
	var gone struct {
		Tickets, Comments int
		Since             string
	}
	const how = "handed off and deleted"
	if err := json.Unmarshal(raw, &gone); err != nil {
		return how
	}
	words := fmt.Sprintf("%s and %s %s", count(gone.Tickets, "ticket", "tickets"),
		count(gone.Comments, "comment", "comments"), how)
	if gone.Since != "" {
		words += ", since " + gone.Since
	}
	return words
}

// auditEntries are the entries that a change of a list put there or took, each with a sign
// before it.
func auditEntries(sign string, raw json.RawMessage) (entries []string, ok bool) {
	var list struct {
		Count   int      `json:"count"`
		Entries []string `json:"entries"`
	}
	if err := json.Unmarshal(raw, &list); err != nil || list.Entries == nil {
		return nil, false
	}
	for _, entry := range list.Entries[:min(len(list.Entries), entriesShown)] {
		entries = append(entries, sign+entry)
	}
	if more := list.Count - len(entries); more > 0 {
		entries = append(entries, fmt.Sprintf("and %d more", more))
	}
	return entries, true
}

// auditDifference are the fields that differ, with what they were and are; of what is new or
// gone, those that say something.
func auditDifference(before, after json.RawMessage) string {
	was, is := auditFields(before), auditFields(after)
	names := maps.Clone(was)
	maps.Copy(names, is)
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		only := was[name] + is[name]
		switch {
		case len(was) > 0 && len(is) > 0:
			if was[name] != is[name] {
				parts = append(parts, name+" "+cmp.Or(was[name], "(none)")+" → "+
					cmp.Or(is[name], "(none)"))
			}
		case only == "" || only == "no":
		case len(is) > 0:
			parts = append(parts, name+" "+only)
		default:
			parts = append(parts, name+" was "+only)
		}
	}
	return strings.Join(parts, ", ")
}

// auditFields are the fields of an object, as text in one line.
func auditFields(raw json.RawMessage) map[string]string {
	var fields map[string]any
	if json.Unmarshal(raw, &fields) != nil {
		return map[string]string{}
	}
	texts := make(map[string]string, len(fields))
	delete(fields, "rules") // see auditRules
	for name, value := range fields {
		switch value := value.(type) {
		case nil:
			texts[name] = ""
		case bool:
			texts[name] = yesNo(value)
		default:
			texts[name] = strings.Join(strings.Fields(fmt.Sprint(value)), " ")
		}
	}
	return texts
}

// auditCount is how many entries of a list one side of a change has.
func auditCount(raw json.RawMessage) int {
	var list struct {
		Count int `json:"count"`
	}
	_ = json.Unmarshal(raw, &list) // null, where there is nothing, is none
	return list.Count
}
