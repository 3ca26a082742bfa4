package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"gatepost/message"
	"gatepost/store"
	"gatepost/terminal"
)

func newSuspendedCommand(a *app) *cobra.Command {
	return group("suspended", "look at held messages, recover or delete them",
		newSuspendedList(a), newSuspendedShow(a), newSuspendedRecover(a),
		newSuspendedDelete(a), newSuspendedUndelete(a),
		newSuspendedExport(a), newSuspendedPurge(a))
}

func newSuspendedList(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list",
		Short: "list held messages, the newest first",
		Args:  takes(0, 0),
	}
	f, l := newFilter(cmd), newListing(cmd)
	f.addCause(cmd)
	f.addOrder(cmd, "created", "author", "cause", "subject")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		q, err := f.query(a.now())
		if err != nil {
			return err
		}
		return a.withStore(cmd.Context(), false, func(db *store.DB) error {
			return a.listSuspended(cmd.Context(), db, q, *l)
		})
	}
	return cmd
}

func (a *app) listSuspended(ctx context.Context, db *store.DB, q store.Query, l listing) error {
	if l.count {
		return a.printCount(db.CountSuspended(ctx, q))
	}
	held := orNone(a, db.ListSuspended(ctx, q),
		none(q, "nothing is held", "no held message matches"))
	if l.ids {
		return printIDs(a, held, func(s store.Suspended) int64 { return s.ID })
	}
	headers := []string{"ID", "AGE", "CAUSE", "AUTHOR", "SUBJECT", "RULE"}
	err := printList(a, held, headers, func(s store.Suspended) []string {
		return []string{strconv.FormatInt(s.ID, 10), a.when(s.CreatedAt), s.Cause,
			a.sender(s.Author.Email), heldSubject(s), orEmpty(s.Rule)}
	})
	return errors.Join(err, a.looked(ctx, db))
}

// looked takes down that somebody has seen the queue, where that matters, and warns of what is
// deleted for it.
func (a *app) looked(ctx context.Context, db *store.DB) error {
	s, err := a.settings()
	if err != nil || !bool(s.Suspended.KeepUnseen) {
		return err
	}
	if err := db.Looked(ctx); err != nil {
		return err
	}
	status, err := db.Status(ctx)
	if err == nil && status.Expired > 0 {
		a.note("%s: what nobody had seen stays for a day from now, and is deleted then",
			overTime(int(status.Expired)))
	}
	return err
}

// heldSubject says first what of a message cannot be read.
func heldSubject(s store.Suspended) string {
	if s.Damaged == nil {
		return s.Subject
	}
	return "(damaged: " + s.Damaged.String() + ") " + s.Subject
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func newSuspendedShow(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "show a held message: its sender, why it is held, its text",
		Args:  takes(1, 1),
	}
	v := newView(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		id, err := parseID(args[0])
		if err != nil {
			return err
		}
		return a.withStore(cmd.Context(), false, func(db *store.DB) error {
			s, err := db.Suspended(cmd.Context(), id)
			if err != nil {
				return notShown(cmd.Context(), db, id, err)
			}
			return a.printLetter(cmd.Context(), db, a.heldLetter(s), *v)
		})
	}
	return cmd
}

// notShown tells an id that was recovered from one that is not known.
func notShown(ctx context.Context, db *store.DB, id int64, err error) error {
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	e, errNow := db.Explain(ctx, strconv.FormatInt(id, 10))
	if errNow == nil && e.ID == id && e.Recovered != 0 {
		return recoveredAlready(id, e.Recovered)
	}
	if errNow == nil && e.Deleted {
		return no("held message %d was deleted: `suspended undelete %d` holds it again", id, id)
	}
	return no("there is no held message %d", id)
}

