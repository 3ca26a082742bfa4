package smtpd

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"gatepost/message"
	"gatepost/policy"
	"gatepost/store"
)

// A Receiver takes messages from whatever door they came in by.
type Receiver struct {
	DB       *store.DB
	Hostname string        // our name in the trace
	Keep     time.Duration // how long a message is held
	Log      *slog.Logger
}

// Receive is the path of a message: gather, decide, commit. It reads content to its end and
// gives the id of the decision once everything is on disk; any error means that nothing
// was taken and the client must keep the message. Errors of content come back as they are.
func (r *Receiver) Receive(ctx context.Context, env *message.Envelope, content io.Reader) (
	id string, err error) {
	spooled, err := store.Spool(r.DB.Dir(), content)
	if err != nil {
		return "", err
	}
	defer func() {
		if e := spooled.Close(); e != nil {
			r.Log.Error("close spool", "error", e)
		}
	}()
	head, err := spooled.Head()
	if err != nil {
		return "", err
	}
	m := message.Parse(head)
	rules, facts, err := r.DB.Facts(ctx, m, env)
	if err != nil {
		return "", err
	}
	decision := rules.Decide(facts)
	decisionID, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("decision id: %w", err)
	}
	id = decisionID.String()
	_, err = r.DB.Commit(ctx, &store.Record{ID: id, Envelope: env, Trace: r.trace(env, id),
		Message: m, Content: spooled, Facts: facts, Decision: &decision, Keep: r.Keep})
	if err != nil {
		return "", err
	}
	r.log(env, facts, &decision, id)
	return id, nil
}

// trace is our trace field (RFC 5321, section 4.4). It is kept beside the message: what
// was received stays as it was.
func (r *Receiver) trace(env *message.Envelope, id string) string {
	with := "ESMTP"
	if env.SMTPUTF8 {
		with = "UTF8SMTP"
	}
	if env.TLS {
		with += "S"
	}
	return message.Clean(fmt.Sprintf("Received: from %q ([%s]) by %s with %s id %s; %s",
		env.Helo, env.Client, r.Hostname, with, id, env.ReceivedAt.Format(time.RFC1123Z)))
}

// log writes the one line of a message. Of a silent rejection it names nothing that the
// message brought.
func (r *Receiver) log(env *message.Envelope, f *policy.Facts, d *policy.Decision, id string) {
	if d.Action == policy.Reject {
		r.Log.Info("decision", "action", "reject", "client", env.Client, "rule", d.RuleKind())
		return
	}
	r.Log.Info("decision", "action", d.Action.String(), "id", id, "client", env.Client,
		"from", printable(f.Sender.Text), "cause", d.Cause.String(), "rule", d.RuleText())
}
