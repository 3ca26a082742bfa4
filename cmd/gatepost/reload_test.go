package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// What needs a restart stays as it is, and what can change is judged together with that: a
// server that others can reach is never left without recipients.
func TestReloadJudgesWhatWillRun(t *testing.T) {
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	was, next := defaults(), defaults()
	was.SMTP.Listen, was.SMTP.Recipients = words{"0.0.0.0:25"}, words{"help.test"}
	for name, s := range map[string]*settings{"before": was, "after": next} {
		if _, err := newPlan(s, log); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	changed, waiting := was.hold(next)
	if changed.String() != "smtp.recipients" || waiting.String() != "smtp.listen" {
		t.Errorf("changed %v, waiting %v", changed, waiting)
	}
	if _, err := newPlan(next, log); err == nil || !strings.Contains(err.Error(), "0.0.0.0:25 can be") {
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

// What is written in another way and means the same has not changed.
func TestReloadOfTheSame(t *testing.T) {
	was, next := defaults(), defaults()
	err := next.parse("gatepost.toml", []byte(`smtp.listen_tls = ""
		smtp.relays = [ ]
		http.hosts = ""
		smtp.max_message_size = "25600KiB"
		suspended.keep = "336h"`))
	if changed, waiting := was.hold(next); err != nil || changed != nil || waiting != nil {
		t.Errorf("changed %v, waiting %v, %v", changed, waiting, err)
	}
}

// Each setting is reloaded or not by its own key: a new one needs a restart until it is
// written into the list, and nothing in the list is without a setting.
func TestReloadableSettings(t *testing.T) {
	var keys []string
	s := defaults()
	s.each(func(key string, _ reflect.Value) { keys = append(keys, key) })
	for _, start := range reloadable() {
		if !strings.Contains("\n"+strings.Join(keys, "\n"), "\n"+start) {
			t.Errorf("no setting begins with %s", start)
		}
	}
	for _, key := range []string{"db", "smtp.listen", "smtp.listen_tls", "smtp.hostname",
		"smtp.max_message_size", "smtp.max_recipients", "http.listen", "log.format"} {
		if isReloadable(key) {
			t.Errorf("%s cannot change while the server runs", key)
		}
	}
}

// A certificate may become another, but a server that offers TLS goes on offering it.
func TestReloadKeepsTLS(t *testing.T) {
	was, next := defaults(), defaults()
	was.SMTP.TLSCert, was.SMTP.TLSKey = "a.crt", "a.key"
	next.HTTP.TLSCert, next.HTTP.TLSKey = "b.crt", "b.key"
	if changed, waiting := was.hold(next); changed != nil ||
		waiting.String() != "smtp.tls_cert smtp.tls_key http.tls_cert http.tls_key" {
		t.Errorf("changed %v, waiting %v", changed, waiting)
	}
	next.SMTP.TLSCert = "b.crt"
	if changed, _ := was.hold(next); changed.String() != "smtp.tls_cert" {
		t.Errorf("changed %v", changed)
	}
}
