package courier

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// wire is a listener that does what it is told with each connection.
func wire(t *testing.T, do func(*net.TCPConn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				do(conn.(*net.TCPConn))
			}()
		}
	}()
	return "http://" + l.Addr().String()
}

// readRequest reads a whole request from a connection.
func readRequest(conn *net.TCPConn) {
	if r, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
		io.Copy(io.Discard, r.Body)
	}
}

// untilClosed waits for the other side to give up.
func untilClosed(conn *net.TCPConn) { io.Copy(io.Discard, conn) }

const large = 20 << 20 // octets, more than the buffers of a connection hold

// TestBrokenOff has everything that can end otherwise than by an answer.
func TestBrokenOff(t *testing.T) {
	answer := func(text string) func(*net.TCPConn) {
		return func(conn *net.TCPConn) {
			readRequest(conn)
			io.WriteString(conn, text)
		}
	}
	for _, test := range []struct {
		name    string
		do      func(*net.TCPConn)
		size    int64 // of the message, if it is not mail
		limits  HTTPLimits
		answers Answers
		want    Outcome
		pause   bool
		said    string
	}{
		{name: "closes before the request", size: large, do: func(*net.TCPConn) {}, want: Retry},
		{name: "resets in the middle of the body", size: large, do: func(conn *net.TCPConn) {
			io.CopyN(io.Discard, conn, 100_000)
			conn.SetLinger(0)
		}, want: Retry},
		{name: "closes after the body", do: readRequest, want: Unknown,
			said: "no answer came after the last octet: it may have been taken"},
		{name: "closes after a large body", size: large, do: readRequest, want: Unknown},
		{name: "hangs after the body", do: untilClosed, want: Unknown,
			limits: HTTPLimits{Answer: 50 * time.Millisecond}, said: "timeout awaiting response headers"},
		{name: "stops reading", size: large, want: Retry, limits: HTTPLimits{Write: 100 * time.Millisecond},
			do: func(conn *net.TCPConn) {
				io.CopyN(io.Discard, conn, 1000)
				<-t.Context().Done()
			}, said: "i/o timeout"},
		{name: "takes for ever", size: large, want: Retry, limits: HTTPLimits{Total: 100 * time.Millisecond},
			do: func(conn *net.TCPConn) {
				io.CopyN(io.Discard, conn, 1000)
				<-t.Context().Done()
			}, said: "context deadline exceeded"},
		{name: "breaks in the header", want: Unknown, said: "unexpected EOF",
			do: answer("HTTP/1.1 200 OK\r\nX: 1\r\n")},
		{name: "breaks in the body", do: answer("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok"),
			want: Done},
		{name: "breaks in the body before the word", want: Unknown,
			do:      answer("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ntick"),
			answers: Answers{DoneBody: "ticket"}, said: "the answer broke off: it may have been taken"},
		{name: "hangs in the body", want: Unknown, limits: HTTPLimits{Answer: 50 * time.Millisecond},
			do: func(conn *net.TCPConn) {
				readRequest(conn)
				io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ntick")
				untilClosed(conn)
			}, answers: Answers{DoneBody: "ticket"}},
		{name: "refuses before the body", size: large, want: Fail,
			do: func(conn *net.TCPConn) {
				io.CopyN(io.Discard, conn, 10)
				io.WriteString(conn, "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
				<-t.Context().Done()
			}, said: "413 Too Large"},
		{name: "refuses before the body and closes", size: large, want: Fail,
			do: func(conn *net.TCPConn) {
				io.CopyN(io.Discard, conn, 10)
				io.WriteString(conn, "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
			}, said: "413 Too Large"},
		{name: "takes before the body", size: large, want: Retry,
			do: func(conn *net.TCPConn) {
				io.CopyN(io.Discard, conn, 10)
				io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
				<-t.Context().Done()
			}, said: "it was answered before it was sent whole"},
		{name: "speaks SMTP", want: Retry, pause: true, said: "something else than http is spoken there",
			do: func(conn *net.TCPConn) {
				io.WriteString(conn, "220 mx.test ESMTP\r\n")
				untilClosed(conn)
			}},
		{name: "is too busy to listen", want: Retry, said: "503 Busy",
			do: func(conn *net.TCPConn) {
				io.WriteString(conn, "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
				untilClosed(conn)
			}},
		{name: "a header without end", want: Unknown, said: "exceeded",
			do: func(conn *net.TCPConn) {
				readRequest(conn)
				io.WriteString(conn, "HTTP/1.1 200 OK\r\nX: ")
				io.Copy(conn, io.LimitReader(zeroLetters{}, large))
			}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := mailOf(mail)
			if test.size > 0 {
				p.Size = test.size
				p.Open = func() (io.ReadCloser, error) {
					return io.NopCloser(io.LimitReader(zeroes{}, test.size)), nil
				}
			}
			r, _ := carryHTTP(t, HTTPConfig{URL: wire(t, test.do), HTTPLimits: test.limits,
				Answers: test.answers}, p)
			if r.Outcome != test.want || r.Pause != test.pause || !strings.Contains(r.Said, test.said) {
				t.Errorf("%+v, want %s, pause %v, said %q", r, test.want, test.pause, test.said)
			}
		})
	}
}

type zeroLetters struct{}

func (zeroLetters) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = '0'
	}
	return len(b), nil
}

