package policy_test

import (
	"net/netip"
	"strings"
	"testing"

	"gatepost/message"
	"gatepost/policy"
)

// TestHop follows a message back to who handed it to the first machine of ours, past
// everything that a stranger can write: HELO, reverse DNS and what stands below.
func TestHop(t *testing.T) {
	const (
		edge   = "Received: from x.test (x.test [198.51.100.7]) by mx.desk.test; x"
		inner  = "Received: from mx.desk.test (mx.desk.test [192.0.2.9]) by in.desk.test; x"
		filter = "Received: from localhost (localhost [127.0.0.1]) by mx.desk.test; x"
		odd    = "Received: from x.test by mx.desk.test; x"
		forged = "Received: from y.test (y.test [203.0.113.66]) by mx.desk.test; x"
		relay  = "Received: from mx.desk.test (mx.desk.test [192.0.2.1]) by mx.desk.test; x"
		result = "Authentication-Results: mx.desk.test; spf=pass"
	)
	s := policy.Settings{Relays: ranges(t, "192.0.2.0/24")}
	for _, c := range []struct {
		name   string
		client string // "" for mail that was piped in
		fields []string
		want   policy.Hop
	}{
		{"a stranger", "198.51.100.1", []string{relay, edge}, hop(false, "198.51.100.1", 0)},
		{"this machine, unlisted", "127.0.0.1", []string{edge}, hop(false, "127.0.0.1", 0)},
		{"a relay", "192.0.2.1", []string{edge, forged}, hop(true, "198.51.100.7", 0)},
		{"what it wrote", "192.0.2.1", []string{result, edge, result, forged},
			hop(true, "198.51.100.7", 1)},
		{"piped", "", []string{"Return-Path: <a@b.test>", edge}, hop(true, "198.51.100.7", 1)},
		{"two relays", "192.0.2.1", []string{inner, result, edge, forged},
			hop(true, "198.51.100.7", 2)},
		{"a filter", "192.0.2.1", []string{filter, result, edge, forged},
			hop(true, "198.51.100.7", 2)},
		{"unreadable", "192.0.2.1", []string{result, odd, forged}, hop(true, "", 1)},
		{"HELO is a relay", "192.0.2.1", []string{
			"Received: from [192.0.2.5] (x.test [198.51.100.7]) by mx.desk.test; x", forged},
			hop(true, "198.51.100.7", 0)},
		{"HELO is this machine", "192.0.2.1", []string{
			"Received: from [127.0.0.1] ([198.51.100.7] helo=[127.0.0.1]) by mx.desk.test; x",
			forged}, hop(true, "", 0)},
		{"reverse DNS is a relay's", "192.0.2.1", []string{
			"Received: from x (localhost [198.51.100.7]) by mx.desk.test; x", forged},
			hop(true, "198.51.100.7", 0)},
		{"no trace at all", "192.0.2.1", []string{result}, hop(true, "", 0)},
		{"only our own", "192.0.2.1", []string{inner, result, relay, result}, hop(true, "", 2)},
	} {
		env := &message.Envelope{Piped: c.client == ""}
		if !env.Piped {
			env.Client = netip.MustParseAddr(c.client)
		}
		raw := strings.Join(c.fields, "\r\n") + "\r\nFrom: ann@acme.test\r\n\r\n"
		if f, _ := read(t, &policy.Policy{Settings: s}, env, raw); f.Hop != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, f.Hop, c.want)
		}
	}
}

func hop(relayed bool, client string, trusted int) policy.Hop {
	h := policy.Hop{Relayed: relayed, Trusted: trusted}
	if client != "" {
		h.Client = netip.MustParseAddr(client)
	}
	return h
}