func (a *app) heldLetter(s store.Suspended) letter {
	cause := s.Cause
	if s.CauseID != nil {
		cause += " (" + strconv.Itoa(*s.CauseID) + ")"
	}
	return letter{
		id: s.ID, from: s.Author.Email, size: s.Size, created: s.CreatedAt, record: s,
		why: "held: " + s.Why,
		fields: append([][2]string{
			{"ID", strconv.FormatInt(s.ID, 10)},
			{"From", person(s.Author)},
			{"Reply-To", strings.Join(s.ReplyTo, ", ")},
			{"To", strings.Join(s.Recipients, ", ")},
			{"Subject", s.Subject},
			{"Received", stamp(s.CreatedAt) + ", " + age(a.now().Sub(s.CreatedAt)) + " ago"},
			{"Expires", stamp(s.ExpiresAt) + ", " + age(a.now().Sub(s.ExpiresAt))},
			{"Cause", cause},
			{"Rule", orEmpty(s.Rule)},
			{"Client", s.Client},
			{"Authentication", s.Authentication},
			{"Message-ID", s.MessageID},
			{"Decision", s.DecisionID},
			{"Size", strconv.FormatInt(s.Size, 10) + " octets"},
		}, damageFields(s.Damaged)...),
	}
}

func damageFields(damage store.Damage) (fields [][2]string) {
	for _, d := range damage {
		fields = append(fields, [2]string{"Damaged", d.Column + ": " + d.Text()})
	}
	return fields
}

func person(p store.Person) string {
	text := p.Email
	if p.Name != "" {
		text = p.Name + " <" + p.Email + ">"
	}
	if domain := inUnicode(p.Email); domain != "" {
		local := p.Email[:strings.LastIndexByte(p.Email, '@')+1]
		text += " (" + local + domain + ")"
	}
	return text
}

// inUnicode is the domain of an address as its owner writes it, if that is another form than the
// one that is compared (RFC 5890, section 2.3.2.1); else empty.
func inUnicode(email string) string {
	a, err := message.ParseAddress(email)
	if err != nil || a.Domain().Unicode() == string(a.Domain()) {
		return ""
	}
	return a.Domain().Unicode()
}

// sender is an address for a table: on a terminal with its domain in both forms.
func (a *app) sender(email string) string {
	if domain := inUnicode(email); domain != "" && terminal.Is(a.stdout) {
		return email + " (" + domain + ")"
	}
	return email
}

func newSuspendedDelete(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "delete ID…|-",
		Short: "delete held messages; for suspended.undelete they can be restored",
		Args:  takes(1, -1),
		RunE:  a.withIDs(a.deleteSuspended),
	}
	a.yesFlag(cmd)
	return cmd
}

// deleteSuspended looks first, so that nobody is asked about what is not there.
func (a *app) deleteSuspended(ctx context.Context, db *store.DB, ids []int64) error {
	doomed, err := heldLines(ctx, db, ids)
	if err != nil {
		return err
	}
	what := "delete " + count(len(ids), "held message", "held messages")
	if db.DeletedKept() == 0 {
		what += " for good"
	}
	if err := a.confirm(what, doomed...); err != nil {
		return err
	}
	missing, err := a.hand(db).DeleteSuspended(ctx, ids)
	if len(missing) > 0 {
		return noHeld(missing, "deleted")
	}
	if err != nil {
		return err
	}
	return a.printDone("deleted", len(ids))
}

func newSuspendedUndelete(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "undelete ID…|-",
		Short: "hold messages again that were deleted less than suspended.undelete ago",
		Args:  takes(1, -1),
		RunE: a.withIDs(func(ctx context.Context, db *store.DB, ids []int64) error {
			missing, err := a.hand(db).Undelete(ctx, ids)
			if len(missing) > 0 {
				return noDeleted(missing)
			}
			if err != nil {
				return err
			}
			a.noteDamaged(ctx, db, ids)
			return a.printDone("restored", len(ids))
		}),
	}
}

// noteDamaged names those of the held messages whose rows are damaged.
func (a *app) noteDamaged(ctx context.Context, db *store.DB, ids []int64) {
	for _, id := range ids {
		if s, err := db.Suspended(ctx, id); err == nil && s.Damaged != nil {
			a.note("held message %d is damaged in %s: see `gatepost suspended show %d`", id, s.Damaged, id)
		}
	}
}

// heldLines are a line for each of the held messages; all of them must be there.
func heldLines(ctx context.Context, db *store.DB, ids []int64) (lines []string, err error) {
	var missing []int64
	for _, id := range ids {
		s, err := db.Suspended(ctx, id)
		switch {
		case errors.Is(err, store.ErrNotFound):
			missing = append(missing, id)
		case err != nil:
			return nil, err
		default:
			lines = append(lines, heldLine(s))
		}
	}
	if len(missing) > 0 {
		return nil, noHeld(missing, "deleted")
	}
	return lines, nil
}

