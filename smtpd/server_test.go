package smtpd_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pires/go-proxyproto"
	"pgregory.net/rapid"

	"gatepost/smtpd"
)

func testSite(t testing.TB) *site { return testSiteWith(t, map[string]string{}) }

func testSiteWith(t testing.TB, set map[string]string) *site {
	set["certificate"] = "none"
	s := newSite(&player{TB: t, set: set})
	t.Cleanup(func() { check(t, s.stop()) })
	return s
}

// talk sends each piece in a write of its own, says that this was all, and returns what
// the server answered.
func talk(t testing.TB, s *site, pieces ...string) string {
	t.Helper()
	c, err := net.Dial("tcp", s.clear.Addr().String())
	check(t, err)
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	for _, piece := range pieces {
		if _, err := io.WriteString(c, piece); err != nil {
			break // it has hung up on what came before
		}
	}
	c.(*net.TCPConn).CloseWrite()
	replies, err := io.ReadAll(c)
	if ne, ok := err.(net.Error); ok && ne.Timeout() {
		t.Fatalf("no end after %q", replies)
	}
	return string(replies)
}

// TestCrossedReplies takes messages back and sends others right behind, as fast as the
// wire carries it. GATEPOST_LONG=1 makes a storm of it.
func TestCrossedReplies(t *testing.T) {
	rounds := 500
	if os.Getenv("GATEPOST_LONG") != "" {
		rounds = 9000
	}
	s := testSite(t)
	var wg sync.WaitGroup
	const connections = 4
	for c := range connections {
		wg.Go(func() { storm(t, s, c, rounds/connections) })
	}
	wg.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if want := rounds / connections * connections; len(s.messages) != want {
		t.Errorf("stored are %d messages of %d", len(s.messages), want)
	}
	for _, m := range s.messages {
		if m.env.MailFrom != m.content+"@example.com" {
			t.Fatalf("%s has the content %q", m.env.MailFrom, m.content)
		}
	}
}

func storm(t *testing.T, s *site, connection, rounds int) {
	c, err := net.Dial("tcp", s.clear.Addr().String())
	if err != nil {
		t.Error(err)
		return
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * patience))
	in := bufio.NewReader(c)
	in.ReadString('\n')
	io.WriteString(c, "HELO client.example.com\r\n")
	in.ReadString('\n')
	for i := range rounds {
		name := fmt.Sprintf("m%d-%06d", connection, i)
		chunk := [...]string{"BDAT 0\r\n", "BDAT 5\r\nfirst"}[i%2]
		const rcpt = "RCPT TO:<support@acme.test>\r\n"
		io.WriteString(c, "MAIL FROM:<old@example.com>\r\n"+rcpt+chunk+"RSET\r\nMAIL FROM:<"+
			name+"@example.com>\r\n"+rcpt+fmt.Sprintf("BDAT %d LAST\r\n%s", len(name), name))
		for _, want := range [...]string{"250 2.0.0 Roger", "250 2.0.0 I'll", "250 2.0.0 Cont",
			"250 2.0.0 Sess", "250 2.0.0 Roger", "250 2.0.0 I'll", "250 2.0.0 Ok: id-"} {
			if line, err := in.ReadString('\n'); !strings.HasPrefix(line, want) {
				t.Errorf("%s: want %q, got %q, %v", name, want, line, err)
				return
			}
		}
	}
}

