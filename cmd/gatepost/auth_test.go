package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"
	"github.com/emersion/go-smtp"
	"github.com/foxcpp/go-mockdns"

	"gatepost/intake"
	"gatepost/message"
	"gatepost/policy"
	"gatepost/smtpd/mailauth"
	"gatepost/store"
)

// Machines of the tests (RFC 5737).
const (
	mailHost = "192.0.2.1"    // of the customers' domains
	forger   = "203.0.113.9"  // of nobody's but forger.test
	relay    = "198.51.100.5" // one of ours
)

// serveDNS answers for the customers' domains, on loopback, and says where.
func serveDNS(t *testing.T, key ed25519.PublicKey) (address string) {
	t.Helper()
	txt := func(text string) mockdns.Zone { return mockdns.Zone{TXT: []string{text}} }
	own := txt("v=spf1 ip4:" + mailHost + " ip4:127.0.0.1 -all")
	server, err := mockdns.NewServerWithLogger(map[string]mockdns.Zone{
		"forger.test.":         txt("v=spf1 ip4:" + forger + " -all"),
		"spf.test.":            own,
		"reject.test.":         own,
		"_dmarc.reject.test.":  txt("v=DMARC1; p=reject"),
		"monitor.test.":        own,
		"_dmarc.monitor.test.": txt("v=DMARC1; p=none"),
		"signed.test.":         txt("v=spf1 -all"),
		"_dmarc.signed.test.":  txt("v=DMARC1; p=reject"),
		"key._domainkey.signed.test.": txt("v=DKIM1; k=ed25519; p=" +
			base64.StdEncoding.EncodeToString(key)),
		"broken.test.":        {Err: errors.New("the name server is on fire")},
		"_dmarc.broken.test.": {Err: errors.New("the name server is on fire")},
	}, log.New(io.Discard, "", 0), false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return server.LocalAddr().String()
}

// A sentLetter is sent by a client with an envelope.
type sentLetter struct {
	name, client, mailFrom string
	from                   string // the address that From claims
	above                  string // header fields above From
	signer                 crypto.Signer
	want                   string // the decision, and what is known of who sent it
}

// forgeries and genuine are letters of one known customer of each domain.
func forgeries() []sentLetter {
	const held = "suspend 26 "
	ar := "Authentication-Results: mx.relay.test; spf=pass smtp.mailfrom=spf.test;\r\n" +
		" dmarc=pass header.from=spf.test\r\n"
	return []sentLetter{
		{name: "SPF fails", client: forger, mailFrom: "ann@spf.test", from: "ann@spf.test",
			want: held + "fail"},
		{name: "its own envelope domain", client: forger, mailFrom: "x@forger.test",
			from: "ann@spf.test", want: held + "fail"},
		{name: "p=reject", client: forger, mailFrom: "x@forger.test", from: "ann@reject.test",
			want: held + "fail"},
		{name: "p=none", client: forger, mailFrom: "x@forger.test", from: "ann@monitor.test",
			want: held + "fail"},
		{name: "no DNS", client: forger, mailFrom: "x@forger.test", from: "ann@broken.test",
			want: held + "temperror"},
		{name: "results of its own", client: forger, mailFrom: "x@forger.test",
			from: "ann@spf.test", above: ar, want: held + "fail"},
		{name: "results and a trace of its own", client: forger, mailFrom: "x@forger.test",
			from: "ann@spf.test", above: ar + received(mailHost), want: held + "fail"},
		{name: "through the relay", client: relay, mailFrom: "x@forger.test",
			from: "ann@spf.test", above: received(forger), want: held + "fail"},
		{name: "results of its own through the relay", client: relay, mailFrom: "x@forger.test",
			from: "ann@spf.test", above: received(forger) + ar + received(mailHost),
			want: held + "fail"},
		{name: "no trace of the relay", client: relay, mailFrom: "ann@spf.test",
			from: "ann@spf.test", want: held + "temperror"},
	}
}

func genuine(key crypto.Signer) []sentLetter {
	return []sentLetter{
		{name: "SPF", client: mailHost, mailFrom: "ann@spf.test", from: "ann@spf.test",
			want: "ticket pass"},
		{name: "SPF and p=reject", client: mailHost, mailFrom: "bounce@reject.test",
			from: "ann@reject.test", want: "ticket pass"},
		{name: "signed, forwarded", client: forger, mailFrom: "list@forger.test",
			from: "ann@signed.test", signer: key, want: "ticket pass"},
		{name: "through the relay", client: relay, mailFrom: "ann@spf.test",
			from: "ann@spf.test", above: received(mailHost), want: "ticket pass"},
		{name: "signed, through the relay", client: relay, mailFrom: "x@forger.test",
			from: "ann@signed.test", above: received(forger), signer: key, want: "ticket pass"},
		{name: "results of the relay", client: relay, mailFrom: "ann@spf.test",
			from: "ann@spf.test", above: "Authentication-Results: mx.relay.test;\r\n" +
				" spf=pass smtp.mailfrom=ann@spf.test\r\n" + received(forger),
			want: "ticket pass"},
	}
}

// received is the trace that the relay writes.
func received(client string) string {
	return "Received: from mail.test (mail.test [" + client + "])\r\n\tby mx.relay.test (Postfix) " +
		"with ESMTP id 4XyZ; Mon, 5 Oct 2026 09:00:00 +0000\r\n"
}

// TestForgedThroughTheGate sends the mail of known customers and forgeries of it through a
// gate that holds every stranger. Both are answered alike.
func TestForgedThroughTheGate(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes the time of many other tests")
	}
	t.Parallel()
	public, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	g := newGateway(t, "GATEPOST_AUTH_LOOPBACK=check",
		"GATEPOST_AUTH_RESOLVER="+serveDNS(t, public), "GATEPOST_SMTP_PROXIES=127.0.0.1",
		"GATEPOST_SMTP_RELAYS="+relay, "GATEPOST_SMTP_AUTHSERV_ID=mx.relay.test")
	g.must("rules", "set", "block", "*")
	for _, domain := range []string{"spf", "reject", "monitor", "broken", "signed"} {
		g.must("user", "add", "ann@"+domain+".test")
	}
	for kind, letters := range map[string][]sentLetter{"forged": forgeries(),
		"genuine": genuine(key)} {
		for _, l := range letters {
			t.Run(kind+", "+l.name, func(t *testing.T) {
				l.send(&gateway{T: t, dir: g.dir, smtp: g.smtp, env: g.env}, true)
			})
		}
	}
	// A forger does not use up what passes of its customer.
	bands := g.must("loop", "list")
	for _, want := range []string{"ann@spf.test\tproven\t3\t", "ann@spf.test\t203.0.113.0/24\t"} {
		if !strings.Contains(bands, want) {
			t.Errorf("loop list has no %q: %s", want, bands)
		}
	}
}

