// Package intake is the path of a message: gather, decide, commit. Whatever interface a message
// comes in by, SMTP, a pipe or a file, it is judged once and written down here. It speaks no
// protocol, and decides nothing that package policy does not.
package intake

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"gatepost/limiter"
	"gatepost/message"
	"gatepost/policy"
	"gatepost/smtpd/mailauth"
	"gatepost/store"
)

// A Receiver takes messages, whatever interface they came in by.
type Receiver struct {
	DB       *store.DB
	Auth     *mailauth.Checker // nil: nobody is asked, and what From claims is taken
	Scanners []Scanner         // asked in this order of what nothing else holds
	Hostname string            // our name in the trace
	Keep     Keeping           // how long a message is held
	Window   time.Duration     // how long the same message again is one with the first
	Log      *slog.Logger

	handling atomic.Pointer[handling] // what Change said last, nil before
	asking   limiter.Pool             // of messages that wait for the DNS
	answers  answers                  // to rejected messages
}

// mostAsking is how many messages may wait for the DNS at once. Each may have a dozen questions
// open, with a socket each.
const mostAsking = 256

// A handling is what Change may replace while messages are received.
type handling struct {
	auth     *mailauth.Checker
	scanners []Scanner
	keep     Keeping
	window   time.Duration
}

// A Keeping is how long messages are held, those of some causes otherwise.
type Keeping struct {
	For    time.Duration
	Causes map[policy.Cause]time.Duration
}

func (k Keeping) of(c policy.Cause) time.Duration {
	if span, ok := k.Causes[c]; ok {
		return span
	}
	return k.For
}

// Change has Auth, Scanners, Keep and Window be others for all that is asked from now on. It may be
// called at any time, but must not close the Checker of before: a message may still be asking it.
func (r *Receiver) Change(auth *mailauth.Checker, scanners []Scanner, keep Keeping,
	window time.Duration) {
	r.handling.Store(&handling{auth, scanners, keep, window})
}

func (r *Receiver) now() *handling {
	if h := r.handling.Load(); h != nil {
		return h
	}
	return &handling{r.Auth, r.Scanners, r.Keep, r.Window}
}

// ErrDeferred says that too much of one sender was stored of late: nothing was taken, and the
// client is to come again later. The Outcome has the decision.
var ErrDeferred = errors.New("too many messages of this sender within the hour: try again later")

// An Outcome is what became of a message.
type Outcome struct {
	ID       string // of the decision, or of that of the first, if it came again
	Again    bool   // it is stored, and was before
	Facts    *policy.Facts
	Decision *policy.Decision
	// Took is the time from when the content had come whole until all of this was on disk.
	Took time.Duration
}

// Receive is the path of a message: gather, decide, commit. It reads content to its end and
// returns once everything is on disk; any error means that nothing was taken and the client
// must keep the message. Errors of content come back as they are.
func (r *Receiver) Receive(ctx context.Context, env *message.Envelope, content io.Reader) (
	out Outcome, err error) {
	spooled, err := store.Spool(r.DB.Dir(), content)
	if err != nil {
		return out, err
	}
	defer func() {
		if e := spooled.Close(); e != nil {
			r.Log.Error("close spool", "error", e)
		}
	}()
	came := time.Now()
	head, err := spooled.Head()
	if err != nil {
		return out, err
	}
	env = distinct(env)
	mail := policy.Mail{Message: message.Parse(head), Envelope: env}
	mail.Body = func() io.Reader { return spooled.From(mail.Message.Size) }
	rules, facts, err := r.DB.Facts(ctx, mail)
	if err != nil {
		return out, err
	}
	now := r.now() // after the content, which may have been long in coming
	if now.auth != nil && r.asksForProof(ctx, rules, facts) {
		facts.Authentication = r.ask(ctx, now.auth, query(mail, facts))
	}
	decisionID, err := uuid.NewV7()
	if err != nil {
		return out, fmt.Errorf("decision id: %w", err)
	}
	record := &store.Record{ID: decisionID.String(), Envelope: env, Message: mail.Message,
		Content: spooled, Facts: facts, Undeclared: undeclared(mail, facts), Window: now.window}
	record.Trace, record.Results = r.trace(env, record.ID), r.results(facts)
	err = r.settle(ctx, rules, record, now)
	took := time.Since(came)
	if err == nil || isDeferred(err) {
		r.log(record, took)
	}
	id := cmp.Or(record.First, record.ID)
	if err == nil && record.Decision.Action == policy.Reject {
		id, err = r.rejected(ctx, record)
	}
	return Outcome{ID: id, Again: record.First != "", Facts: facts, Decision: record.Decision,
		Took: took}, err
}

