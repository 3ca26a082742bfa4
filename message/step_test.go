package message

import "testing"

// TestReceivedStep tells the lines that a system writes of its own work from those that
// anybody can have it write.
func TestReceivedStep(t *testing.T) {
	const none, delivered, requeued, queued = NoStep, Delivered, Requeued, Queued
	for _, c := range []struct {
		line string
		want Step
	}{
		// Fetchers: the machine named is where the mailbox is.
		{"from imap.test [192.0.2.26] by vm with IMAP (fetchmail-6.4.37) for <a@b.test>", delivered},
		{"from pop.test [2001:db8::26] by vm with POP3 (fetchmail-6.4.37) for <a@b.test>", delivered},
		{"from imap.test by vm with IMAP (fetchmail-6.3.26)", delivered},
		{"from imap.test (192.0.2.26:993) by localhost with IMAP4-SSL getmail6 msgid:1/1; Mon",
			delivered},
		{"from pop.test (192.0.2.26) by vm with POP3 getmail6 msgid:x; Mon", delivered},
		{"from pop.test (pop.test [192.0.2.26]) by vm (mpop-1.4.18) with POP3S for <a@b.test>",
			delivered},
		{`by localhost (fdm 1.9, account "ann") ; Mon`, delivered},

		// Delivery: Dovecot, Cyrus, amavis, on a socket.
		{"from mx.test by vm with LMTP id aBc (envelope-from <a@b.test>) for <c@d.test>; Mon",
			delivered},
		{"from mx.test ([unix socket]) by mx.test (Cyrus v2.4.17-Debian-2.4.17) with LMTPA; Mon",
			delivered},
		{"from localhost by mx.test (Dovecot) with LMTP id 1", delivered},
		{"from mx.test ([10.0.0.5]) by store.test with LMTP id 1", delivered},
		{"from mx.test (mx.test [198.51.100.5]) by store.test (store/Yandex) with LMTPS id 1; Mon",
			delivered},
		{"from mx.test ([127.0.0.1]) by localhost (mx.test [127.0.0.1]) (amavis, port 1) with LMTP",
			delivered},
		{"(qmail 27836 invoked from network); 14 Oct 2025 04:22:09 -0000", queued},
		{"(qmail 27836 invoked from network)", queued},
		{"(qmail 12346 invoked by alias); 14 Oct 2025 04:22:09 -0000", Forwarded},

		// It came back from a filter, or went to the next machine.
		{"by mx.test (Postfix, from userid 65534) id 847DC9A803F; Mon", requeued},
		{"by mx.test (Postfix, from userid 993)id 9E90F1A0ADC; Mon", requeued},
		{"by 2002:a05:7300::1 with SMTP id ab1csp23; Mon", requeued},
		{"by out-44.test with SMTP id 4fb4-5b9.1 for <a@b.test>; Mon", requeued},
		{"by 10.1.2.3 with SMTP id x1", requeued},

		// A program, or a user of the server, gave it in.
		{"from root by mx.test with local (Exim 4.96) (envelope-from <a@b.test>) id 1", none},
		{"(from root@localhost) by mx.test (8.17.1.9/8.17.1.9/Submit) id 1 for a@b.test", none},
		{"from localhost (localhost [127.0.0.1]) (uid 0) by mx.test with local id 1", none},
		{"from root (uid 0) (envelope-from a@b.test) id 1 by mx.test (DragonFly Mail Agent)", none},
		{"from localhost (mx.test [local]) by mx.test (OpenSMTPD) with ESMTPA id 1", none},
		{"(nullmailer pid 1 invoked by uid 0); Mon", none},
		{"(qmail 1 invoked by uid 5); Mon", none},
		{"(qmail 1 invoked by uid 0 alias); Mon", none},
		{"(qmail 1 invoked by alias x); Mon", none},
		{"(qmail x invoked by alias); Mon", none},
		{"(qmail 1 invoked by alias) by mx.test", none},
		{"from x (qmail 1 invoked by alias) by mx.test", none},
		{"(qmail 1 invoked from network) by mx.test", none},
		{"(qmail x invoked from network); Mon", none},
		{"from helo.test by mx.test (chasquid) with ESMTPSA", none},
		{"from localhost by vm with SpamAssassin (version 4.0.1); Mon", none},
		{"from a named unknown by gmailapi.test with HTTPREST; Mon", none},
		{"by sonic.test (Yahoo Inc. Hermes SMTP Server) with ESMTPA ID 1; Mon", none},
		{"by 10.1.2.3 with HTTP; Mon", none},

		// The server keeps to itself who its client was.
		{"by mx.test with SMTPS id 1795904064123.456; Mon", none},
		{"by mx.test with SMTP; Mon", none},
		{"by mx.test with ESMTP id 1; Mon", none},
		{"by mx.test (Postfix) with SMTP id 1; Mon", none},
		{"by mx.test (OpenSMTPD) with SMTP id 1; Mon", none},
		{"by mx.test with SMTP (x) id 1; Mon", none},
		{"by mx.test with SMTP id 1 (x); Mon", none},
		{"(x) by mx.test with SMTP id 1; Mon", none},
		{"x by mx.test with SMTP id 1; Mon", none},
		{"from helo.test by mx.test with SMTP id 1; Mon", none},
		{"from by with SMTP id 1", none},
		{"with SMTP id 1; Mon", none},

		// A stranger's HELO, reverse-path or recipient looks like one of those lines.
		{"from helo.test by x (Postfix, from userid 5) id 1", none},
		{"from x (Postfix, from userid 5) by mx.test with ESMTP id 1", none},
		{"by mx.test (Postfix, from userid x) id 1; Mon", none},
		{"by mx.test (Postfix, from userid ) id 1; Mon", none},
		{"by mx.test with ESMTP (Postfix, from userid 5) id 1; Mon", none},
		{"from x with LMTP (y [192.0.2.1]) by mx.test with ESMTP id 1", none},
		{"from x by y with LMTP ( (z [192.0.2.1]) by mx.test with ESMTP id 1 envelope-from " +
			"<a)@b.test>; Mon", none},
		{"from x by y with IMAP ( (z [192.0.2.1]) by mx.test with ESMTP id 1 envelope-from " +
			"<a)@b.test>; Mon", none},
		{"from z ([192.0.2.1] helo=x) by y with IMAP (() by mx.test with esmtp (Exim 4.96) " +
			"(envelope-from <a)b@c.test>) id 1", none},
		{"from x by y with LMTP (\tBY\tmx.test)", none},
		{`from by mx.test (chasquid) with ESMTPSA (from ") BY y with LMTP (")`, none},
		{"from ( (z [192.0.2.1]) by mx.test with SMTP id )BY y with IMAP; Mon", none},
		{"from x ( (192.0.2.1) by mx.test with SMTP id ) by y with LMTP; Mon", none},
		{"from x (y [192.0.2.1]) by mx.test id 1 for <a> with IMAP", none},
		{"from x (y [192.0.2.1]) by mx.test; with IMAP", none},
		{"from x (y [192.0.2.1]) by mx.test envelope-from <a with IMAP>", none},
		{"from x (y [192.0.2.1]) by mx.test with ESMTP envelope-from <a with IMAP>", none},
		{"from z ([192.0.2.1]) by mx.test (envelope-from <) with IMAP (>) id 1", none},
		{`from z ([192.0.2.1]) by mx.test (envelope-from ") with IMAP ("@b.test) id 1`, none},
		{"from z ([192.0.2.1]) by mx.test (x) (envelope-from) with IMAP (fetchmail-6)", none},
		{"from z ([192.0.2.1]) by mx.test (sender a@b.test) with IMAP", none},
		{"from x (fdm 1.9) by mx.test with ESMTP", none},
		{"from x by mx.test (fdm 1.9) with ESMTP", none},
	} {
		if got := ParseReceived(c.line); got.Step != c.want {
			t.Errorf("%s: step %d, want %d", c.line, got.Step, c.want)
		} else if got.Step != none && got.Client.IsValid() {
			t.Errorf("%s: a client %s as well", c.line, got.Client)
		}
	}
}
