package scanner

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gatepost/message"
	"gatepost/policy"
)

// limits are for scans that end: a busy machine takes its time.
func limits() Limits { return Limits{Timeout: time.Minute, MaxSize: 1 << 20, AtOnce: 2} }

func query(content string) policy.ScanQuery {
	return policy.ScanQuery{ID: "one", Envelope: &message.Envelope{MailFrom: "ann@acme.test"},
		Size: int64(len(content)), Content: func() io.Reader { return strings.NewReader(content) }}
}

// clamd is a small server that speaks the protocol: it reads at most stop octets of a stream,
// answers what it is told to, and returns what it read.
type clamd struct {
	net.Listener
	reply string
	stop  int // 0: all
	read  chan []byte
}

func newClamd(t *testing.T, reply string, stop int) *clamd {
	t.Helper()
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "clamd.ctl"))
	if err != nil {
		t.Fatal(err)
	}
	c := &clamd{l, reply, stop, make(chan []byte, 1)}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			c.serve(conn)
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-ended
	})
	return c
}

func (c *clamd) serve(conn net.Conn) {
	defer conn.Close()
	r := bufio.NewReader(conn)
	command, _ := r.ReadString(0)
	got := []byte(command)
	for {
		var size uint32
		if binary.Read(r, binary.BigEndian, &size) != nil || size == 0 {
			break
		}
		chunk := make([]byte, size)
		n, err := io.ReadFull(r, chunk)
		if got = append(got, chunk[:n]...); err != nil || c.stop > 0 && len(got) > c.stop {
			break
		}
	}
	c.read <- got
	_, _ = io.WriteString(conn, c.reply)
}

func TestClamdReplies(t *testing.T) {
	for reply, want := range map[string]policy.Scan{
		"stream: OK\x00": {Result: policy.NothingFound},
		"stream: Win.Test.EICAR_HDB-1.UNOFFICIAL FOUND\x00": {Result: policy.Found,
			Words: "Win.Test.EICAR_HDB-1.UNOFFICIAL"},
		"stream: Heuristics.Phishing.Email FOUND\x00": {Result: policy.Found,
			Words: "Heuristics.Phishing.Email"},
		"stream: Heuristics.Encrypted.Zip FOUND\x00": {Result: policy.CannotBeScanned,
			Words: "Heuristics.Encrypted.Zip"},
		"stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND\x00": {
			Result: policy.CannotBeScanned, Words: "Heuristics.Limits.Exceeded.MaxFileSize"},
		"INSTREAM size limit exceeded. ERROR\x00": {Result: policy.CannotBeScanned,
			Words: "it is larger than StreamMaxLength of clamd.conf"},
		"stream: OK": {Result: policy.ScanFailed,
			Words: `an answer that breaks off: "stream: OK"`},
		"stream:  FOUND\x00": {Result: policy.ScanFailed, Words: `it says "stream:  FOUND"`},
		"":                   {Result: policy.ScanFailed, Words: "it closed the connection without an answer"},
		"PROTOCOL ERROR: ancillary data sent without FILDES. ERROR\x00": {
			Result: policy.ScanFailed,
			Words:  `it says "PROTOCOL ERROR: ancillary data sent without FILDES. ERROR"`},
	} {
		server := newClamd(t, reply, 0)
		c := NewClamd(server.Addr().String(), limits())
		got := c.Scan(context.Background(), query("From: a\r\n\r\nb\r\n"))
		if got.Took = 0; got != want {
			t.Errorf("%q:\n got %+v\nwant %+v", reply, got, want)
		}
		if read := <-server.read; string(read) != "zINSTREAM\x00From: a\r\n\r\nb\r\n" {
			t.Errorf("it was sent %q", read)
		}
		if n := c.Counts().Of(want.Result); n != 1 || c.Counts().Open() != 0 {
			t.Errorf("%q: %d counted", reply, n)
		}
	}
}

