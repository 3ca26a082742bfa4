package main

import (
	"log/slog"
	"net/netip"
	"testing"

	"gatepost/policy"
	"gatepost/settings"
)

// Nobody is asked who a message is from exactly where claims are taken.
func TestCheckerOfSettings(t *testing.T) {
	for text, want := range map[string]bool{
		"":                           false,
		"auth.loopback = 'check'":    true,
		"smtp.listen = '0.0.0.0:25'": true,
	} {
		s := settings.Defaults()
		if err := s.Parse("t.toml", []byte(text)); err != nil {
			t.Fatal(err)
		}
		c := newChecker(s)
		if (c != nil) != want || s.TakesClaims() == want {
			t.Errorf("%q asks: %v, want %v", text, c != nil, want)
		}
		if c != nil {
			c.Close()
		}
	}
}

// The ranges reach the door.
func TestRangesReachTheDoor(t *testing.T) {
	s := settings.Defaults()
	text := "smtp = {clients = '192.0.2.1', relays = '192.0.2.2', proxies = '192.0.2.3'}"
	if err := s.Parse("t.toml", []byte(text)); err != nil {
		t.Fatal(err)
	}
	server, err := newSMTPServer(s, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range []*policy.Ranges{server.Clients, server.Relays, server.Proxies} {
		for last := range byte(4) {
			ip := netip.AddrFrom4([4]byte{192, 0, 2, last})
			if got, want := r.Contains(ip), int(last) == i+1; got != want {
				t.Errorf("ranges %d contain %s: %v, want %v", i, ip, got, want)
			}
		}
	}
}
