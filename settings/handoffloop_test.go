package settings

import (
	"net"
	"strings"
	"testing"
)

// A target that leads to where we listen would have each message come around for ever.
func TestTargetThatLeadsHere(t *testing.T) {
	own := ""
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		if ip := a.(*net.IPNet).IP; ip.To4() != nil && !ip.IsLoopback() {
			own = ip.String()
		}
	}
	for _, c := range []struct {
		listen, address string
		here            bool
	}{
		{"127.0.0.1:2525", "127.0.0.1:2525", true},
		{"127.0.0.1:2525", "localhost:2525", true},
		{"127.0.0.1:2525", "[::ffff:127.0.0.1]:2525", true},
		{"0.0.0.0:25", "localhost:25", true},
		{"[::]:25", "127.0.0.1:25", true},
		{":25", "[::1]:25", true},
		{"0.0.0.0:25", "MX.example.com:25", true},
		{"0.0.0.0:25", own + ":25", own != ""},
		{"127.0.0.1:2525", "127.0.0.1:25", false},
		{"127.0.0.1:2525", "127.0.0.2:2525", false},
		{"127.0.0.1:0", "127.0.0.1:0", false},
		{"0.0.0.0:25", "desk.example.com:25", false},
		{"0.0.0.0:25", "192.0.2.77:25", false},
		{"0.0.0.0:25", "/run/lmtp", false},
	} {
		s := Defaults()
		s.SMTP.Hostname, s.SMTP.Listen = "mx.example.com", Words{c.listen}
		s.Handoff = Handoffs{"desk": newHandoff("smtp")}
		s.Handoff["desk"].Kind, s.Handoff["desk"].Address = "smtp", c.address
		err := s.checkLoops()
		if (err != nil) != c.here || c.here && !strings.Contains(err.Error(),
			"handoff.desk.address: "+c.address+" is where this server takes mail itself") {
			t.Errorf("%s, and a target at %s: %v", c.listen, c.address, err)
		}
	}
}
