package main

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// What doctor says of the DNS, by a name server of ours, and of one that fails.
func TestDoctorOnline(t *testing.T) {
	server := zoneServer(t, `
help.test.           60 IN MX  10 mx.help.test.
desk.test.           60 IN MX  10 relay.test.
mx.help.test.        60 IN A   192.0.2.25
mx.help.test.        60 IN A   192.0.2.26
mx.help.test.        60 IN A   10.0.0.1
25.2.0.192.in-addr.arpa. 60 IN PTR mx.help.test.
26.2.0.192.in-addr.arpa. 60 IN PTR other.test.
`)
	for _, c := range []struct {
		name, hostname, recipients string
		faults                     bool
		want                       []string
	}{
		{"published", "mx.help.test", "support@help.test desk.test sales@none.test", false, []string{
			"ok\tdns\tthe MX of help.test is mx.help.test\t",
			"warning\tdns\tthe MX of desk.test is relay.test, not mx.help.test\t",
			"warning\tdns\tnone.test has no MX\tpublish `none.test. MX 10 mx.help.test.`",
			"ok\tdns\tmx.help.test is 192.0.2.25, forth and back\t",
			"warning\tdns\tmx.help.test is 192.0.2.26, whose PTR is other.test\t",
			"ok\tdns\tmx.help.test is 10.0.0.1, which others do not see\t"}},
		{"no address", "absent.test", "help.test", false, []string{
			"warning\tdns\tabsent.test has no address\t"}},
		{"no answer", "mx.help.test", "fails.test", true, []string{
			"fault\tdns\tthe MX of fails.test: "}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := &gateway{T: t, dir: t.TempDir(), env: []string{"GATEPOST_AUTH_RESOLVER=" + server,
				"GATEPOST_SMTP_HOSTNAME=" + c.hostname, "GATEPOST_SMTP_RECIPIENTS=" + c.recipients}}
			g.must("rules", "add", "block", "held.test")
			out, err := g.command("doctor", "--online").Output()
			if (err != nil) != c.faults {
				t.Errorf("%v", err)
			}
			for _, want := range c.want {
				if !strings.Contains("\n"+string(out), "\n"+want) {
					t.Errorf("not said: %s\n%s", want, out)
				}
			}
		})
	}
}

// zoneServer answers with the records of a zone, and fails for fails.test.
func zoneServer(t *testing.T, zone string) (address string) {
	t.Helper()
	records := map[dns.Question][]dns.RR{}
	for line := range strings.Lines(strings.TrimSpace(zone)) {
		r, err := dns.NewRR(line)
		if err != nil {
			t.Fatal(err)
		}
		q := dns.Question{Name: r.Header().Name, Qtype: r.Header().Rrtype, Qclass: dns.ClassINET}
		records[q] = append(records[q], r)
	}
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	started := make(chan struct{})
	s := &dns.Server{PacketConn: udp, NotifyStartedFunc: func() { close(started) },
		ReadTimeout: time.Minute}
	s.Handler = dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		a := new(dns.Msg).SetReply(q)
		a.Answer = records[q.Question[0]]
		switch {
		case q.Question[0].Name == "fails.test.":
			a.Rcode = dns.RcodeServerFailure
		case a.Answer == nil:
			a.Rcode = dns.RcodeNameError
		}
		w.WriteMsg(a)
	})
	go s.ActivateAndServe()
	<-started
	t.Cleanup(func() { s.Shutdown() })
	return udp.LocalAddr().String()
}
