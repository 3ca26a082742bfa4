package intake

import (
	"net/netip"
	"testing"
	"time"

	"gatepost/message"
)

// TestTrace: what a client calls itself never breaks the field that says so.
func TestTrace(t *testing.T) {
	r := &Receiver{Hostname: "mx.acme.test"}
	const v4, v6 = "192.0.2.7", "2001:db8::7"
	for _, c := range []struct{ helo, client, want string }{
		{"mail.Shop.test", v4, "mail.shop.test ([192.0.2.7])"},
		{"mail.shop.test", v6, "mail.shop.test ([IPv6:2001:db8::7])"},
		{"[192.0.2.9]", v4, "[192.0.2.9] ([192.0.2.7])"},
		{"[IPv6:2001:db8::9]", v4, "[IPv6:2001:db8::9] ([192.0.2.7])"},
		{"192.0.2.9", v4, "[192.0.2.7] ([192.0.2.7]) (helo=192.0.2.9)"},
		{"[not]", v4, "[192.0.2.7] ([192.0.2.7]) (helo=[not])"},
		{"WIN_PC", v4, "[192.0.2.7] ([192.0.2.7]) (helo=WIN_PC)"},
		{`a);from"\`, v4, `[192.0.2.7] ([192.0.2.7]) (helo=a\);from"\\)`},
		{"", v4, "[192.0.2.7] ([192.0.2.7])"},
		{"(a", v4, `[192.0.2.7] ([192.0.2.7]) (helo=\(a)`},
	} {
		env := &message.Envelope{Helo: c.helo, Client: netip.MustParseAddr(c.client),
			ReceivedAt: time.Date(2026, 11, 29, 6, 0, 0, 0, time.UTC)}
		want := "Received: from " + c.want +
			" by mx.acme.test with ESMTP id 7; Sun, 29 Nov 2026 06:00:00 +0000"
		if got := r.trace(env, "7"); got != want {
			t.Errorf("HELO %q:\n got %s\nwant %s", c.helo, got, want)
		}
	}
}