// TestSplits sends conversations, sound ones and senseless ones, in one piece and cut
// anywhere: how the network cuts them must make no difference.
func TestSplits(t *testing.T) {
	parts := []string{
		"MAIL FROM:<a@example.com>\r\n", "RCPT TO:<b@acme.test>\r\n", "RCPT TO:<postmaster>\r\n",
		"DATA\r\n", "text\r\n", ".\r\n", "..\r\n", "\r\n", "\n.\r\n", "\r\r\n.\r\n", ".\r", ".",
		"BDAT 4\r\n", "BDAT 4 LAST\r\n", "BDAT 0 LAST\r\n", "BDAT 0\r\n", "abcd", "\n",
		"RSET\r\n", "QUIT\r\n",
		"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@acme.test>\r\nDATA\r\nwhole\r\n.\r\n",
		"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@acme.test>\r\nBDAT 5\r\nwholeBDAT 2 LAST\r\n\r\n",
	}
	s := testSite(t)
	rapid.Check(t, func(r *rapid.T) {
		chosen := rapid.SliceOfN(rapid.SampledFrom(parts), 1, 20).Draw(r, "parts")
		stream := "EHLO client.example.com\r\n" + strings.Join(chosen, "")
		cuts := rapid.SliceOfN(rapid.IntRange(0, len(stream)), 0, 8).Draw(r, "cuts")
		whole, wholeStored := s.hear(t, stream)
		inPieces, piecesStored := s.hear(t, cut(stream, cuts)...)
		if whole != inPieces || wholeStored != piecesStored {
			r.Fatalf("%q\nwhole:  %q\n%q\npieces: %q\n%q", stream,
				whole, wholeStored, inPieces, piecesStored)
		}
	})
}

// TestProxiedSplits: behind a PROXY header, and however the network cuts both, a
// conversation is the same as without.
func TestProxiedSplits(t *testing.T) {
	commands := "EHLO client.example.com\r\nMAIL FROM:<a@example.com>\r\n" +
		"RCPT TO:<b@acme.test>\r\nDATA\r\nPROXY TCP4\r\n.\r\nMAIL FROM:<c@example.com>\r\n" +
		"RCPT TO:<b@acme.test>\r\nBDAT 5 LAST\r\nPROXYQUIT\r\n"
	var header bytes.Buffer
	_, err := proxyproto.HeaderProxyFromAddrs(2,
		&net.TCPAddr{IP: net.ParseIP("203.0.113.9"), Port: 40000},
		&net.TCPAddr{IP: net.ParseIP("192.0.2.25"), Port: 25}).WriteTo(&header)
	check(t, err)
	plain, proxied := testSite(t), testSiteWith(t, map[string]string{"proxies": "127.0.0.1"})
	want, wantStored := plain.hear(t, commands)
	rapid.Check(t, func(r *rapid.T) {
		stream := header.String() + commands
		cuts := rapid.SliceOfN(rapid.IntRange(0, len(stream)), 0, 8).Draw(r, "cuts")
		got, gotStored := proxied.hear(t, cut(stream, cuts)...)
		if got != want || gotStored != wantStored {
			r.Fatalf("want %q\n%q\ngot  %q\n%q", want, wantStored, got, gotStored)
		}
	})
}

// hear gives the replies to a conversation and what it left stored.
func (s *site) hear(t testing.TB, pieces ...string) (replies, contents string) {
	replies = talk(t, s, pieces...)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.messages {
		contents += fmt.Sprintf("%q %q\n", m.env.Recipients, m.content)
	}
	s.messages = nil
	return replies, contents
}

func cut(stream string, cuts []int) (pieces []string) {
	for _, at := range cuts {
		if at < len(stream) {
			pieces = append(pieces, stream[:at])
			stream = stream[at:]
		}
	}
	return append(pieces, stream)
}

// TestOneWrite counts packets: the many lines of EHLO's reply come in one.
func TestOneWrite(t *testing.T) {
	s := testSite(t)
	c, err := net.Dial("tcp", s.clear.Addr().String())
	check(t, err)
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	b := make([]byte, 4096)
	_, err = c.Read(b)
	check(t, err)
	_, err = io.WriteString(c, "EHLO client.example.com\r\n")
	check(t, err)
	n, err := c.Read(b)
	check(t, err)
	if reply := b[:n]; !bytes.Contains(reply, []byte("\r\n250 ")) || reply[n-1] != '\n' {
		t.Errorf("the first read of the reply to EHLO gives %q", reply)
	}
}

