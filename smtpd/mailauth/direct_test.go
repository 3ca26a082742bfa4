package mailauth

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"gatepost/message"
	"gatepost/policy"
)

// odd is a name that net.Resolver sends no question for.
const odd = "a b%20@c!#$&'*+/=?^`{|}~:[].test"

// lookFor asks all there is but the reverse name, which is never odd.
func lookFor(r Resolver, name string) string {
	all, _, _ := strings.Cut(look(r, name), "PTR")
	return strings.TrimSuffix(all, "; ")
}

// nameServer answers by UDP and TCP on one port of loopback, with what handle writes.
func nameServer(t *testing.T, handle func(w dns.ResponseWriter, q *dns.Msg)) string {
	udp, tcp := bothPorts(t)
	for _, s := range []*dns.Server{{PacketConn: udp}, {Listener: tcp}} {
		s.Handler = dns.HandlerFunc(handle)
		started := make(chan struct{})
		s.NotifyStartedFunc = func() { close(started) }
		go s.ActivateAndServe()
		<-started
		t.Cleanup(func() { s.Shutdown() })
	}
	return udp.LocalAddr().String()
}

// bothPorts listens at one port by UDP and TCP: another program may have either one of it.
func bothPorts(t *testing.T) (udp net.PacketConn, tcp net.Listener) {
	for range 20 {
		udp, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		tcp, err := net.Listen("tcp", udp.LocalAddr().String())
		if err == nil {
			return udp, tcp
		}
		udp.Close()
	}
	t.Fatal("no port is free for both UDP and TCP")
	return nil, nil
}

// reply answers a question with records in the form of a zone file, without their names.
func reply(t *testing.T, w dns.ResponseWriter, q *dns.Msg, change func(*dns.Msg), lines ...string) {
	a := new(dns.Msg).SetReply(q)
	a.RecursionAvailable = true
	for _, line := range lines {
		if line == "" {
			continue
		}
		r, err := dns.NewRR(". 60 IN " + line)
		if err != nil {
			t.Error(err)
			return
		}
		r.Header().Name = q.Question[0].Name
		if r.Header().Rrtype == q.Question[0].Qtype || r.Header().Rrtype == dns.TypeCNAME {
			a.Answer = append(a.Answer, r)
		}
	}
	if change != nil {
		change(a)
	}
	_, udp := w.RemoteAddr().(*net.UDPAddr)
	a.Truncate(map[bool]int{true: int(q.IsEdns0().UDPSize()), false: dns.MaxMsgSize}[udp])
	w.WriteMsg(a)
}

