package message

import (
	"fmt"
	"strings"
	"testing"
)

// TestReceivedClient goes through the lines that servers write. The client is 192.0.2.1 or
// 2001:db8::1, and what it made up is 203.0.113.6.
func TestReceivedClient(t *testing.T) {
	const v4, v6, none = "192.0.2.1", "2001:db8::1", "invalid IP"
	for _, c := range []struct{ from, want string }{
		// Postfix, Sendmail, and what RFC 5321 has in section 4.4.
		{"helo.test (rdns.test [192.0.2.1])", v4},
		{"helo.test (unknown [192.0.2.1])", v4},
		{"helo.test (rdns.test. [192.0.2.1])", v4},
		{"helo.test\t(x_y.test\t[192.0.2.1])", v4},
		{"helo.test(rdns.test [192.0.2.1])", v4},
		{"[203.0.113.6] (rdns.test [192.0.2.1])", v4},
		{"[203.0.113.6] (unknown [192.0.2.1])", v4},
		{"203.0.113.6 (192.0.2.1 [192.0.2.1])", v4},
		{"by (rdns.test [192.0.2.1])", v4},
		{"helo.test (unknown [IPv6:2001:db8::1])", v6},
		{"helo.test (unknown [ipv6:2001:db8::1])", v6},
		{"helo.test (unknown [2001:db8::1])", v6},
		{"helo.test (unknown [IPv6:::ffff:192.0.2.1])", v4},
		{"helo.test (ann@rdns.test [192.0.2.1])", v4},
		{"helo.test (IDENT:ann@rdns.test [192.0.2.1])", v4},
		{"helo.test (rdns.test [192.0.2.1] (may be forged))", v4},
		{"helo.test ([192.0.2.1])", v4},
		{"helo.test (ann@[192.0.2.1])", v4},
		{"helo.test (rdns.test [192.0.2.1]) (using TLSv1.3 with cipher " +
			"TLS_AES_256_GCM_SHA384 (256/256 bits)) (Client CN \"x\", Issuer \"y\" (not verified)) " +
			`(Authenticated sender: ACME\ann)`, v4},

		// An address literal for HELO: what stands in brackets behind it is the server's
		// (Sendmail, Courier, Haraka; chasquid, which has it the other way, says who it is).
		{"[203.0.113.6] ([192.0.2.1])", v4},
		{"[127.0.0.1] ([192.0.2.1])", v4},
		{"[IPv6:2001:db8::6] ([IPv6:2001:db8:0:0:0:0:0:1])", v6},
		{"[203.0.113.6] ([::ffff:192.0.2.1])", v4},
		{"[203.0.113.6] ([192.0.2.1] (may be forged))", v4},

		// OpenSMTPD, of a client without reverse DNS.
		{"helo.test (<unknown> [192.0.2.1])", v4},
		{"[203.0.113.6] (<unknown> [2001:db8::1])", v6},

		// ZMailer.
		{`rdns.test ([192.0.2.1]:46624 "HELO helo.test" rhost-flags-OK-OK-OK-OK)`, v4},
		{`rdns.test ([192.0.2.1]:25 "EHLO [203.0.113.6]" smtp-auth: <none> TLS-CIPHER: x)`, v4},

		// Momentum, XMail: with the client's port.
		{"helo.test ([192.0.2.1:44423])", v4},
		{"helo.test (192.0.2.1:44423)", v4},
		{"[192.0.2.1] ([192.0.2.1:44423] helo=helo.test)", v4},
		{"rdns.test ([192.0.2.1:44423] helo=[203.0.113.6])", v4},
		{"helo.test (rdns.test [192.0.2.1:44423])", v4},
		{"[203.0.113.6] ([192.0.2.1:44423])", v4},
		{"[203.0.113.6:25] ([192.0.2.1:44423])", v4},

		// Yahoo.
		{"192.0.2.1 (EHLO helo.test)", v4},

		// Exim, CommuniGate, Microsoft SMTPSVC.
		{"[192.0.2.1] (helo=[203.0.113.6])", v4},
		{"[192.0.2.1] (port=4711 helo=helo.test)", v4},
		{"[2001:db8::1] (helo=helo.test ident=ann)", v6},
		{"rdns.test ([192.0.2.1])", v4},
		{"rdns.test ([192.0.2.1] helo=[203.0.113.6])", v4},
		{"rdns.test ([192.0.2.1]:4711 helo=helo.test ident=ann)", v4},
		{"rdns.test ([192.0.2.1] ident=ann)", v4},
		{"rdns.test ([192.0.2.1] verified)", v4},
		{"helo.test ([192.0.2.1] RDNS failed)", v4},
		{"[192.0.2.1] (HELO helo.test)", v4},

		// qmail, Exchange.
		{"unknown (HELO helo.test) (192.0.2.1)", v4},
		{"unknown (HELO [203.0.113.6]) (192.0.2.1)", v4},
		{"rdns.test (EHLO 203.0.113.6) (ann@192.0.2.1)", v4},
		{"rdns.test (HELO helo.test) ([192.0.2.1])", v4},
		{"rdns.test (LHLO helo.test) (192.0.2.1)", v4},
		{"[::ffff:192.0.2.1] (192.0.2.1)", v4},
		{"rdns.test (192.0.2.1)", v4},
		{"helo.test (2001:db8::1)", v6},
		{"unknown (HELO helo.test) (::ffff:192.0.2.1)", v4},

		// The only address may be the name of HELO.
		{"[203.0.113.6]", none},
		{"203.0.113.6", none},
		{"[203.0.113.6] (rdns.test)", none},
		{"[203.0.113.6] ()", none},
		{"[203.0.113.6] (verified)", none},
		{"unknown (HELO [203.0.113.6])", none},
		{"unknown (HELO 203.0.113.6) (authenticated)", none},
		{"rdns.test (helo=[203.0.113.6])", none},
		{"rdns.test (ident=ann helo=203.0.113.6)", none},

		// There are two addresses, and one of them is of the client's choice.
		{"203.0.113.6 (192.0.2.1)", none},
		{"[203.0.113.6] (helo [192.0.2.1])", none},
		{"[203.0.113.6] (HELO helo.test) (192.0.2.1)", none},
		{"[203.0.113.6] ([192.0.2.1] helo=helo.test)", none},
		{"[203.0.113.6] (helo=x [192.0.2.1])", none},
		{"helo.test (203.0.113.6 [192.0.2.1])", none},
		{"helo.test (203.0.113.6@192.0.2.1)", none},
		{"helo.test ([203.0.113.6]@rdns.test [192.0.2.1])", none},
		{"helo.test ([203.0.113.6] helo=@rdns.test [192.0.2.1])", none},
		{"[192.0.2.1] (helo=x@y.test [203.0.113.6])", none},
		{"rdns.test ([192.0.2.1] helo=x [203.0.113.6])", none},
		{"[203.0.113.6] ([203.0.113.6] helo=@[192.0.2.1])", none},
		{"x ([203.0.113.6] helo=@[192.0.2.1])", none},
		{"x ([203.0.113.6] ident=[203.0.113.6]@192.0.2.1)", none},
		{"helo.test ([203.0.113.6] [192.0.2.1])", none},
		{"helo.test (rdns.test [203.0.113.6] [192.0.2.1])", none},
		{"helo.test (rdns.test [203.0.113.6] (x@rdns.test [192.0.2.1]))", none},
		{"x (y [203.0.113.6]) (rdns.test [192.0.2.1])", none},
		{"x (203.0.113.6) (192.0.2.1)", none},
		{"unknown (HELO x) (203.0.113.6) (192.0.2.1)", none},
		{"[203.0.113.6] (HELO x) (rdns.test [192.0.2.1])", none},
		{"x (y [203.0.113.6]) (rdns.test [IPv6:2001:db8::1])", none},

		{"[203.0.113.6] ([198.51.100.6]) ([192.0.2.1])", none},
		{"[203.0.113.6] ([198.51.100.6]) (rdns.test [192.0.2.1])", none},
		{"[203.0.113.6] ([198.51.100.6]) (192.0.2.1)", none},
		{"[203.0.113.6] ([198.51.100.6]@[192.0.2.1])", none},
		{"[203.0.113.6] ([192.0.2.1]:4711)", none},
		{"[203.0.113.6] (ann@[192.0.2.1])", none},
		{"[192.0.2.1] (helo=@[203.0.113.6])", none},
		{"[192.0.2.1] (helo=[203.0.113.6]@198.51.100.6)", none},
		{"[203.0.113.6] (192.0.2.1)", none},
		{"x[203.0.113.6] ([192.0.2.1])", none},
		{"[203.0.113.6]x ([192.0.2.1])", none},
		{"[203.0.113.6][198.51.100.6] ([192.0.2.1])", none},
		{"[203.0.113.6] ([192.0.2.1] (y [198.51.100.6]))", none},
		{"x (<unknown> [203.0.113.6]) (<unknown> [192.0.2.1])", none},
		{"x (<rdns.test> [192.0.2.1])", none},
		{"x (<unknown>@203.0.113.6 [192.0.2.1])", none},
		{"x (<unknown> [203.0.113.6] [192.0.2.1])", none},
		{`[203.0.113.6] ([192.0.2.1]:1 "HELO x")`, none},
		{"[203.0.113.6] (192.0.2.1:44423)", none},
		{"[203.0.113.6:25] (192.0.2.1:44423)", none},
		{"203.0.113.6:25 (192.0.2.1:44423)", none},
		{"203.0.113.6: (192.0.2.1)", none},
		{"x (203.0.113.6) (192.0.2.1:44423)", none},
		{"x (203.0.113.6:25) (192.0.2.1)", none},
		{"x (203.0.113.6:25) (192.0.2.1:44423)", none},
		{"x ([203.0.113.6:25]) ([192.0.2.1:44423])", none},
		{"x (y [203.0.113.6]) ([192.0.2.1:44423])", none},
		{"[203.0.113.6] ([192.0.2.1:44423] helo=x)", none},
		{"x (203.0.113.6:25@192.0.2.1:44423)", none},
		{"x (192.0.2.1:)", none},
		{"x (192.0.2.1:x)", none},
		{"x (192.0.2.1:25:25)", none},
		{"x ([192.0.2.1:25]:25)", none},
		{"x ([192.0.2.1:])", none},
		{"x ([192.0.2.1:25x])", none},
		{"x (0.0.0.0:25)", none},
		{"x (rdns.test:25)", none},
		{"x ([2001:db8::1:]:25)", none},
		{`rdns.test ([192.0.2.1]:1 "HELO x" [203.0.113.6])`, none},
		{`rdns.test ([192.0.2.1]:1 "HELO x 203.0.113.6")`, none},
		{`rdns.test ([192.0.2.1]:1 [203.0.113.6] "HELO x")`, none},
		{`x ([203.0.113.6]:1 "HELO y") (rdns.test [192.0.2.1])`, none},
		{`x ([203.0.113.6]:1 "HELO y") ([192.0.2.1])`, none},
		{"203.0.113.6 (EHLO x) (192.0.2.1)", none},
		{"203.0.113.6 (EHLO x) ([192.0.2.1])", none},
		{"203.0.113.6 (EHLO x) (rdns.test [192.0.2.1])", none},
		{"203.0.113.6 (ehlo [192.0.2.1])", none},
		{"203.0.113.6 (EHLO x [192.0.2.1])", none},
		{"203.0.113.6 (EHLO x y)", none},
		{"203.0.113.6 (helo)", none},
		{"[203.0.113.6] (helo)", none},

		// It was not written by a server, or one puts the end of it elsewhere.
		{"x (y [203.0.113.6]) ( (rdns.test [192.0.2.1])", none},
		{"x (y [203.0.113.6]) by mx.test (rdns.test [192.0.2.1])", none},
		{"x (y [203.0.113.6]) by (rdns.test [192.0.2.1])", none},
		{"x (y [203.0.113.6]) by mx.test; (rdns.test [192.0.2.1])", none},
		{`helo.test (rdns.test [192.0.2.1]) (x \(y))`, none},
		{`helo.test (rdns.test [192.0.2.1]) ((x\))`, none},
		{"helo.test (rdns.test [192.0.2.1]))", none},
		{"helo.test (rdns.test [192.0.2.1]);", none},
		{"helo.test (rdns.test [192.0.2.1]) via tcp", none},
		{"helo.test [192.0.2.1]", none},
		{"helo there (rdns.test [192.0.2.1])", none},
		{"(rdns.test [192.0.2.1])", none},
		{"helo.test (rdns.test [192.0.2.1\x00])", none},
		{"helo\r (rdns.test [192.0.2.1])", none},
		{"helo.test (rd\u00a0ns.test [192.0.2.1])", none},
		{"helo.test (rdns.test [192.0.2.1", none},
		{"helo.test (rdns.test [192.0.2.1]x)", none},
		{"helo.test (rdns.test [192.0.2.1]:)", none},
		{"helo.test (rdns.test [192.0.2.1]:x)", none},
		{"helo.test (HELO: [192.0.2.1])", none},
		{"helo.test (the rdns.test [192.0.2.1])", none},

		// A program on the machine gave it in: Courier, dma.
		{"localhost (localhost [127.0.0.1]) (uid 0)", none},
		{"root (uid 0) (envelope-from ann@acme.test)", none},
		{"localhost (mx.test [local])", none},

		// It is not an address of another machine.
		{"helo.test (rdns.test [192.0.2.256])", none},
		{"helo.test (rdns.test [192.0.2.01])", none},
		{"helo.test (rdns.test [0.0.0.0])", none},
		{"helo.test (rdns.test [::])", none},
		{"helo.test (rdns.test [::ffff:0.0.0.0])", none},
		{"helo.test (rdns.test [fe80::1%eth0])", none},
		{"localhost (localhost [local])", none},
		{"localhost (ann@localhost)", none},
		{"helo.test (rdns.test [])", none},
	} {
		for _, by := range []string{
			"by mx.example.com (Postfix 3.8.1.0) with ESMTPS id 4F1C (envelope-from <a@[192.0.2.9]>); x",
			"by mx.example.com (198.51.100.2) with SMTP id 15.20.1.2; Mon, 23 Nov 2026 (UTC)",
			"\tBY mx.example.com",
		} {
			if got := ParseReceived("from " + c.from + " " + by).Client.String(); got != c.want {
				t.Errorf("from %s %s: the client is %s, want %s", c.from, by, got, c.want)
			}
		}
		bare, _, _ := strings.Cut("from "+c.from, " by ")
		if got := ParseReceived(bare).Client; got.IsValid() {
			t.Errorf("%s: the client is %s without a by", bare, got)
		}
	}
}

