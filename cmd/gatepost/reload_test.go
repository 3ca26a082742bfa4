package main

import (
	"io"
	"log/slog"
	"reflect"
	"strings"
	"testing"
)

// What needs a restart stays as it is, and what can change is judged together with that: a
// server that others can reach is never left without recipients.
func TestReloadJudgesWhatWillRun(t *testing.T) {
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	was, next := defaults(), defaults()
	was.SMTP.Listen, was.SMTP.Recipients = words{"0.0.0.0:25"}, words{"help.test"}
	for name, s := range map[string]*settings{"before": was, "after": next} {
		if _, err := s.plan(log); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	changed, waiting := was.hold(next)
	if changed.String() != "smtp.recipients" || waiting.String() != "smtp.listen" {
		t.Errorf("changed %v, waiting %v", changed, waiting)
	}
	if _, err := next.plan(log); err == nil || !strings.Contains(err.Error(), "0.0.0.0:25 can be") {
		t.Errorf("mail for anybody would be taken from anywhere: %v", err)
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