func TestOddNames(t *testing.T) {
	long := strings.Repeat("x", 250)
	server := nameServer(t, func(w dns.ResponseWriter, q *dns.Msg) {
		code := func(n int) func(*dns.Msg) { return func(a *dns.Msg) { a.Rcode = n } }
		switch name := unescape(q.Question[0].Name); name {
		case odd + ".":
			reply(t, w, q, nil, "A 192.0.2.1", "AAAA 2001:db8::1", "MX 10 mx.test.",
				`MX 20 a\@b.test.`, "MX 30 a+b.test.", `TXT "v=spf1 " "-all"`,
				`TXT "a \"b\" \\ \200\009 c"`)
		case "-a.test.", "a-.test.":
			reply(t, w, q, nil, "A 192.0.2.2")
		case "long+.test.":
			reply(t, w, q, nil, "TXT "+strings.Repeat(`"`+long+`" `, 8))
		case "alias+.test.":
			reply(t, w, q, nil, "CNAME to.test.", "A 192.0.2.3")
		case "empty+.test.":
			reply(t, w, q, nil)
		case "absent+.test.":
			reply(t, w, q, code(dns.RcodeNameError))
		case "half+.test.":
			if q.Question[0].Qtype == dns.TypeAAAA {
				reply(t, w, q, code(dns.RcodeServerFailure))
				return
			}
			reply(t, w, q, nil, "A 192.0.2.4")
		case "broken+.test.":
			reply(t, w, q, code(dns.RcodeServerFailure))
		case "refused+.test.":
			reply(t, w, q, code(dns.RcodeRefused))
		case "lame+.test.":
			reply(t, w, q, func(a *dns.Msg) { a.RecursionAvailable = false })
		case "other+.test.":
			reply(t, w, q, func(a *dns.Msg) { a.Question[0].Name = "x.test." }, "A 192.0.2.9")
		case "kind+.test.":
			reply(t, w, q, func(a *dns.Msg) { a.Question[0].Qtype = dns.TypeNS }, "A 192.0.2.9")
		case "echo+.test.":
			w.WriteMsg(q)
		default:
			t.Errorf("asked for %q", name)
		}
	})
	const failed = "TXT temporary; MX temporary; A temporary"
	for name, want := range map[string]string{
		odd: "TXT [v=spf1 -all a \"b\" \\ \xc8\t c]; MX [10 mx.test.]; " +
			"A [{192.0.2.1 } {2001:db8::1 }]",
		"-a.test":      "A [{192.0.2.2 }]",
		"a-.test":      "A [{192.0.2.2 }]",
		"long+.test":   "TXT [" + strings.Repeat(long, 8) + "]",
		"alias+.test":  "A [{192.0.2.3 }]",
		"half+.test":   "A [{192.0.2.4 }]",
		"empty+.test":  "",
		"absent+.test": "",
		"broken+.test": failed, "refused+.test": failed, "lame+.test": failed,
		"other+.test": failed, "kind+.test": failed, "echo+.test": failed,
	} {
		if diff := cmp.Diff(want, lookFor(System(server), name)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// A VERP address and an address literal get their answers from a real name server.
func TestMacrosByWire(t *testing.T) {
	const failed = `TXT "failed"`
	records := map[string]string{
		"verp.test.":                      `TXT "v=spf1 exists:%{l}._u.%{d} include:%{h}._h.%{d} -all"`,
		"bounce+ann=x.test._u.verp.test.": "A 127.0.0.2",
		"[192.0.2.1]._h.verp.test.":       `TXT "v=spf1 ip4:192.0.2.1 -all"`,
		"[192.0.2.2]._h.verp.test.":       `TXT "v=spf1 -all"`,
		"broken+ann=x.test._u.verp.test.": failed,
	}
	server := nameServer(t, func(w dns.ResponseWriter, q *dns.Msg) {
		record, known := records[unescape(q.Question[0].Name)]
		reply(t, w, q, func(a *dns.Msg) {
			switch {
			case !known:
				a.Rcode = dns.RcodeNameError
			case record == failed:
				a.Rcode = dns.RcodeServerFailure
			}
		}, record)
	})
	c := checker(t, System(server))
	for _, test := range []struct {
		local, helo string
		want        policy.Result
	}{
		{"bounce+ann=x.test", "mx.test", policy.Pass},
		{"ann", "[192.0.2.1]", policy.Pass},
		{"ann", "[192.0.2.2]", policy.Fail},
		{"bounce+eve=x.test", "[192.0.2.2]", policy.Fail},
		{"broken+ann=x.test", "[192.0.2.1]", policy.TempError},
	} {
		q := queryOf(plainMail)
		q.Envelope = &message.Envelope{Helo: test.helo, MailFrom: test.local + "@verp.test"}
		if id := c.Check(t.Context(), q).SPF; id.Result != test.want {
			t.Errorf("%+v: %+v", test, id)
		}
	}
}

// An answer of another number is not ours, and the next may be.
func TestForeignAnswer(t *testing.T) {
	server := nameServer(t, func(w dns.ResponseWriter, q *dns.Msg) {
		reply(t, w, q, func(a *dns.Msg) { a.Id++ }, "A 192.0.2.9")
		reply(t, w, q, nil, "A 192.0.2.1")
	})
	if got := lookFor(System(server), "a+b.test"); got != "A [{192.0.2.1 }]" {
		t.Error(got)
	}
}

func TestNextServer(t *testing.T) {
	silent := nameServer(t, func(dns.ResponseWriter, *dns.Msg) {})
	broken := nameServer(t, func(w dns.ResponseWriter, q *dns.Msg) {
		reply(t, w, q, func(a *dns.Msg) { a.Rcode = dns.RcodeServerFailure })
	})
	var asked atomic.Int32
	good := nameServer(t, func(w dns.ResponseWriter, q *dns.Msg) {
		if asked.Add(1) > 1 {
			reply(t, w, q, nil, "A 192.0.2.1")
		}
	})
	q, err := newQuestion("a+b.test", dns.TypeA)
	if err != nil {
		t.Fatal(err)
	}
	conf := &dns.ClientConfig{Servers: []string{broken, good}, Attempts: 2, Timeout: 3}
	if a, err := try(t.Context(), conf, q); err != nil || len(a.Answer) != 1 || asked.Load() != 2 {
		t.Errorf("%v, %v, asked %d times", a, err, asked.Load())
	}
	conf = &dns.ClientConfig{Servers: []string{silent}, Attempts: 100, Timeout: 100}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := try(ctx, conf, q); err == nil || !isLate(err) {
		t.Error(err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := try(ctx, conf, q); err == nil || !isLate(err) {
		t.Error(err)
	}
}

func TestServersOfThisMachine(t *testing.T) {
	file := filepath.Join(t.TempDir(), "resolv.conf")
	for text, want := range map[string]dns.ClientConfig{
		"nameserver 192.0.2.53\nnameserver 2001:db8::53\noptions timeout:1 attempts:3\n": {
			Servers: []string{"192.0.2.53:53", "[2001:db8::53]:53"}, Timeout: 1, Attempts: 3},
		"": {Servers: []string{"127.0.0.1:53", "[::1]:53"}, Timeout: 5, Attempts: 2},
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got := direct{conf: file}.servers()
		want.Port, want.Ndots, want.Search = "53", 1, []string{}
		if diff := cmp.Diff(&want, got); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
	if got := (direct{conf: file + "x"}).servers(); got.Attempts != 2 || len(got.Servers) != 2 {
		t.Errorf("%+v", got)
	}
	if got := (direct{file, "127.0.0.1:1"}).servers().Servers; len(got) != 1 {
		t.Errorf("%v", got)
	}
}

func isLate(err error) bool {
	late, ok := bare("", err).(*net.DNSError)
	return ok && late.IsTimeout
}
