package store

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"gatepost/message"
	"gatepost/policy"
)

// BenchmarkReceive takes 4 KiB messages, each another, from 32 senders at once: spool, facts,
// decision and durable commit; without a target of hand-offs, and with one.
func BenchmarkReceive(b *testing.B) {
	b.Run("kept", func(b *testing.B) { benchReceive(b) })
	b.Run("handed", func(b *testing.B) {
		benchReceive(b, Target{Name: "desk", Kind: "smtp", Events: []string{TicketCreated}})
	})
}

func benchReceive(b *testing.B, targets ...Target) {
	db, err := Open(at(b, filepath.Join(b.TempDir(), "gatepost.db")), Options{Create: true,
		Settings: policy.Settings{PerHour: 1 << 30}})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	ctx := context.Background()
	unlock, err := db.Lock(ctx) // as a server has it
	if err != nil {
		b.Fatal(err)
	}
	defer unlock()
	if err := db.SetTargets(ctx, targets); err != nil {
		b.Fatal(err)
	}
	text := strings.Repeat("x", 3900)
	var n atomic.Int64
	b.SetParallelism(16)
	b.ReportAllocs()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			raw := mail("Ann <ann@acme.test>", fmt.Sprint("hello", n.Add(1)), text)
			if err := receiveOne(ctx, db, raw); err != nil {
				b.Error(err)
			}
		}
	})
}

func receiveOne(ctx context.Context, db *DB, raw string) error {
	env := &message.Envelope{Client: netip.MustParseAddr("192.0.2.1"),
		Recipients: []string{"support@acme.test"}, ReceivedAt: time.Now()}
	content, err := Spool(db.Dir(), strings.NewReader(raw))
	if err != nil {
		return err
	}
	defer content.Close()
	head, err := content.Head()
	if err != nil {
		return err
	}
	m := message.Parse(head)
	p, facts, err := db.Facts(ctx, policy.Mail{Message: m, Envelope: env,
		Body: func() io.Reader { return content.From(m.Size) }})
	if err != nil {
		return err
	}
	if facts.Stored, err = db.Stored(facts.Rate(), env.ReceivedAt); err != nil {
		return err
	}
	d := p.Decide(facts)
	_, err = db.Commit(ctx, &Record{ID: uuid.NewString(), Envelope: env, Message: m,
		Content: content, Facts: facts, Decision: &d, Keep: time.Hour,
		Window: 24 * time.Hour})
	return err
}
