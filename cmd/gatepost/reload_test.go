package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gatepost/settings"
)

// What needs a restart stays as it is, and what can change is judged together with that: a
// server that others can reach is never left without recipients.
func TestReloadJudgesWhatWillRun(t *testing.T) {
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	was, next := settings.Defaults(), settings.Defaults()
	was.SMTP.Listen, was.SMTP.Recipients = settings.Words{"0.0.0.0:25"}, settings.Words{"help.test"}
	for name, s := range map[string]*settings.Settings{"before": was, "after": next} {
		if _, err := newPlan(s, log); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	changed, waiting := was.Hold(next)
	if changed.String() != "smtp.recipients" || waiting.String() != "smtp.listen" {
		t.Errorf("changed %v, waiting %v", changed, waiting)
	}
	_, err := newPlan(next, log)
	if err == nil || !strings.Contains(err.Error(), "0.0.0.0:25 can be") {
		t.Errorf("mail for anybody would be taken from anywhere: %v", err)
	}
}

// Settings that are read anew again and again, each time to another end, cost no message.
func TestReloadUnderLoad(t *testing.T) {
	g := newGateway(t, anyRate)
	file := filepath.Join(g.dir, "gatepost.toml")
	ended := make(chan int)
	var senders sync.WaitGroup
	for range 4 {
		senders.Go(func() {
			sent := 0
			for range 20 {
				if reply, err := g.send("From: ann@acme.test\r\n\r\nHello\r\n"); err != nil {
					t.Error(reply, err)
				} else {
					sent++
				}
			}
			ended <- sent
		})
	}
	sent := 0
	for n, left := 0, 4; left > 0; n++ {
		text := fmt.Sprintf("[smtp]\nmax_arriving = %d\n[auth]\nloopback = %q\nresolver = "+
			"\"127.0.0.1:9\"\n[causes]\nblank = %v\n", 50+n%2, []string{"take", "check"}[n%2], n%2 == 0)
		if n%5 == 4 {
			text += "[nonsense]\n"
		}
		if err := errors.Join(os.WriteFile(file, []byte(text), 0o600),
			g.cmd.Process.Signal(syscall.SIGHUP)); err != nil {
			t.Fatal(err)
		}
		select {
		case k := <-ended:
			sent += k
			left--
		case <-time.After(5 * time.Millisecond):
		}
	}
	senders.Wait()
	if err := os.Remove(file); err != nil {
		t.Error(err)
	}
	if got := strings.TrimSpace(g.must("ticket", "list", "--count")); got != strconv.Itoa(sent) {
		t.Errorf("%s are stored, %d were taken", got, sent)
	}
	g.end(syscall.SIGTERM)
	if code := g.cmd.ProcessState.ExitCode(); code != exitDone {
		t.Errorf("it ended with %d", code)
	}
}