// A message of several chunks comes whole, and the reply to one that is too long is read though
// the connection breaks while it is being sent.
func TestClamdStreams(t *testing.T) {
	long := strings.Repeat("0123456789abcde\n", 1<<16)
	server := newClamd(t, "stream: OK\x00", 0)
	got := NewClamd(server.Addr().String(), limits()).Scan(context.Background(), query(long))
	if read := <-server.read; got.Result != policy.NothingFound ||
		!bytes.Equal(read, []byte("zINSTREAM\x00"+long)) {
		t.Errorf("%+v of %d octets", got, len(read))
	}
	server = newClamd(t, "INSTREAM size limit exceeded. ERROR\x00", 100)
	got = NewClamd(server.Addr().String(), limits()).Scan(context.Background(), query(long))
	if <-server.read; got.Result != policy.CannotBeScanned ||
		!strings.Contains(got.Words, "StreamMaxLength") {
		t.Errorf("%+v", got)
	}
}

// What nobody answers, and what is not sent, is not scanned.
func TestNotScanned(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() // nothing is accepted: a process that is stopped
	for name, c := range map[string]struct {
		address, content, words string
		result                  policy.ScanResult
	}{
		"silent": {l.Addr().String(), "a", "no answer in time", policy.ScanFailed},
		"closed": {"127.0.0.1:1", "a", "dial: connect: connection refused", policy.ScanFailed},
		"no socket": {"/nonexistent/clamd.ctl", "a", "dial: connect: no such file or directory",
			policy.ScanFailed},
		"empty": {l.Addr().String(), "", "the message is empty", policy.CannotBeScanned},
		"large": {l.Addr().String(), strings.Repeat("a", 1<<20+1),
			"it has 1048577 octets, and at most 1048576 are scanned", policy.CannotBeScanned},
	} {
		l := limits()
		if name == "silent" { // the others end by themselves, soon or late
			l.Timeout = 100 * time.Millisecond
		}
		got := NewClamd(c.address, l).Scan(context.Background(), query(c.content))
		if got.Result != c.result || got.Words != c.words {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// More scans than a scanner is to bear wait for a place, and in vain if none ends in time.
func TestScansAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(Limits{Timeout: time.Minute, MaxSize: 10, AtOnce: 1})
		end := make(chan struct{})
		ended := make(chan policy.Scan)
		go func() {
			ended <- g.run(t.Context(), 1, 0, func(context.Context) policy.Scan {
				<-end
				return policy.Scan{Result: policy.NothingFound}
			})
		}()
		synctest.Wait()
		never := func(context.Context) policy.Scan {
			t.Error("a second scan is under way")
			return policy.Scan{}
		}
		if got := g.run(t.Context(), 1, 0, never); got.Result != policy.ScanFailed ||
			!strings.Contains(got.Words, "too many scans at once") || got.Took != 60_000 {
			t.Errorf("%+v", got)
		}
		close(end)
		if got := <-ended; got.Result != policy.NothingFound {
			t.Errorf("%+v", got)
		}
		if got := g.run(t.Context(), 1, 0, found); got.Result != policy.Found {
			t.Errorf("the place was not given back: %+v", got)
		}
	})
}

func found(context.Context) policy.Scan { return policy.Scan{Result: policy.Found} }

// A scan that we gave up on, and that goes on without us, keeps its place as long as it may.
func TestScanThatGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(Limits{Timeout: time.Minute, MaxSize: 10, AtOnce: 1})
		g.run(t.Context(), 1, time.Hour, func(ctx context.Context) policy.Scan {
			<-ctx.Done()
			return failed("no answer in time")
		})
		time.Sleep(57*time.Minute + 30*time.Second)
		if got := g.run(t.Context(), 1, time.Hour, found); !strings.Contains(got.Words,
			"too many scans at once") {
			t.Errorf("within the hour: %+v", got)
		}
		if got := g.run(t.Context(), 1, time.Hour, found); got.Result != policy.Found {
			t.Errorf("after it: %+v", got)
		}
	})
}
