package smtpd_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"gatepost/smtpd"
)

func TestMain(m *testing.M) {
	flag.Set("test.parallel", "16") // conversations mostly wait
	goleak.VerifyTestMain(m)
}

// TestConversations plays every script of testdata/smtp. A script begins with a comment
// that says why it is there; testdata/smtp/README.md lists what a line can be.
func TestConversations(t *testing.T) {
	names, err := filepath.Glob("../testdata/smtp/*.txt")
	if err != nil || len(names) == 0 {
		t.Fatalf("no conversations found: %v", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.HasPrefix(text, []byte("# ")) {
				t.Fatalf("%s:1: a script begins with a comment that says why", name)
			}
			play(t, name, string(text))
		})
	}
}

// patience is how long a reply may take before a script fails: milliseconds, but on a machine that
// is busy.
const patience = time.Minute

// A player plays one script against a server of its own.
type player struct {
	testing.TB
	where   string
	site    *site // nil until the settings are read
	stopped bool
	clients map[string]*client
	*client
	reply string // the last one, whole
	said  map[smtpd.Refusal]int64
	set   map[string]string
}

// A client is one connection of a script.
type client struct {
	net.Conn
	tcp net.Conn
	in  *bufio.Reader
}

func play(t *testing.T, name, text string) {
	p := &player{TB: t, clients: map[string]*client{}, set: map[string]string{},
		said: map[smtpd.Refusal]int64{}}
	defer p.hangUp()
	for i, line := range strings.Split(text, "\n") {
		p.where = fmt.Sprintf("%s:%d: %s", filepath.Base(name), i+1, line)
		verb, arg, _ := strings.Cut(strings.TrimSpace(line), " ")
		if verb == "" || verb == "#" {
			continue
		}
		p.step(verb, arg)
	}
	p.stop()
}

func (p *player) hangUp() {
	for _, c := range p.clients {
		c.tcp.Close()
	}
	if p.site != nil && !p.stopped {
		p.site.stop()
	}
}

func (p *player) fail(format string, args ...any) {
	p.Helper()
	p.Fatalf("%s\n\t%s\n\tlast reply: %q", p.where, fmt.Sprintf(format, args...), p.reply)
}

func (p *player) check(err error) {
	p.Helper()
	if err != nil {
		p.fail("%v", err)
	}
}

func (p *player) step(verb, arg string) {
	if verb == "set" {
		name, value, _ := strings.Cut(arg, " ")
		p.set[name] = value
		return
	}
	if p.site == nil {
		p.site = newSite(p)
		if verb != "connect" {
			p.connect("first", "")
		}
	}
	verb, times, _ := strings.Cut(verb, "*")
	step, ok := map[string]func(arg string){
		">": p.line, ">>": p.raw, "<": p.expect, "has": p.has, "lacks": p.lacks,
		"quiet": p.quiet, "end": p.end, "connect": p.open, "on": p.on, "tls": p.handshake,
		"shut": p.shut, "close": p.close, "reset": p.reset, "drain": p.drain,
		"release": p.release, "stored": p.stored, "message": p.message, "logged": p.logged,
		"unlogged": p.unlogged, "flood": p.flood, "arrive": p.arrive, "gone": p.gone,
	}[verb]
	if !ok {
		p.fail("unknown directive %q", verb)
	}
	n := 1
	if times != "" {
		var err error
		n, err = strconv.Atoi(times)
		p.check(err)
	}
	for range n {
		step(arg)
	}
}

// connect opens a connection that the following lines are about: in clear, "secure" to the
// door with TLS, or "tls" for the handshake too, and behind that what to send in one write
// with the handshake's first octets.
func (p *player) connect(name, how string) {
	how, ahead, _ := strings.Cut(how, " ")
	address := p.site.clear.Addr()
	switch {
	case how == "tls", how == "secure":
		address = p.site.secure.Addr()
	case how != "":
		p.fail("a connection is in clear, secure or tls")
	}
	c, err := net.Dial("tcp", address.String())
	p.check(err)
	p.client = &client{Conn: c, tcp: c, in: bufio.NewReader(c)}
	p.clients[name] = p.client
	if ahead != "" {
		p.tcp = &headed{c.(*net.TCPConn), p.unquote(ahead)}
	}
	if how == "tls" {
		p.handshake("")
	}
}

func (p *player) open(arg string) {
	name, how, _ := strings.Cut(arg, " ")
	p.connect(name, how)
}

func (p *player) on(name string) {
	if p.client = p.clients[name]; p.client == nil {
		p.fail("no connection %q", name)
	}
}

func (p *player) handshake(string) {
	if p.in.Buffered() > 0 {
		p.fail("octets before the handshake")
	}
	c := tls.Client(p.tcp, &tls.Config{InsecureSkipVerify: true})
	p.tcp.SetDeadline(time.Now().Add(patience))
	p.check(c.Handshake())
	p.tcp.SetDeadline(time.Time{})
	p.Conn, p.in = c, bufio.NewReader(c)
}

func (p *player) line(text string) { p.write([]byte(text + "\r\n")) }

func (p *player) raw(arg string) { p.write(p.unquote(arg)) }

func (p *player) unquote(arg string) []byte {
	words := regexp.MustCompile(`\d*"(?:[^"\\]|\\.)*"`).FindAllString(arg, -1)
	if words == nil {
		p.fail(`want "octets" or 1000"octets"`)
	}
	var out []byte
	for _, word := range words {
		quote := strings.IndexByte(word, '"')
		n, err := strconv.Atoi("0" + word[:quote])
		p.check(err)
		s, err := strconv.Unquote(word[quote:])
		p.check(err)
		out = append(out, bytes.Repeat([]byte(s), max(n, 1))...)
	}
	return out
}