// rejected is the id that a rejected message is answered with, the first's if it came again:
// so are the others, and nobody is to tell it from them.
func (r *Receiver) rejected(ctx context.Context, record *store.Record) (string, error) {
	id, err := r.DB.FirstLike(ctx, record)
	if id != "" || err != nil {
		return id, err
	}
	return r.answers.first(record), nil
}

// ask finds out who a message is from. When too many wait, the one that has waited longest for
// whoever has most of them waits no more: what it has not heard by then is a temperror, as
// when its time is over.
func (r *Receiver) ask(ctx context.Context, auth *mailauth.Checker, q mailauth.Query) (
	a *policy.Authentication) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	place := limiter.NewShare(q.Hop.Client, nil, stop)
	r.asking.Enter(place, mostAsking, 0)
	defer r.asking.Leave(place)
	return auth.Check(ctx, q)
}

// settle decides, asks the scanners if that lets it in, and commits. If more of this sender's
// messages were stored between the two than the decision allows for, it is made again: there are
// three ways it can go. What was stored before is acknowledged, however many of its sender there
// are.
func (r *Receiver) settle(ctx context.Context, rules *policy.Policy, record *store.Record,
	now *handling) (err error) {
	for range 3 {
		at := record.Envelope.ReceivedAt
		if record.Facts.Stored, err = r.DB.Stored(record.Facts.Rate(), at); err != nil {
			return err
		}
		decision := rules.Decide(record.Facts)
		if decision, err = now.scan(ctx, rules, record, decision); err != nil {
			return err
		}
		record.Decision, record.Keep = &decision, now.keep.of(decision.Cause)
		if decision.Action == policy.Reject {
			record.Shadowed = r.shadowed(ctx, rules, record.Facts)
		}
		if decision.Action == policy.Defer {
			if again, err := r.DB.Again(ctx, record); again || err != nil {
				return err
			}
			return r.deferred(ctx, record)
		}
		if _, err = r.DB.Commit(ctx, record); !errors.Is(err, store.ErrCrowded) {
			return err
		}
	}
	return err
}

// undeclared reports whether a mail server on this machine seems to stand before us that
// nobody has told us of: then the client is never who the mail is from.
func undeclared(mail policy.Mail, f *policy.Facts) bool {
	return mail.Envelope.Client.IsLoopback() && !f.Hop.Relayed &&
		mail.Message.Count("Received") > 0
}

// results are our own Authentication-Results (RFC 8601), kept beside the message.
func (r *Receiver) results(f *policy.Facts) string {
	return mailauth.Field(r.Hostname, f.Authentication, f.Sender.Address.Domain(), f.Proof())
}

// mostLogged is how many attributes the line of a message has at most.
const mostLogged = 12

// log writes the one line of a message. Of a silent rejection it names nothing that the
// message brought.
func (r *Receiver) log(record *store.Record, took time.Duration) {
	d, client := record.Decision, record.Envelope.Client
	if d.Action == policy.Reject {
		r.Log.Info("decision", "action", "reject", "client", client, "rule", d.RuleKind())
		return
	}
	action, id := d.Action.String(), record.ID
	if record.First != "" {
		action, id = "duplicate", record.First
	}
	attrs := append(make([]slog.Attr, 0, mostLogged), slog.String("action", action),
		slog.String("id", id), slog.String("client", client.String()),
		slog.String("from", record.Facts.Sender.Text))
	if record.First != "" {
		attrs = append(attrs, slog.String("why", "the same as "+record.First))
	} else {
		attrs = append(attrs, slog.String("proof", d.Proof.String()),
			slog.String("cause", d.Cause.String()), slog.String("rule", d.RuleText()))
	}
	if d.Action == policy.Defer { // of which nothing else is kept
		attrs = append(attrs, slog.String("why", d.Why()))
	}
	attrs = append(attrs, slog.String("message_id", record.Message.MessageID()),
		slog.String("to", strings.Join(record.Envelope.Recipients, " ")),
		slog.Int64("size", record.Content.Size),
		slog.Float64("took_ms", float64(took.Microseconds())/1000))
	r.Log.LogAttrs(context.Background(), slog.LevelInfo, "decision", attrs...)
}