// TestNobodyThere is a closed port, a name without address, and the wrong protocol on a port.
func TestNobodyThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := l.Addr().String()
	l.Close()
	plain, _ := desk(t, 200, "")
	secure := httptest.NewTLSServer(nil)
	defer secure.Close()
	names, err := NewDialer(DialConfig{Resolver: zones(t, nil)})
	if err != nil {
		t.Fatal(err)
	}
	nobody, err := NewDialer(DialConfig{})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		url    string
		dialer *Dialer
		pause  bool
		said   string
	}{
		{"http://" + closed, nil, false, "connection refused"},
		{"http://absent.test", names, false, "no such host"},
		{"https" + strings.TrimPrefix(plain, "http"), nil, true, "something else than https is spoken there"},
		{"http" + strings.TrimPrefix(secure.URL, "https"), nil, true, "400 Bad Request"},
		{plain, nobody, true, "127.0.0.1, a loopback address: if the target is meant to be there"},
		{"https" + strings.TrimPrefix(wire(t, func(c *net.TCPConn) {
			io.WriteString(c, "220 mx.test ESMTP\r\n")
			untilClosed(c)
		}), "http"), nil, true, "does not look like a TLS handshake"},
	} {
		r, _ := carryHTTP(t, HTTPConfig{URL: test.url, Dialer: test.dialer}, mailOf(mail))
		if r.Outcome != Retry || r.Pause != test.pause || !strings.Contains(r.Said, test.said) {
			t.Errorf("%s: %+v, want pause %v, said %q", test.url, r, test.pause, test.said)
		}
	}
}

// TestLongAnswer: of 50 MB the first 64 KiB are read, and the connection is closed then.
func TestLongAnswer(t *testing.T) {
	written := make(chan int64, 1)
	site := wire(t, func(conn *net.TCPConn) {
		readRequest(conn)
		io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\nok ")
		n, _ := io.Copy(conn, io.LimitReader(zeroLetters{}, 49_999_997))
		written <- n
	})
	h, err := NewHTTP(HTTPConfig{URL: site, Dialer: loopback(t), Answers: Answers{DoneBody: "^ok"}})
	if err != nil {
		t.Fatal(err)
	}
	most := peakHeap(t, func() {
		r := h.Carry(context.Background(), mailOf(mail), nil)
		if r.Outcome != Done || len(r.Said) > 2*saidLimit {
			t.Errorf("%s, %d octets said", r.Outcome, len(r.Said))
		}
	})
	if n := <-written; n >= 49_999_997 {
		t.Error("the whole answer was taken")
	}
	if most > 5_000_000 {
		t.Errorf("%d octets of memory were held at once", most)
	}
}

// TestRedirectIsNotFollowed: nothing goes where it leads.
func TestRedirectIsNotFollowed(t *testing.T) {
	var visits atomic.Int32
	login := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		visits.Add(1)
	}))
	defer login.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		site, got := desk(t, status, "", "Location", login.URL+"/login")
		r, _ := carryHTTP(t, HTTPConfig{URL: site}, mailOf(mail))
		if r.Outcome != Retry || !r.Pause || !strings.Contains(r.Said, login.URL+"/login") {
			t.Errorf("%d: %+v", status, r)
		}
		if len(got) != 1 || visits.Load() != 0 {
			t.Errorf("%d: %d requests, and %d where it leads", status, len(got), visits.Load())
		}
	}
}