func TestRunRefuses(t *testing.T) {
	working := func() *smtpd.Server {
		s := smtpd.New()
		s.Receive = new(site).receive
		return s
	}
	nameless, deaf, bare, shut := working(), working(), working(), working()
	nameless.Domain = "mx acme"
	deaf.Receive = nil
	door := listen(t, "")
	defer door.Close()
	closed := listen(t, "")
	closed.Close()
	for _, c := range []struct {
		server *smtpd.Server
		door   smtpd.Listener
		want   string
	}{
		{nameless, smtpd.Listener{Listener: door}, `smtp domain "mx acme"`},
		{deaf, smtpd.Listener{Listener: door}, "without Receive"},
		{bare, smtpd.Listener{Listener: door, TLS: true}, "TLS from the start needs a certificate"},
		{shut, smtpd.Listener{Listener: closed}, "use of closed network connection"},
	} {
		err := c.server.Run(context.Background(), c.door)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

func TestParseRecipients(t *testing.T) {
	for text, want := range map[string]string{
		"":                           "there are none",
		"support@acme.test @acme":    `entry 2, "@acme"`,
		"help..acme.test":            `entry 1, "help..acme.test"`,
		"a@acme.test b@c@acme.test":  `entry 2, "b@c@acme.test"`,
		"support@acme.test, x@y.com": `entry 1, "support@acme.test,"`,
	} {
		if _, err := smtpd.ParseRecipients(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

// TestCertificate follows a pair of files through a renewal and an accident. The clock is
// the test's own.
func TestCertificate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		cert, key := writeCertificate(t, dir, 1)
		var log lockedBuffer
		c, err := smtpd.LoadCertificate(cert, key, slog.New(slog.NewTextHandler(&log, nil)))
		check(t, err)
		wantSerial(t, c, 1)

		writeCertificate(t, dir, 2)
		age(t, cert, 1)
		wantSerial(t, c, 1) // not looked at again yet
		<-time.After(2 * time.Second)
		wantSerial(t, c, 2)

		check(t, os.WriteFile(key, []byte("not a key"), 0o600))
		age(t, key, 2)
		<-time.After(2 * time.Second)
		wantSerial(t, c, 2)
		if !strings.Contains(log.String(), "the old one stays") {
			t.Errorf("the log has only %s", log.String())
		}

		check(t, os.Remove(cert))
		<-time.After(2 * time.Second)
		wantSerial(t, c, 2)

		writeCertificate(t, dir, 3)
		<-time.After(2 * time.Second)
		wantSerial(t, c, 3)
	})
}

// age gives a file a time of its own, whatever the clock of the disk is worth.
func age(t *testing.T, name string, hours int) {
	t.Helper()
	then := time.Unix(0, 0).Add(time.Duration(hours) * time.Hour)
	check(t, os.Chtimes(name, then, then))
}

func wantSerial(t *testing.T, c *smtpd.Certificate, want int64) {
	t.Helper()
	got, err := c.Get(&tls.ClientHelloInfo{})
	check(t, err)
	if got.Leaf.SerialNumber.Int64() != want {
		t.Errorf("certificate %v is used, want %d", got.Leaf.SerialNumber, want)
	}
}

func TestLoadCertificateRefuses(t *testing.T) {
	dir := t.TempDir()
	missing := filepath.Join(dir, "none.pem")
	if _, err := smtpd.LoadCertificate(missing, missing, nil); err == nil ||
		!strings.Contains(err.Error(), missing) {
		t.Errorf("got %v", err)
	}
	cert, _ := writeCertificate(t, dir, 1)
	if _, err := smtpd.LoadCertificate(cert, cert, nil); err == nil ||
		!strings.Contains(err.Error(), cert) {
		t.Errorf("got %v", err)
	}
}

// TestTLSVersions: TLS 1.2 is the least (RFC 8996).
func TestTLSVersions(t *testing.T) {
	s := newSite(&player{TB: t, set: map[string]string{}})
	defer s.stop()
	for version, want := range map[uint16]bool{
		tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true,
	} {
		c, err := tls.Dial("tcp", s.secure.Addr().String(), &tls.Config{
			InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: version})
		if (err == nil) != want {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
		if err == nil {
			c.Close()
		}
	}
}
