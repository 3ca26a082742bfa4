package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"gatepost/policy"
	"gatepost/store"
)

func newAuditCommand(a *app) *cobra.Command {
	return group("audit", "see who changed what, and take a change back",
		newAuditList(a), newAuditUndo(a))
}

func newAuditList(a *app) *cobra.Command {
	var q store.AuditQuery
	cmd := &cobra.Command{
		Use:   "list",
		Short: "list what people changed and what expired, the newest first",
		Long: "Lists what people changed, the newest first: by the command line, the console and\n" +
			"the API; and how many held messages each run of the purge took. The log is\n" +
			"append-only.",
		Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if q.Limit < 0 {
				return misuse("--limit %d is below 0: leave it out for all", q.Limit)
			}
			return a.withStore(cmd.Context(), false, func(db *store.DB) error {
				words := "nothing was changed yet"
				if q.Subject != "" {
					words = "nothing in the log is about " + q.Subject
				}
				entries := orNone(a, db.AuditLog(cmd.Context(), q), words)
				headers := []string{"ID", "AGE", "WHO", "BY", "ACTION", "SUBJECT", "CHANGE", "UNDONE BY"}
				return printList(a, entries, headers, a.auditCells)
			})
		},
	}
	cmd.Flags().IntVar(&q.Limit, "limit", 0, "at most this many; 0 is all")
	cmd.Flags().StringVar(&q.Subject, "subject", "",
		"only what is about this: allow, block, access, an address, a domain, a message")
	return cmd
}

func (a *app) auditCells(e store.AuditEntry) []string {
	by, undone := e.Door, ""
	if e.Client != "" {
		by += " " + e.Client
	}
	if e.UndoneBy != nil {
		undone = strconv.FormatInt(*e.UndoneBy, 10)
	}
	return []string{strconv.FormatInt(e.ID, 10), a.when(e.At), e.Actor, by, e.Action, e.Subject,
		auditChange(e), undone}
}

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
	if e.Action == "undo" && e.Messages > 0 {
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
	}
	if err := json.Unmarshal(raw, &taken); err != nil {
		return how
	}
	words := count(taken.Count, "message", "messages") + " " + how + ":"
	for _, cause := range slices.Sorted(maps.Keys(taken.Causes)) {
		words += fmt.Sprintf(" %d %s,", taken.Causes[cause], cause)
	}
	return words + fmt.Sprintf(" %d never seen", taken.Unseen)
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

func newAuditUndo(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "undo ID",
		Short: "undo a change of a list, of access or of a suspension, a recovery or a deletion",
		Long: "Undoes a change of a list, of the IP restrictions or of the suspension of a profile,\n" +
			"unless what it changed has been changed since. That is a change too: to undo it\n" +
			"makes the first one again. Messages that were recovered or deleted are held again,\n" +
			"and what was changed of a list with them is undone with them.",
		Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := parseID(args[0])
			if err != nil {
				return err
			}
			return a.withStore(cmd.Context(), false, func(db *store.DB) error {
				return a.undo(cmd.Context(), db, id)
			})
		},
	}
	a.yesFlag(cmd)
	return cmd
}

func (a *app) undo(ctx context.Context, db *store.DB, id int64) error {
	err := a.hand(db).Undo(ctx, id)
	switch {
	case errors.Is(err, store.ErrCannotUndo):
		return no("%w\nnothing was changed", err)
	case err != nil:
		return notFound(err, "there is no audit entry %d: `audit list` shows them", id)
	}
	e, err := db.AuditEntry(ctx, id)
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(e)
	}
	a.note("audit entry %d is undone: %s", e.ID, strings.TrimSpace(e.Action+" "+e.Subject))
	return a.noteUndone(ctx, db, e)
}

// noteUndone says what the list or the restrictions are now, as the command that sets them
// does, or how many messages are held again.
func (a *app) noteUndone(ctx context.Context, db *store.DB, was store.AuditEntry) error {
	undo, err := db.AuditEntry(ctx, *was.UndoneBy)
	switch {
	case err != nil:
		return err
	case was.Messages > 0:
		a.note("%s held again", count(undo.Messages, "message is", "messages are"))
		return nil
	case was.Subject == "access":
		access, err := db.Access(ctx)
		if err == nil {
			_, err = a.noteAccess(ctx, db, access)
		}
		return err
	case !was.Lists: // a profile, which the line above names
		return nil
	}
	return a.noteListNow(ctx, db, policy.ListName(was.Subject), undo)
}

func (a *app) noteListNow(ctx context.Context, db *store.DB, list policy.ListName,
	undo store.AuditEntry) error {
	entries := 0
	for _, err := range db.Rules(ctx, list) {
		if err != nil {
			return err
		}
		entries++
	}
	a.noteList(list, entries, auditCount(undo.After), auditCount(undo.Before))
	return nil
}

// auditCount is how many entries of a list one side of a change has.
func auditCount(raw json.RawMessage) int {
	var list struct {
		Count int `json:"count"`
	}
	_ = json.Unmarshal(raw, &list) // null, where there is nothing, is none
	return list.Count
}