// TestEnded: who stops a try that has sent everything does not know what came of it.
func TestEnded(t *testing.T) {
	for _, test := range []struct {
		size int64
		want Outcome
	}{{0, Unknown}, {large, Retry}} {
		there := make(chan bool)
		site := wire(t, func(conn *net.TCPConn) {
			if test.size == 0 {
				readRequest(conn)
			}
			close(there)
			<-t.Context().Done()
		})
		h, err := NewHTTP(HTTPConfig{URL: site, Dialer: loopback(t)})
		if err != nil {
			t.Fatal(err)
		}
		p := mailOf(mail)
		if test.size > 0 {
			p.Size = test.size
			p.Open = func() (io.ReadCloser, error) {
				return io.NopCloser(io.LimitReader(zeroes{}, test.size)), nil
			}
		}
		ctx, end := context.WithCancel(context.Background())
		go func() {
			<-there
			end()
		}()
		if r := h.Carry(ctx, p, nil); r.Outcome != test.want {
			t.Errorf("%d octets: %+v, want %s", test.size, r, test.want)
		}
		end()
	}
}

// TestOtherSideSpeaksFirst: before we have written anything, that is no answer; behind it, it is.
func TestOtherSideSpeaksFirst(t *testing.T) {
	site := wire(t, func(conn *net.TCPConn) {
		io.WriteString(conn, "220 mx.test ESMTP\r\n")
		untilClosed(conn)
	})
	for _, writes := range []bool{false, true} {
		raw, err := loopback(t).DialContext(t.Context(), "tcp", strings.TrimPrefix(site, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer raw.Close()
		sent := &sending{}
		conn := &watchedConn{Conn: raw, timeout: time.Minute, sent: sent}
		if writes {
			if _, err := io.WriteString(conn, "POST / HTTP/1.1\r\n"); err != nil {
				t.Fatal(err)
			}
		}
		n, err := conn.Read(make([]byte, 100))
		if first := sent.first.Load(); (err == nil) != writes || (n > 0) != writes ||
			(first == nil) != writes || first != nil && *first != "220 mx.test ESMTP\r\n" {
			t.Errorf("written %v: %d octets, %v, first %v", writes, n, err, first)
		}
	}
}

// TestOtherSideSpeaksAtTheSameTime: where we write just as the other side says what is no HTTP, the
// transport may tell of the writing alone, which it ended itself.
func TestOtherSideSpeaksAtTheSameTime(t *testing.T) {
	poster, err := newPoster("http://desk.test/", loopback(t), HTTPLimits{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for heard, pause := range map[string]bool{"220 mx.test ESMTP\r\n": true, "H": false,
		"HTTP/1.1 200 OK\r\n": false, "HTTQ": true} {
		there, here := net.Pipe()
		go func() {
			defer there.Close()
			io.WriteString(there, heard)
		}()
		sent := &sending{}
		sent.begun.Store(true)
		conn := &watchedConn{Conn: here, timeout: time.Minute, sent: sent}
		if text, err := io.ReadAll(conn); string(text) != heard || err != nil {
			t.Fatalf("%q, %v", text, err)
		}
		r := poster.unanswered(net.ErrClosed, sent, &countedBody{sent: sent})
		if r.Outcome != Retry || r.Pause != pause || pause != strings.Contains(r.Said,
			"something else than http is spoken there") {
			t.Errorf("%q: %+v", heard, r)
		}
	}
}

// TestOtherSideRefusesFirst: what is refused before we write was not taken, though the transport may
// have had the last octet of it when it heard that.
func TestOtherSideRefusesFirst(t *testing.T) {
	poster, err := newPoster("http://desk.test/", loopback(t), HTTPLimits{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]Outcome{"HTTP/1.1 503 Busy\r\n": Retry,
		"HTTP/1.1 429 Slowly\r\n": Retry, "HTTP/1.1 200 OK\r\n": Unknown} {
		sent := &sending{}
		sent.first.Store(&line)
		sent.heard.Store(&line)
		sent.read.Store(true)
		r := poster.unanswered(errSpeaksFirst, sent, &countedBody{sent: sent})
		if r.Outcome != want || r.Pause || !strings.Contains(r.Said, line[:12]) {
			t.Errorf("%q: %+v, want %s", line, r, want)
		}
	}
}