// heldLine names a held message to whoever is asked about it.
func heldLine(s store.Suspended) string {
	return fmt.Sprintf("%d  %s  %s", s.ID, cmp.Or(s.Author.Email, "(no sender)"),
		cmp.Or(s.Subject, "(no subject)"))
}

// noHeld says that ids are not those of held messages, and that nothing was done.
func noHeld(ids []int64, done string) error {
	return no("there is no held message %s: nothing was %s", idNames(ids), done)
}

// noDeleted is noHeld for what was to be restored.
func noDeleted(ids []int64) error {
	return no("there is no deleted message %s any more: nothing was restored", idNames(ids))
}

func idNames(ids []int64) string {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = strconv.FormatInt(id, 10)
	}
	return strings.Join(names, ", ")
}

// printDone says how many held messages something was done to.
func (a *app) printDone(done string, n int) error {
	if a.json {
		return a.printJSON(map[string]int{done: n})
	}
	a.note("%s %s", count(n, "held message", "held messages"), done)
	return nil
}

func newSuspendedPurge(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "purge",
		Short: "delete the held messages that have expired, and no others",
		Args:  takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withStore(cmd.Context(), false, func(db *store.DB) error {
				return a.purgeHeld(cmd.Context(), db)
			})
		},
	}
	a.yesFlag(cmd)
	return cmd
}

// purgeHeld looks first, unless nobody is to be asked.
func (a *app) purgeHeld(ctx context.Context, db *store.DB) error {
	var expired []string
	if !a.yes && terminal.Is(a.stdin) {
		for s, err := range db.ListSuspended(ctx, store.Query{}) {
			if err != nil {
				return err
			}
			if !s.ExpiresAt.After(a.now()) {
				expired = append(expired, heldLine(s))
			}
		}
		if len(expired) == 0 {
			return a.printDone("purged", 0)
		}
	}
	err := a.confirm("delete every held message that has expired", expired...)
	if err != nil {
		return err
	}
	s, err := a.settings()
	if err != nil {
		return err
	}
	p, err := db.Purge(ctx, expiry(s, a.actor()))
	if err != nil {
		return err
	}
	if p.Waiting > 0 {
		a.note("%s and left: %s", overTime(p.Waiting), whyLeft(p))
	}
	return a.printDone("purged", p.Deleted)
}

func overTime(n int) string {
	return count(n, "held message is over its time", "held messages are over their time")
}

// whyLeft says what keeps messages from being deleted.
func whyLeft(p store.Purged) string {
	if p.Ahead > 0 {
		return fmt.Sprintf("the clock is %s ahead of the time that was seen to pass, and counts "+
			"if it says the same a day from now", age(p.Ahead))
	}
	return "a run deletes a twentieth of the queue, and nothing unseen with suspended.keep_unseen"
}

func newSuspendedExport(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "export",
		Short: "write held messages as CSV, as JSON lines, as an mbox or as .eml files",
		Args:  takes(0, 0),
	}
	f, e := newFilter(cmd), newExport(cmd)
	f.addCause(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		q, err := f.query(a.now())
		if err != nil {
			return err
		}
		return a.withStore(cmd.Context(), false, func(db *store.DB) error {
			held := db.ListSuspended(cmd.Context(), q)
			if e.files() {
				return a.exportLetters(cmd.Context(), db, letters(held, a.heldLetter), *e)
			}
			return writeRecords(a, held, heldColumns(), heldCells)
		})
	}
	return cmd
}

func heldColumns() []string {
	return []string{"id", "created_at", "expires_at", "cause", "author_name", "author_email",
		"subject", "recipient", "rule", "why", "message_id", "client", "size", "decision_id"}
}

func heldCells(s store.Suspended) []string {
	return []string{strconv.FormatInt(s.ID, 10), stamp(s.CreatedAt), stamp(s.ExpiresAt), s.Cause,
		s.Author.Name, s.Author.Email, s.Subject, s.Recipient, orEmpty(s.Rule), s.Why,
		s.MessageID, s.Client, strconv.FormatInt(s.Size, 10), s.DecisionID}
}
