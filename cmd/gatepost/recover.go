package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"gatepost/message"
	"gatepost/policy"
	"gatepost/store"
	"gatepost/terminal"
)

func newSuspendedRecover(a *app) *cobra.Command {
	var allow bool
	var yes int
	cmd := &cobra.Command{
		Use:   "recover ID…|-",
		Short: "make tickets of held messages",
		Long: "Make tickets of held messages, or of a reply a comment of its ticket, if there is\n" +
			"that still; and profiles of their senders unless the cause says that a sender may\n" +
			"be a robot or a forger. All of them are looked up first:\n" +
			"if one is not held, or to allow its sender would not let it in, nothing is\n" +
			"recovered. What is held as malware_detected asks twice.",
		Args: takes(1, -1),
		RunE: a.withIDs(func(ctx context.Context, db *store.DB, ids []int64) error {
			return a.recoverAll(ctx, db, ids, allow, yes)
		}),
	}
	cmd.Flags().CountVar(&yes, "yes", "do not ask; twice to recover what is held as malware")
	cmd.Flags().BoolVar(&allow, "allow", false, "add the sender's address to the allowlist as well: `audit undo` takes back both")
	return cmd
}

func (a *app) recoverAll(ctx context.Context, db *store.DB, ids []int64, allow bool,
	yes int) error {
	held, with := make([]store.Suspended, len(ids)), make([]*store.ListChange, len(ids))
	for i, id := range ids {
		var err error
		if held[i], err = db.Suspended(ctx, id); err != nil {
			return a.notHeld(ctx, db, id, err)
		}
		if !allow {
			continue
		}
		entry, err := allowEntry(ctx, db, held[i])
		if err != nil {
			return err
		}
		with[i] = &store.ListChange{List: policy.Allow, Entry: entry}
	}
	if err := a.confirmMalware(held, yes); err != nil {
		return err
	}
	for i, s := range held {
		if err := a.recoverOne(ctx, db, s, with[i]); err != nil {
			return err
		}
	}
	return nil
}

// confirmMalware asks twice before anything is recovered that may be harmful, less often by as many
// as there are --yes.
func (a *app) confirmMalware(held []store.Suspended, yes int) error {
	for _, s := range held {
		if s.Cause != policy.Malware.String() || yes >= 2 {
			continue
		}
		if !terminal.Is(a.stdin) {
			return misuse("held message %d may be harmful (%s): give --yes twice to recover it, or leave "+
				"it to expire: nothing was recovered", s.ID, s.Cause)
		}
		for _, what := range []string{
			fmt.Sprintf("recover %d, which may be harmful (%s)", s.ID, s.Cause),
			fmt.Sprintf("hand on %d as it came, with what was found in it", s.ID)}[yes:] {
			if err := a.confirm(what); err != nil {
				return err
			}
		}
	}
	return nil
}

// notHeld tells an id that was recovered before from one that is not known. What is not
// held is not changed by Recover.
func (a *app) notHeld(ctx context.Context, db *store.DB, id int64, err error) error {
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	r, err := a.editor(db).Recover(ctx, id)
	if errors.Is(err, store.ErrRecovered) {
		return a.recoveredBefore(id, r)
	}
	return notFound(err, "there is no held message %d: nothing was recovered", id)
}

// recoveredBefore is the answer to recovering twice: exit 1 and the ticket's id.
func (a *app) recoveredBefore(id int64, r store.Recovery) error {
	if a.json {
		if err := a.printJSON(r); err != nil {
			return err
		}
	}
	comment := int64(0)
	if r.Comment != nil {
		comment = r.Comment.ID
	}
	return recoveredAlready(id, r.Ticket.ID, comment)
}

func recoveredAlready(id, ticket, comment int64) error {
	return no("held message %d was recovered already: it is %s", id, madeOf(ticket, comment))
}

// madeOf is what a held message was made: a ticket, or a comment of one.
func madeOf(ticket, comment int64) string {
	if comment == 0 {
		return fmt.Sprintf("ticket %d", ticket)
	}
	return fmt.Sprintf("comment %d of ticket %d", comment, ticket)
}

