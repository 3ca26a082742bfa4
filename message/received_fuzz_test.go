package message

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzReceived: whatever the client calls itself, and whatever else it gets into the line,
// it is the address that the server saw or none.
func FuzzReceived(f *testing.F) {
	for _, s := range []string{
		"mail.test", "[203.0.113.6]", "x (y [203.0.113.6])", "x (y [203.0.113.6]) by z (", "by", ")",
		"[203.0.113.6]) (", "[203.0.113.6] helo=", "HELO x) (", "helo=x) (", "x) (203.0.113.6", ";",
		"203.0.113.6@", `\`, "helo", "x verified", "::", "[fe80::1%a]", "x (203.0.113.6) by",
		"[203.0.113.6] (x) by y (chasquid) (", "x by y with LMTP (", "x) by y with IMAP ((", "127.0.0.1",
		"x (<unknown> [203.0.113.6])", "203.0.113.6 (EHLO x)", `x" [203.0.113.6] "`, "x with LMTP",
		"127.0.0.1 by y with HTTP (", "(uid 0)", ")with IMAP (", ") with LMTP (",
		"by y with SMTP id 1", "x (y, from userid 5)", "with LMTP", "x (y [203.0.113.6]) with LMTP",
	} {
		f.Add(s, s)
		f.Add(s, ")")
		f.Add("[203.0.113.6]", s)
		f.Add("(", ")by "+s)
		f.Add("(", ")by y "+s)
		f.Add(" ", ")by y "+s)
	}
	client := netip.MustParseAddr("192.0.2.1")
	f.Fuzz(func(t *testing.T, s, other string) {
		if a := ParseReceived(s).Client; a != a.Unmap() || a.IsValid() && a.IsUnspecified() {
			t.Errorf("%q: the client is %s", s, a)
		}
		for _, hidden := range []string{ // the server keeps the address to itself
			"from %s by mx.test (chasquid) with ESMTPSA (over TLS, from \"%s\") ; Mon",
			"by mx.test (OpenSMTPD) with ESMTP id 1 for <%s>; Mon, %s",
			"by mx.test with SMTPS id %s; Mon, %s",
		} {
			line := fmt.Sprintf(hidden, s, other)
			if got := ParseReceived(line); got.Client.IsValid() || got.Step != NoStep {
				t.Errorf("%q: %+v", line, got)
			}
		}
		for _, server := range []string{
			"from %s (rdns.test [192.0.2.1]) by mx.test (Postfix) with ESMTP id 1 for <%s>; Mon",
			"from %s (%s@rdns.test [192.0.2.1] (may be forged)) by mx.test (8.1/8.1) id 1; Mon",
			"from %s (unknown [192.0.2.1]) (Client CN \"%s\", Issuer \"x\" (verified OK)) by mx.test",
			"from [192.0.2.1] (port=1 helo=%s ident=%s) by mx.test with esmtp (Exim 4.9) id 1",
			"from [192.0.2.1] (helo=%s) by mx.test with esmtp (envelope-from <%s>) id 1",
			"from rdns.test ([192.0.2.1] helo=%s) by mx.test (envelope-from <%s>) id 1",
			"from unknown (HELO %s) (%s@192.0.2.1) by mx.test with SMTP; Mon",
			"from %s (192.0.2.1) by mx.test (198.51.100.2) with SMTP id %s; Mon",
			"from %s (192.0.2.1) by mx.test (10.0.0.1) with Microsoft SMTP Server id 1 (%s); Mon",
			"from %s ([192.0.2.1]) by mx.test (Haraka/3.3.4) with ESMTP id 1 envelope-from <%s>; Mon",
			"from %s (%s@[192.0.2.1]) by mx.test (8.1/8.1) with ESMTP id 1; Mon",
			"from %s (<unknown> [192.0.2.1]) by mx.test (OpenSMTPD) with ESMTP id 1 for <%s>; Mon",
			`from [192.0.2.1] (%s) by mx.test (chasquid) with ESMTP (over SMTP, from "%s") ; Mon`,
			"from 192.0.2.1 (EHLO %s) by 10.1.2.3 with SMTPs (version=%s); Mon",
			"from %s (192.0.2.1:25) by mx.test (198.51.100.2:25) with [XMail 1.27] id <%s>; Mon",
			"from [192.0.2.1] ([192.0.2.1:25] helo=%s) by mx.test (envelope-from <%s>)",
			"from rdns.test ([192.0.2.1]:25 \"HELO %s\" x) by mx.test with SMTP id 1 (ORCPT %s); Mon",
		} {
			line := fmt.Sprintf(server, s, other)
			got := ParseReceived(line)
			if got.Client.IsValid() && got.Client != client {
				t.Errorf("%q: the client is %s", line, got.Client)
			}
			if got.Step != NoStep {
				t.Errorf("%q: taken for a step of the relay's own", line)
			}
			if ordinary := isLabel(s) && isLabel(other); ordinary && got.Client != client {
				t.Errorf("%q: the client is not seen", line)
			}
			if got.By != lower(got.By) || strings.ContainsAny(got.By+got.ID, " \t\r\n()") {
				t.Errorf("%q: by %q with id %q", line, got.By, got.ID)
			}
		}
	})
}

// isLabel reports whether s is a name as nearly every client has one.
func isLabel(s string) bool {
	return s != "" && len(s) < 1000 && s != "by" && !strings.ContainsFunc(s, func(r rune) bool {
		return r >= utf8.RuneSelf || !isLDH(byte(r))
	})
}