// TestReceivedForms goes through the lines that are read by more than what stands in front
// of "by", and what the client called itself in them.
func TestReceivedForms(t *testing.T) {
	const v4, none = "192.0.2.1", "invalid IP"
	for _, c := range []struct{ line, client, helo string }{
		{"from a.test (rdns.test [192.0.2.1]) by mx.test (Postfix) with ESMTP id 1", v4, "a.test"},
		{"from a.test ([192.0.2.1]) by mx.test (8.17.1/8.17.1) with ESMTP id 1", v4, "a.test"},
		{"from a.test (<unknown> [192.0.2.1]) by mx.test (OpenSMTPD) with ESMTP", v4, "a.test"},
		{"from [192.168.1.5] ([192.0.2.1]) by mx.test with ESMTP", v4, "[192.168.1.5]"},
		{"from rdns.test ([192.0.2.1] helo=a.test) by mx.test with esmtp", v4, "a.test"},
		{"from rdns.test ([192.0.2.1]) by mx.test with esmtp (Exim 4.96)", v4, "rdns.test"},
		{"from rdns.test ([192.0.2.1] ident=x) by mx.test with esmtp", v4, "rdns.test"},
		{"from [192.0.2.1] (port=1 helo=a.test ident=x) by mx.test with esmtp", v4, "a.test"},
		{"from [192.0.2.1] (port=1) by mx.test with smtp (Exim 4.96)", v4, ""},
		{"from [192.0.2.1] (helo=a.test helo=b.test) by mx.test with esmtp", v4, ""},
		{"from rdns.test ([192.0.2.1] helo=a.test helo=b.test) by mx.test", v4, ""},
		{"from rdns.test (HELO a.test) (192.0.2.1) by mx.test with SMTP", v4, "a.test"},
		{"from [192.0.2.1] (HELO a.test) by mx.test with ESMTP", v4, "a.test"},
		{"from 192.0.2.1 (EHLO a.test) by 10.253.233.86 with SMTPs", v4, "a.test"},
		{`from rdns.test ([192.0.2.1]:1 "HELO a.test" x) by mx.test with SMTP`, v4, "a.test"},
		{"from a.test ([192.0.2.1] verified) by mx.test with ESMTP", v4, "a.test"},
		{"from a.test (192.0.2.1) by mx.test (10.0.0.1) with Microsoft SMTP Server", v4, "a.test"},

		{"from [192.0.2.1] (a.test) by mx.test (chasquid) with ESMTP", v4, "a.test"},
		{"from [192.0.2.1] ([203.0.113.6]) by mx.test (chasquid) with ESMTPS", v4, "[203.0.113.6]"},
		{"from [203.0.113.6] (x) by mx.test (chasquid) with ESMTPSA", none, ""},
		{"from x ([203.0.113.6]) by mx.test (chasquid) with ESMTPSA", none, ""},
		{"from x (y [203.0.113.6]) by mx.test (chasquid) with ESMTPA", none, ""},
		{"from a.test by mx.test (chasquid) with ESMTPSA", none, ""},
		{"from [203.0.113.6] (x) by y (chasquid) ( (z [192.0.2.1]) by mx.test with ESMTP ) id 1",
			none, ""},
		{"from [203.0.113.6] (x) by mx.test with ESMTP (chasquid)", none, ""},

		{"from [203.0.113.6] (192.0.2.1) by mx.test (10.0.0.1) with Microsoft SMTP Server", v4,
			"[203.0.113.6]"},
		{"from [203.0.113.6] (192.0.2.1) by mx.test with SMTP (Microsoft SMTP Server)", none, ""},

		{"from 127.0.0.1 by atlas.test pod-id NONE with HTTP; Mon", "127.0.0.1", ""},
		{"from 127.0.0.1 by mx.test with ESMTP; Mon", none, ""},
		{"from 127.0.0.1 by mx.test with SMTP id 1 for x with HTTP; Mon", none, ""},
		{"from 127.0.0.1 by mx.test; Mon with HTTP", none, ""},
		{"from 127.0.0.1 by mx.test (envelope-from <) with HTTP (>)", none, ""},
		{"from 127.0.0.1 by x with HTTP ((y [192.0.2.1]) by mx.test with SMTP)", none, ""},

		{"from localhost (localhost [127.0.0.1]) by mx.test with ESMTP", "127.0.0.1", "localhost"},
		{"from localhost (localhost [127.0.0.1]) by mx.test with ESMTPSA", none, ""},
		{"from localhost (localhost [::1]) by mx.test with esmtpa (Exim 4.96)", none, ""},
		{"from a.test (rdns.test [192.0.2.1]) by mx.test with ESMTPSA", v4, "a.test"},
	} {
		if got := ParseReceived(c.line); got.Client.String() != c.client || got.Helo != c.helo {
			t.Errorf("%s: the client is %s, %q", c.line, got.Client, got.Helo)
		}
	}
}