// TestLoopbackChecked asks of what this machine sends, too, if that is wanted.
func TestLoopbackChecked(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes the time of many other tests")
	}
	t.Parallel()
	g := newGateway(t, "GATEPOST_AUTH_LOOPBACK=check",
		"GATEPOST_AUTH_RESOLVER="+serveDNS(t, nil))
	g.must("rules", "set", "block", "*")
	for _, domain := range []string{"spf", "signed"} {
		g.must("user", "add", "ann@"+domain+".test")
	}
	sentLetter{mailFrom: "ann@spf.test", from: "ann@spf.test", want: "ticket pass"}.send(g, false)
	sentLetter{mailFrom: "ann@signed.test", from: "ann@signed.test",
		want: "suspend 26 fail"}.send(g, false)
	for client, want := range map[string]string{mailHost: "ticket pass", forger: "suspend 26 fail"} {
		l := sentLetter{from: "ann@spf.test", above: received(client), want: want}
		ingest := g.command("ingest", "--mail-from", "ann@spf.test")
		ingest.Stdin = strings.NewReader(l.raw(t))
		id, err := ingest.Output()
		if err != nil {
			t.Fatal(err)
		}
		l.compare(g, strings.TrimSpace(string(id)))
	}
}

// TestReplaySigned decides a signed message of a file, and one that was altered.
func TestReplaySigned(t *testing.T) {
	public, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	raw := sentLetter{from: "ann@signed.test", signer: key}.raw(t)
	for name, text := range map[string]string{
		"zone": "_dmarc.signed.test TXT \"v=DMARC1; p=reject\"\n" +
			"key._domainkey.signed.test TXT \"v=DKIM1; k=ed25519; p=" +
			base64.StdEncoding.EncodeToString(public) + "\"\n",
		"signed.eml":  raw,
		"altered.eml": strings.Replace(raw, "did not", "did", 1),
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for file, want := range map[string]string{"signed.eml": "pass", "altered.eml": "fail"} {
		var stdout, stderr bytes.Buffer
		code := run(context.Background(), []string{"replay", "--json", "--client", forger,
			"--dns", "zone", file}, strings.NewReader(""), &stdout, &stderr)
		if code != exitDone || !strings.Contains(stdout.String(), `"authentication":"`+want+`"`) {
			t.Errorf("exit %d, want %s: %s%s", code, want, &stdout, &stderr)
		}
	}
}

// send sends the letter; what became of it is what should.
func (l sentLetter) send(g *gateway, proxied bool) {
	g.Helper()
	conn, err := net.Dial("tcp", g.smtp)
	if err != nil {
		g.Fatal(err)
	}
	defer conn.Close()
	if proxied {
		fmt.Fprintf(conn, "PROXY TCP4 %s 192.0.2.250 4711 25\r\n", l.client)
	}
	reply, err := sendBy(smtp.NewClient(conn), l.mailFrom, l.raw(g.T))
	if err != nil {
		g.Fatal("a message was not taken: ", err)
	}
	_, id, _ := strings.Cut(reply, "Ok: ")
	l.compare(g, id)
}

// compare holds the decision on the letter against what it should be.
func (l sentLetter) compare(g *gateway, id string) {
	g.Helper()
	var e store.Explanation
	if err := json.Unmarshal([]byte(g.must("explain", "--json", id)), &e); err != nil {
		g.Fatal(err)
	}
	got := e.Decision
	if e.CauseID != nil {
		got += fmt.Sprint(" ", *e.CauseID)
	}
	if got += " " + e.Authentication; got != l.want {
		g.Errorf("%s, want %s: %s; %v", got, l.want, e.Why, e.Facts)
	}
}

func (l sentLetter) raw(t *testing.T) string {
	raw := "From: Ann <" + l.from + ">\r\nTo: support@help.test\r\nSubject: My order\r\n" +
		"\r\nIt did not arrive.\r\n"
	if l.signer == nil {
		return l.above + raw
	}
	var signed bytes.Buffer
	_, domain, _ := strings.Cut(l.from, "@")
	err := dkim.Sign(&signed, strings.NewReader(raw), &dkim.SignOptions{Domain: domain,
		Selector: "key", Signer: l.signer})
	if err != nil {
		t.Fatal(err)
	}
	return l.above + signed.String()
}

// A name server that never answers costs the budget of one message, and no more; the mail
// is not taken for its sender's.
func TestSilentNameServer(t *testing.T) {
	deaf, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer deaf.Close()
	auth := mailauth.New(mailauth.System(deaf.LocalAddr().String()), mailauth.Options{})
	defer auth.Close()
	auth.Budget = 100 * time.Millisecond
	block, err := policy.ParseList(policy.Block, "*")
	if err != nil {
		t.Fatal(err)
	}
	ann := message.MustParseAddress("ann@spf.test")
	j := &intake.Judge{Auth: auth, Rules: &policy.Policy{Block: policy.Compile(slices.Values(block))},
		Profile: knownProfiles(map[message.Address]policy.Profile{ann: {Known: true}})}
	start := time.Now()
	raw := []byte("From: ann@spf.test\r\nSubject: x\r\n\r\nx\r\n")
	f, d, err := j.Decide(context.Background(), mailOf(raw,
		&message.Envelope{Client: netip.MustParseAddr(forger), MailFrom: "ann@spf.test"}))
	if err != nil || d.Cause != policy.FailedAuthentication || f.Proof() != policy.TempError {
		t.Errorf("%v, %v: %s", err, f.Proof(), d.Why())
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}
