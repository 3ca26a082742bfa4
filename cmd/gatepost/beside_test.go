package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestBesideOthers has other processes do with the database what they may while messages come
// over 16 connections: none of it is taken for a database that was written over. In the end it
// is, and all that was acknowledged is in the second copy. GATEPOST_LONG sends more, again and
// again for three minutes.
func TestBesideOthers(t *testing.T) {
	if testing.Short() {
		t.Skip("it kills, damages or replaces again and again")
	}
	t.Parallel()
	messages, lasting := 160, time.Duration(0)
	if os.Getenv("GATEPOST_LONG") != "" {
		messages, lasting = 1000, 3*time.Minute
	}
	for end := time.Now().Add(lasting); ; {
		t.Run("", func(t *testing.T) { besideOthers(t, messages) })
		if t.Failed() || time.Now().After(end) {
			return
		}
	}
}

func besideOthers(t *testing.T, messages int) {
	s := newStorm(newGateway(t, anyRate), messages)
	s.doubt = true // a message that was written when it was noticed is in the rescue
	busy, end := context.WithCancel(t.Context())
	others := s.others(busy)
	for range 16 {
		s.clients.Go(s.client)
	}
	for range messages / 2 {
		select {
		case <-s.acks:
		case <-s.done:
			t.Fatalf("the server ended: %q", s.log)
		}
	}
	end()
	others.Wait()
	select {
	case <-s.done:
		t.Fatalf("the server ended: %q", s.log)
	default:
	}
	s.sh("sqlite3 $P \".backup $OLD\"")
	s.await(messages / 4)
	s.replace("cp $OLD $P")
	s.await(messages - messages/2 - messages/4)
	s.clients.Wait()
	s.compare()
	s.end(syscall.SIGTERM)
}

// others are processes that use the database until ctx is done, each at least once.
func (s *storm) others(ctx context.Context) *sync.WaitGroup {
	var all sync.WaitGroup
	sql := func(text string) func(int) *exec.Cmd {
		return func(int) *exec.Cmd {
			return exec.Command("sqlite3", "-cmd", ".timeout 30000", s.database(), text)
		}
	}
	gatepost := func(args ...string) func(int) *exec.Cmd {
		return func(int) *exec.Cmd { return s.command(args...) }
	}
	for _, other := range []func(round int) *exec.Cmd{
		sql("vacuum"),
		sql("pragma wal_checkpoint(passive)"),
		sql("pragma wal_checkpoint(restart)"),
		sql("pragma wal_checkpoint(truncate)"),
		sql("begin; select count(*) from messages; select count(raw) from messages; end"),
		gatepost("doctor"),
		gatepost("backup", "copy"),
		gatepost("suspended", "list", "--json"),
		func(round int) *exec.Cmd {
			return s.command("rules", "add", "block", fmt.Sprintf("other%d.test", round))
		},
	} {
		all.Go(func() {
			for round := 0; round == 0 || ctx.Err() == nil; round++ {
				if out, err := other(round).CombinedOutput(); err != nil {
					s.Errorf("%v: %v: %s", other(round).Args, err, out)
					return
				}
			}
		})
	}
	return &all
}
