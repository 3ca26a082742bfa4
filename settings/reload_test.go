package settings

import (
	"reflect"
	"strings"
	"testing"
)

// What is written in another way and means the same has not changed.
func TestReloadOfTheSame(t *testing.T) {
	was, next := Defaults(), Defaults()
	err := next.Parse("gatepost.toml", []byte(`smtp.listen_tls = ""
		smtp.relays = [ ]
		http.hosts = ""
		smtp.max_message_size = "25600KiB"
		suspended.keep = "336h"`))
	if changed, waiting := was.Hold(next); err != nil || changed != nil || waiting != nil {
		t.Errorf("changed %v, waiting %v, %v", changed, waiting, err)
	}
}

// Each setting is reloaded or not by its own key: a new one needs a restart until it is
// written into the list, and nothing in the list is without a setting.
func TestReloadableSettings(t *testing.T) {
	var keys []string
	s := Defaults()
	s.Each(func(key string, _ reflect.Value) { keys = append(keys, key) })
	for _, start := range reloadable() {
		if !strings.Contains("\n"+strings.Join(keys, "\n"), "\n"+start) {
			t.Errorf("no setting begins with %s", start)
		}
	}
	for _, key := range []string{"db", "node", "smtp.listen", "smtp.listen_tls", "smtp.hostname",
		"smtp.max_message_size", "smtp.max_recipients", "http.listen", "log.format"} {
		if isReloadable(key) {
			t.Errorf("%s cannot change while the server runs", key)
		}
	}
}

// A certificate may become another, but a server that offers TLS goes on offering it.
func TestReloadKeepsTLS(t *testing.T) {
	was, next := Defaults(), Defaults()
	was.SMTP.TLSCert, was.SMTP.TLSKey = "a.crt", "a.key"
	next.HTTP.TLSCert, next.HTTP.TLSKey = "b.crt", "b.key"
	if changed, waiting := was.Hold(next); changed != nil ||
		waiting.String() != "smtp.tls_cert smtp.tls_key http.tls_cert http.tls_key" {
		t.Errorf("changed %v, waiting %v", changed, waiting)
	}
	next.SMTP.TLSCert = "b.crt"
	if changed, _ := was.Hold(next); changed.String() != "smtp.tls_cert" {
		t.Errorf("changed %v", changed)
	}
}
