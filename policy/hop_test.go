package policy_test

import (
	"net/netip"
	"slices"
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

		again   = "Received: by mx.desk.test (Postfix, from userid 65534) id 1; x"
		onward  = "Received: by out.desk.test with SMTP id 1 for <a@b.test>; x"
		between = "Received: by 192.0.2.7 with SMTP id 1; x"
		private = "Received: by 10.1.2.3 with SMTP id 1; x"
		six     = "Received: by 2002:a01:203:b0:: with SMTP id 1; x"
		public  = "Received: by 198.51.100.9 with SMTP id 1; x"
		silent  = "Received: by mx.desk.test (Postfix) with SMTP id 1; x"
		user    = "Received: by mx.desk.test with SMTPS id 1; x"
		fetched = "Received: from imap.test [203.0.113.9] by vm with IMAP (fetchmail-6.4.37); x"
		lmtp    = "Received: from mx.desk.test by vm with LMTP id 1; x"
		qmail   = "Received: (qmail 1 invoked from network); x"
		alias   = "Received: (qmail 2 invoked by alias); x"
		local   = "Received: from root by mx.desk.test with local (Exim 4.96) id 1; x"
		courier = "Received: from localhost (localhost [127.0.0.1]) (uid 0) by mx.desk.test " +
			"with local id 1; x"
		signed  = "Received: from localhost (localhost [127.0.0.1]) by mx.desk.test with ESMTPA; x"
		foreign = "Received: from y.test (y.test [203.0.113.66]) by mx.elsewhere.test; x"
	)
	s := policy.Settings{Relays: ranges(t, "192.0.2.0/24")}
	for _, c := range []struct {
		name   string
		client string // "" for mail that was piped in
		fields []string
		want   policy.Hop
	}{
		{"a stranger", "198.51.100.1", []string{relay, edge}, hop(false, "198.51.100.1", "", 0)},
		{"this machine, unlisted", "127.0.0.1", []string{edge}, hop(false, "127.0.0.1", "", 0)},
		{"a relay", "192.0.2.1", []string{edge, forged}, hop(true, "198.51.100.7", "x.test", 0)},
		{"what it wrote", "192.0.2.1", []string{result, edge, result, forged},
			hop(true, "198.51.100.7", "x.test", 1)},
		{"piped", "", []string{"Return-Path: <a@b.test>", edge},
			hop(true, "198.51.100.7", "x.test", 1)},
		{"two relays", "192.0.2.1", []string{inner, result, edge, forged},
			hop(true, "198.51.100.7", "x.test", 2)},
		{"a filter", "192.0.2.1", []string{filter, result, edge, forged},
			hop(true, "198.51.100.7", "x.test", 2)},
		{"unreadable", "192.0.2.1", []string{result, odd, forged}, hop(true, "", "", 1)},
		{"HELO is a relay", "192.0.2.1", []string{
			"Received: from [192.0.2.5] (x.test [198.51.100.7]) by mx.desk.test; x", forged},
			hop(true, "198.51.100.7", "[192.0.2.5]", 0)},
		{"HELO is this machine", "192.0.2.1", []string{
			"Received: from [127.0.0.1] ([198.51.100.7] helo=[127.0.0.1]) by mx.desk.test; x",
			forged}, hop(true, "", "", 0)},
		{"reverse DNS is a relay's", "192.0.2.1", []string{
			"Received: from x (localhost [198.51.100.7]) by mx.desk.test; x", forged},
			hop(true, "198.51.100.7", "x", 0)},
		{"no trace at all", "192.0.2.1", []string{result}, hop(true, "", "", 0)},
		{"only our own", "192.0.2.1", []string{inner, result, relay, result},
			hop(true, "", "", 2)},

		{"taken up again", "192.0.2.1", []string{again, result, edge, forged},
			hop(true, "198.51.100.7", "x.test", 2)},
		{"taken up again, and of another host", "192.0.2.1", []string{again, result, foreign},
			hop(true, "", "", 0)},
		{"taken up again, and nothing else", "192.0.2.1", []string{again, result},
			hop(true, "", "", 0)},
		{"taken up again, given in", "192.0.2.1", []string{again, local, forged},
			hop(true, "", "", 1)},
		{"from machine to machine", "192.0.2.1", []string{onward, between, result, edge, forged},
			hop(true, "198.51.100.7", "x.test", 3)},
		{"an address of its own network", "192.0.2.1", []string{private, edge, forged},
			hop(true, "198.51.100.7", "x.test", 1)},
		{"the same as 6to4", "192.0.2.1", []string{six, edge, forged},
			hop(true, "198.51.100.7", "x.test", 1)},
		{"an address that anybody may have", "192.0.2.1", []string{public, edge, forged},
			hop(true, "", "", 0)},
		{"another host than above", "192.0.2.1", []string{onward, edge, forged},
			hop(true, "", "", 0)},
		{"another host, with an address for a name", "192.0.2.1", []string{onward, private, edge},
			hop(true, "", "", 0)},
		{"a client kept to itself", "192.0.2.1", []string{silent, forged}, hop(true, "", "", 0)},
		{"a user's", "192.0.2.1", []string{user, forged}, hop(true, "", "", 0)},
		{"a user's, from machine to machine", "192.0.2.1", []string{between, user, forged},
			hop(true, "", "", 1)},

		{"fetched", "", []string{fetched, result, edge, forged},
			hop(true, "198.51.100.7", "x.test", 2)},
		{"fetched, a user's", "", []string{fetched, user, forged}, hop(true, "", "", 1)},
		{"delivered", "", []string{lmtp, qmail, edge, forged},
			hop(true, "198.51.100.7", "x.test", 2)},
		{"sent on by qmail", "", []string{alias, result, qmail, edge, forged},
			hop(true, "198.51.100.7", "x.test", 3)},
		{"sent on by qmail, whatever it is", "", []string{alias, edge, forged},
			hop(true, "", "", 0)},
		{"sent on by qmail, delivered", "", []string{alias, lmtp, edge}, hop(true, "", "", 0)},
		{"sent on by qmail twice", "", []string{alias, alias, qmail, edge}, hop(true, "", "", 0)},
		{"sent on by qmail, another's", "", []string{alias, again, edge}, hop(true, "", "", 0)},
		{"delivered, and nothing else", "", []string{lmtp}, hop(true, "", "", 0)},
		{"what a stranger says was fetched", "192.0.2.1", []string{edge, fetched, forged},
			hop(true, "198.51.100.7", "x.test", 0)},
		{"given in", "192.0.2.1", []string{filter, local, forged}, hop(true, "", "", 1)},
		{"given in to Courier", "192.0.2.1", []string{courier, forged}, hop(true, "", "", 0)},
		{"given in by a user who signed in here", "192.0.2.1", []string{signed, forged},
			hop(true, "", "", 0)},
	} {
		env := &message.Envelope{Piped: c.client == "", Helo: "mx.desk.test"}
		if !env.Piped {
			env.Client = netip.MustParseAddr(c.client)
		}
		raw := strings.Join(c.fields, "\r\n") + "\r\nFrom: ann@acme.test\r\n\r\n"
		if f, _ := read(t, &policy.Policy{Settings: s}, env, raw); f.Hop != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, f.Hop, c.want)
		}
	}
}