func (p *player) write(b []byte) {
	p.SetWriteDeadline(time.Now().Add(patience))
	_, err := p.Write(b)
	p.check(err)
}

// flood writes what the server may have stopped reading.
func (p *player) flood(arg string) {
	p.SetWriteDeadline(time.Now().Add(patience))
	p.Write(p.unquote(arg))
}

// expect reads one reply, of one or several lines.
func (p *player) expect(want string) {
	p.SetReadDeadline(time.Now().Add(patience))
	p.reply = ""
	for {
		line, err := p.in.ReadString('\n')
		p.reply += line
		p.check(err)
		if len(line) < 4 || line[3] != '-' {
			if !strings.HasPrefix(line, want) {
				p.fail("want %q", want)
			}
			p.note(line)
			return
		}
	}
}

// note takes down what refused something.
func (p *player) note(line string) {
	words := strings.Fields(line)
	if len(words) > 1 && strings.ContainsAny(line[:1], "45") {
		p.said[smtpd.Refusal{Code: words[0], Status: words[1]}]++
	}
}

func (p *player) has(text string) {
	if !strings.Contains(p.reply, text) {
		p.fail("not in the reply")
	}
}

func (p *player) lacks(text string) {
	if strings.Contains(p.reply, text) {
		p.fail("in the reply")
	}
}

// quiet says that the server has nothing to say for so long.
func (p *player) quiet(arg string) {
	span, err := time.ParseDuration(arg)
	p.check(err)
	p.SetReadDeadline(time.Now().Add(span))
	if b, err := p.in.Peek(1); !errors.Is(err, os.ErrDeadlineExceeded) {
		p.fail("got %q, %v", b, err)
	}
}

// end says that the server closes the connection without another word, and how soon.
func (p *player) end(arg string) {
	span := patience
	if arg != "" {
		var err error
		span, err = time.ParseDuration(arg)
		p.check(err)
	}
	p.SetReadDeadline(time.Now().Add(span))
	rest, err := io.ReadAll(p.in)
	if len(rest) > 0 || errors.Is(err, os.ErrDeadlineExceeded) {
		p.fail("got %q, %v", rest, err)
	}
}

// gone says that the server closes the connection, be it with octets of TLS.
func (p *player) gone(string) {
	p.SetReadDeadline(time.Now().Add(patience))
	if _, err := io.Copy(io.Discard, p.in); errors.Is(err, os.ErrDeadlineExceeded) {
		p.fail("the connection stays open")
	}
}

func (p *player) shut(string) {
	p.check(p.Conn.(interface{ CloseWrite() error }).CloseWrite())
}

func (p *player) close(string) { p.Conn.Close() }

func (p *player) reset(string) {
	p.check(p.tcp.(interface{ SetLinger(int) error }).SetLinger(0))
	p.tcp.Close()
}

func (p *player) drain(string) { p.site.cancel() }

func (p *player) release(string) {
	p.site.release <- struct{}{}
	<-p.site.released
}

func (p *player) arrive(string) { <-p.site.held }

// stop ends the server. What it stored and logged is looked at only then.
func (p *player) stop() {
	if p.site == nil || p.stopped {
		return
	}
	p.stopped = true
	for _, c := range p.clients {
		c.Conn.Close()
	}
	if err := p.site.stop(); err != nil {
		p.fail("Run ended with %v", err)
	}
	counted := p.site.server.Refusals() // also those that nobody waited for
	for refusal, n := range p.said {
		if counted[refusal] < n {
			p.fail("%d times %v, and counted are %v", n, refusal, counted)
		}
	}
}

func (p *player) stored(arg string) {
	p.stop()
	if got := strconv.Itoa(len(p.site.messages)); got != arg {
		p.fail("stored are %s messages: %+v", got, p.site.messages)
	}
}

// message looks at a stored message, counted from 1: message 1 content "octets".
func (p *player) message(arg string) {
	p.stop()
	words := strings.SplitN(arg, " ", 3)
	n, err := strconv.Atoi(words[0])
	if err != nil || n < 1 || n > len(p.site.messages) || len(words) != 3 {
		p.fail("no such message")
	}
	m := p.site.messages[n-1]
	got, ok := map[string]string{
		"content": m.content, "octets": strconv.Itoa(len(m.content)),
		"from": m.env.MailFrom, "to": strings.Join(m.env.Recipients, " "),
		"helo": m.env.Helo, "client": m.env.Client.String(),
		"tls": strconv.FormatBool(m.env.TLS), "smtputf8": strconv.FormatBool(m.env.SMTPUTF8),
		"null": strconv.FormatBool(m.env.NullPath),
	}[words[1]]
	want := words[2]
	if strings.Contains(want, `"`) && words[1] == "content" || want == `""` {
		want = string(p.unquote(want))
	}
	if !ok || got != want {
		p.fail("%s is %.300q", words[1], got)
	}
}

func (p *player) logged(text string) {
	p.stop()
	if !strings.Contains(p.site.log.String(), text) {
		p.fail("the log has only\n%s", p.site.log.String())
	}
}

func (p *player) unlogged(text string) {
	p.stop()
	if strings.Contains(p.site.log.String(), string(p.unquote(text))) {
		p.fail("the log has\n%s", p.site.log.String())
	}
}
