package store

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"gatepost/message"
)

// What a ticket or a held message gives the targets is written in the transaction that makes it,
// whichever process that is: none can come to be without, and none is handed on that is not.

// An offer is what there is to be carried on.
type offer struct {
	event      string
	ticket     int64 // or the held message
	message    int64
	thread     int64 // the first message of the ticket
	decision   string
	recipients []string
	at         int64
}

// handOff writes a hand-off for each target that the offer is for.
func (t *tx) handOff(o offer) error {
	targets, err := t.targets()
	if err != nil {
		return err
	}
	for i := range targets {
		if err := t.handOffTo(&targets[i], o, targets); err != nil {
			return fmt.Errorf("hand-off to %s: %w", targets[i].Name, err)
		}
	}
	return nil
}

// handOffTo is for recipients without their reply tokens: those are ours.
func (t *tx) handOffTo(g *Target, o offer, all []Target) error {
	if !g.wants(o.event) {
		return nil
	}
	mine, any := g.of(message.WithoutReplyTags(o.recipients), all)
	if !any {
		return nil
	}
	if !g.Apart || len(mine) == 0 {
		return t.addHandoff(g, o, "")
	}
	for _, to := range mine {
		if err := t.addHandoff(g, o, to); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) addHandoff(g *Target, o offer, recipient string) error {
	t.handed = true
	return t.exec(`insert into handoffs (target, event, ticket, message, thread, recipient, key,
		created_at, due_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $8)`, g.Name, o.event, o.ticket,
		o.message, o.thread, recipient, handoffKey(g.Name, o, recipient), o.at)
}

// handoffKey is of this hand-off alone, also among the databases that one may be restored to.
func handoffKey(target string, o offer, recipient string) string {
	text := target + "\n" + o.event + "\n" + strconv.FormatInt(o.ticket, 10) + "\n" + recipient
	sum := sha256.Sum256([]byte(text))
	return o.decision + "." + hex.EncodeToString(sum[:8])
}

// offer is what a message that was just judged is to the targets.
func (r *Record) offer(event string, id int64) offer {
	return offer{event: event, ticket: id, message: id, thread: id, decision: r.ID,
		recipients: r.Envelope.Recipients, at: r.Envelope.ReceivedAt.UnixMilli()}
}

// handOffComment offers a reply that joined its ticket.
func (t *tx) handOffComment(r *Record, id int64) (err error) {
	o := r.offer(CommentCreated, id)
	o.ticket = r.Facts.Thread.Ticket
	targets, err := t.targets()
	if err != nil || len(targets) == 0 {
		return err
	}
	if o.thread, err = t.threadOf(o.ticket); err != nil {
		return err
	}
	return t.handOff(o)
}

// threadOf is the first message of a ticket: all that is handed on of it goes one after the other.
func (t *tx) threadOf(ticket int64) (message int64, err error) {
	err = t.row(`select message from tickets where id = $1`, ticket).Scan(&message)
	return message, absent(err)
}

// handOffRecovered offers a ticket or a comment that was made of a held message: as that, and as
// one that was recovered.
func (t *tx) handOffRecovered(r *Recovery, at int64) error {
	targets, err := t.targets()
	if err != nil || len(targets) == 0 {
		return err
	}
	o := offer{ticket: r.Ticket.ID, message: r.SuspendedID, thread: r.SuspendedID, at: at}
	var recipients string
	err = t.row(`select decision_id, recipients from messages where id = $1`, o.message).
		Scan(&o.decision, &recipients)
	if err != nil {
		return absent(err)
	}
	if err := json.Unmarshal([]byte(recipients), &o.recipients); err != nil {
		return fmt.Errorf("recipients of message %d: %w: %w", o.message, ErrDamaged, err)
	}
	made := TicketCreated
	if r.Comment != nil {
		made = CommentCreated
		if o.thread, err = t.threadOf(o.ticket); err != nil {
			return err
		}
	}
	for _, o.event = range []string{MessageRecovered, made} {
		if err := t.handOff(o); err != nil {
			return err
		}
	}
	return nil
}

// handOffAdded offers the first of a message that came again for further recipients to those
// targets that did not have it for them. It is what it was: a ticket, a comment, or held.
func (t *tx) handOffAdded(f *first, added []string, at int64) error {
	if err := t.readSequence(); err != nil {
		return err
	}
	targets, err := t.targets()
	if err != nil || len(targets) == 0 {
		return err
	}
	o := offer{event: MessageSuspended, ticket: f.id, message: f.id, thread: f.id,
		decision: f.decision, recipients: added, at: at}
	if f.held == 0 {
		if err := t.findFirst(&o); err != nil {
			return err
		}
	}
	for i := range targets {
		g := &targets[i]
		if !g.Apart {
			had, err := t.has(g.Name, o)
			if err != nil {
				return err
			}
			if had {
				continue
			}
		}
		if err := t.handOffTo(g, o, targets); err != nil {
			return fmt.Errorf("hand-off to %s: %w", g.Name, err)
		}
	}
	return nil
}

// findFirst tells of what a message has become, and of which ticket.
func (t *tx) findFirst(o *offer) error {
	o.event = TicketCreated
	err := absent(t.row(`select id from tickets where id = $1 or suspended_id = $1`, o.message).
		Scan(&o.ticket))
	if !errors.Is(err, ErrNotFound) {
		return err
	}
	o.event = CommentCreated
	return absent(t.row(`select c.ticket, t.message from comments c join tickets t on t.id = c.ticket
		where c.message = $1`, o.message).Scan(&o.ticket, &o.thread))
}

func (t *tx) has(target string, o offer) (had bool, err error) {
	err = t.row(`select exists (select 1 from handoffs where thread = $1 and target = $2
		and message = $3 and event = $4)`, o.thread, target, o.message, o.event).Scan(&had)
	return had, damaged(err)
}

// withdraw ends what waits of a message that is no longer what it was handed on as: why is told
// in the place of the other side's words. What a server has in hand may arrive all the same.
func (t *tx) withdraw(message, ticket int64, why string) error {
	thread, err := t.leaveThread(message)
	if err == nil {
		err = t.exec(`update handoffs set state = 'discarded', said = $3, ended_at = $4
			where thread = $1 and message = $5 and (cast($2 as bigint) = 0 or ticket = $2)
				and state in ('waiting', 'failed', 'unknown')`,
			thread, ticket, why, t.w.now().UnixMilli(), message)
	}
	if err != nil {
		return fmt.Errorf("hand-offs of message %d: %w", message, err)
	}
	return nil
}

// leaveThread has what was handed on of a message follow nothing but itself: it is no comment any
// more. It is to be asked while it is that.
func (t *tx) leaveThread(message int64) (thread int64, err error) {
	err = absent(t.row(`select t.message from comments c join tickets t on t.id = c.ticket
		where c.message = $1`, message).Scan(&thread))
	if err == nil {
		err = t.exec(`update handoffs set thread = $1 where thread = $2 and message = $1`, message,
			thread)
	}
	if errors.Is(err, ErrNotFound) {
		err = nil
	}
	return message, err
}

// forgetHandoffs withdraws what waits of a message that is deleted for good, and forgets what was
// said of it.
func (t *tx) forgetHandoffs(message int64) error {
	err := t.withdraw(message, 0, "the message was deleted")
	if err == nil {
		err = t.exec(`update handoffs set said = '', recipient = '' where thread = $1 and message = $1
			and state = 'done'`, message)
	}
	return err
}