// TestReceivedComments: a comment that HELO opens and a later name closes is not that of
// the server.
func TestReceivedComments(t *testing.T) {
	const line = "from %s (rdns.test [192.0.2.1]) by mx.test with esmtp (envelope-from <%s>) id 1"
	for _, helo := range []string{
		"x (y [203.0.113.6]) by z (", "x (y [203.0.113.6]) by z with q (", "x (y [203.0.113.6]) by (",
	} {
		if got := ParseReceived(fmt.Sprintf(line, helo, ")")).Client; got.IsValid() {
			t.Errorf("%s: the client is %s", helo, got)
		}
	}
	const exchange = "from x (203.0.113.6) by z ( (192.0.2.1) by mx.test (198.51.100.2) )"
	if got := ParseReceived(exchange).Client; got.IsValid() {
		t.Errorf("%s: the client is %s", exchange, got)
	}
}

func TestReceivedByAndID(t *testing.T) {
	for _, c := range []struct{ in, by, id string }{
		{"from a.test (b [192.0.2.1]) by MX.Example.COM (Postfix) with ESMTP id 4F1C; x",
			"mx.example.com", "4F1C"},
		{"by 198.51.100.7 with SMTP id a1csp2; Mon, 23 Nov 2026 10:15:03", "198.51.100.7", "a1csp2"},
		{"FROM by BY mx.test ID 7; x", "mx.test", "7"},
		{"from by", "", ""},
		{"from", "", ""},
		{"by", "", ""},
		{"", "", ""},
		{"by (x) id ;", "", ""},
		{"by mx.test;", "mx.test", ""},
		{"(qmail 1 invoked by uid 5); x", "", ""},
		{"(by a id b)by mx.test(x)id(y)z", "mx.test", ""},
		{"from x by y id 1 by mx.test id 2", "", ""},
		{"by mx.test id 1 id 2", "mx.test", ""},
		{"from root (uid 0) id 9c23aa by mx.test (DragonFly Mail Agent)", "mx.test", "9c23aa"},
		{"by mx.test (", "", ""},
		{"by mx.test )", "", ""},
		{"by mx.test \x1b", "", ""},
		{"by mx.test " + strings.Repeat("x", maxReceived), "", ""},
	} {
		if got := ParseReceived(c.in); got.By != c.by || got.ID != c.id {
			t.Errorf("%.80q: by %q with id %q, want %q, %q", c.in, got.By, got.ID, c.by, c.id)
		}
	}
}