// TestDoubtHop: of a machine that may be one of the operator's own, and of a line that names
// no client, explain says so; of the rest nothing.
func TestDoubtHop(t *testing.T) {
	const (
		inner = "Received: from EX02.corp.test (10.0.0.6) by EX01.corp.test (10.0.0.5) with " +
			"Microsoft SMTP Server (version=TLS1_2) id 15.1.2507.16; x"
		edge  = "Received: from x.test (x.test [198.51.100.7]) by mx.desk.test; x"
		local = "Received: from root by mx.desk.test\r\n\twith local (Exim 4.96) id 1; x"
	)
	for _, c := range []struct{ name, client, relays, line, why, setting string }{
		{"an inner machine", "10.0.0.5", "10.0.0.5", inner,
			"10.0.0.6, which it names, is no address of the Internet",
			`"10.0.0.6" in smtp.relays goes past it, if that is a machine of yours`},
		{"an inner machine, named", "10.0.0.5", "10.0.0.5 10.0.0.6", inner, "", ""},
		{"from no relay", "10.0.0.5", "", inner, "", ""},
		{"a stranger's", "10.0.0.5", "10.0.0.5", edge, "", ""},
		{"given in", "10.0.0.5", "10.0.0.5", local, "it names no client, and ends the search for " +
			`one: "from root by mx.desk.test with local (Exim 4.96) id 1; x"`, ""},
		{"a long one", "10.0.0.5", "10.0.0.5",
			"Received: from \x1b" + strings.Repeat("x", 60) + strings.Repeat("\u00fc", 9),
			"it names no client, and ends the search for one: " +
				`"from \x1b` + strings.Repeat("x", 60) + "\u00fc\u00fc\u00fc\"...", ""},
		{"none at all", "10.0.0.5", "10.0.0.5", "X: y", "", ""},
	} {
		p := &policy.Policy{}
		if c.relays != "" {
			p.Relays = ranges(t, c.relays)
		}
		env := &message.Envelope{Client: netip.MustParseAddr(c.client)}
		f, _ := read(t, p, env, c.line+"\r\nFrom: ann@acme.test\r\n\r\n")
		var want []policy.Unread
		if c.why != "" {
			want = []policy.Unread{{Field: "Received", Why: c.why, Setting: c.setting}}
		}
		if !slices.Equal(f.Unread, want) || f.Overlooked() != (c.setting != "") {
			t.Errorf("%s:\n%+v, want\n%+v", c.name, f.Unread, want)
		}
	}
}

func hop(relayed bool, client, helo string, trusted int) policy.Hop {
	h := policy.Hop{Relayed: relayed, Helo: helo, Trusted: trusted}
	if client != "" {
		h.Client = netip.MustParseAddr(client)
	}
	return h
}
