package settings

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// reloadable are the settings that SIGHUP changes in a running server, each a key or the
// beginning of keys. Every other setting asks for a restart.
func reloadable() []string {
	return []string{"smtp.recipients", "smtp.clients", "smtp.relays", "smtp.only_relays",
		"smtp.authserv_id", "smtp.filter", "smtp.proxies", "smtp.tls_", "smtp.max_header_size",
		"smtp.max_connections", "smtp.max_arriving", "smtp.duplicate_window", "smtp.idle_timeout",
		"smtp.transaction_timeout", "smtp.min_", "smtp.patience", "smtp.grace", "auth.",
		"causes.", "rate.", "replies.", "clamav.", "rspamd.", "digest.", "http.tls_", "suspended."}
}

func isReloadable(key string) bool {
	return slices.ContainsFunc(reloadable(), func(start string) bool {
		return strings.HasPrefix(key, start)
	})
}

// Hold gives next the values of s wherever they cannot change while the server runs. What
// certificate there is can change, but not whether there is one.
func (s *Settings) Hold(next *Settings) (changed, waiting Words) {
	was := map[string]reflect.Value{}
	s.Each(func(key string, v reflect.Value) { was[key] = v })
	next.Each(func(key string, v reflect.Value) {
		switch {
		case strings.HasPrefix(key, "handoff."): // each target as a whole
		case fmt.Sprint(v.Interface()) == fmt.Sprint(was[key].Interface()): // as it is shown
		case isReloadable(key) && (!isCertificate(key) || v.IsZero() == was[key].IsZero()):
			changed = append(changed, key)
		default:
			v.Set(was[key])
			waiting = append(waiting, key)
		}
	})
	return append(changed, s.Handoff.changed(next.Handoff)...), waiting
}

func isCertificate(key string) bool {
	return strings.HasSuffix(key, ".tls_cert") || strings.HasSuffix(key, ".tls_key")
}