// allowEntry is the entry that lets the sender of a held message in: one of what policy
// proposes, or for a message that nothing holds any more what its cause lets us believe.
func allowEntry(ctx context.Context, db *store.DB, s store.Suspended) (e policy.Entry, err error) {
	sender, errSender := message.ParseAddress(s.Author.Email)
	cause, _ := policy.ParseCause(s.Cause)
	nobody := no("held message %d may not be from the sender it names (%s), so "+
		"nobody is allowed by it: recover it without --allow", s.ID, s.Cause)
	if errSender != nil {
		return e, nobody
	}
	_, p, f, err := factsAgain(ctx, db, s.ID, s.Cause)
	if err != nil {
		return e, err
	}
	all := p.Proposals(f)
	e, why := all.Entry(policy.Allow, sender.String())
	switch {
	case why != "":
		return e, no("held message %d: %s: recover it without --allow", s.ID, why)
	case !e.IsZero():
		return e, nil
	case !all.Now.Action.LetsIn() || !cause.ProfileOnRecover():
		return e, nobody
	}
	if e, err = policy.ParseEntry(policy.Allow, s.Author.Email); err != nil {
		return e, no("held message %d: its sender cannot be allowed: %w", s.ID, err)
	}
	return e, nil
}

// A recovered is what `suspended recover --json` prints of one message.
type recovered struct {
	store.Recovery
	Allowed bool     `json:"allowed"`
	Notes   []string `json:"notes"`
}

func (a *app) recoverOne(ctx context.Context, db *store.DB, s store.Suspended,
	with *store.ListChange) error {
	r, err := a.editor(db).WithMalware().RecoverWith(ctx, s.ID, with)
	if errors.Is(err, store.ErrRecovered) {
		return a.recoveredBefore(s.ID, r)
	}
	if err != nil {
		return notFound(err, "there is no held message %d any more", s.ID)
	}
	done := recovered{Recovery: r, Allowed: with != nil, Notes: []string{}}
	if done.Notes, err = effects(ctx, db, s, done); err != nil {
		return err
	}
	return a.printRecovered(done)
}

// effects says in words what recovering changed for the sender's next message.
func effects(ctx context.Context, db *store.DB, s store.Suspended, done recovered) (
	[]string, error) {
	var profile policy.Profile
	address, unread := message.ParseAddress(s.Author.Email)
	if unread == nil {
		var err error
		if profile, err = db.Profile(address); err != nil {
			return nil, err
		}
	}
	notes := []string{profileNote(s, done, profile)}
	if done.Allowed {
		notes = append(notes, s.Author.Email+" is on the allowlist")
	}
	if unread != nil || !(done.MadeProfile || done.Allowed) {
		return notes, nil
	}
	lists, err := db.Policy(ctx)
	if err != nil {
		return notes, err
	}
	next := lists.Check(address, profile)
	switch {
	case !next.Action.LetsIn():
		end := "held"
		if next.Action == policy.Reject {
			end = "rejected"
		}
		notes = append(notes, fmt.Sprintf("the next message of %s would be %s all the same: %s",
			s.Author.Email, end, next.Why()))
	case orEmpty(s.Rule) == policy.Everyone:
		notes = append(notes, "`*` no longer holds "+s.Author.Email)
	}
	return notes, nil
}

// profileNote says whether the sender has got a profile, and why not.
func profileNote(s store.Suspended, done recovered, profile policy.Profile) string {
	cause, known := policy.ParseCause(s.Cause)
	_, err := message.ParseAddress(s.Author.Email)
	switch {
	case done.MadeProfile:
		return s.Author.Email + " has a profile now"
	case !known || !cause.ProfileOnRecover():
		return "no profile was made: the cause is " + s.Cause
	case err != nil:
		return "no profile was made: the sender is not readable"
	case cause.OfReply() && !profile.Known:
		return "no profile was made: nothing proves that it is from " + s.Author.Email
	}
	return "no profile was made: " + s.Author.Email + " has one already"
}

func (a *app) printRecovered(done recovered) error {
	if a.json {
		return a.printJSON(done)
	}
	comment := int64(0)
	if done.Comment != nil {
		comment = done.Comment.ID
	}
	err := a.print("%d recovered as %s", done.SuspendedID, madeOf(done.Ticket.ID, comment))
	for _, note := range done.Notes {
		a.note("%s", note)
	}
	return err
}
