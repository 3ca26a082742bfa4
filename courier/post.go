package courier

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	answerLimit  = 64 << 10          // octets read of an answer's body, and taken of its header
	answerTime   = 180 * time.Second // as rt-mailgate waits
	writeTime    = time.Minute       // for the other side to take the next piece
	totalTime    = 15 * time.Minute
	handshake    = 30 * time.Second
	agent        = "gatepost"
	longestDelay = 5 * 24 * time.Hour // of what Retry-After may ask
)

// A poster makes POST requests to one URL, one connection for each: on a kept one the other
// side may be closing just then, and nobody knows what it took.
type poster struct {
	url     *url.URL
	dialer  *Dialer
	tls     *tls.Config
	answer  time.Duration
	write   time.Duration
	total   time.Duration
	secrets []string // never shown
	now     func() time.Time
}

// A request is what is posted. Its body is opened once, read as it goes, and size octets long.
type request struct {
	header http.Header
	open   func() (io.ReadCloser, error)
	size   int64
	shown  []string // what a person is told of the body
}

// An answer is what the other side said.
type answer struct {
	status int
	text   string // as in 404 Not Found
	header http.Header
	body   []byte // the first answerLimit octets
	broken error  // the connection ended before the answer did
	early  bool   // it came before the last octet of the request was sent
}

// A sending is how far one request has come.
type sending struct {
	begun  atomic.Bool            // something was written to the connection
	read   atomic.Bool            // the transport has the last octet of the body
	broken atomic.Bool            // a write to the connection has failed
	first  atomic.Pointer[string] // what the other side said before we did
	heard  atomic.Pointer[string] // the first octets of the other side
}

// strange reports whether what came first over a connection without TLS is no answer of HTTP.
func (s *sending) strange() bool {
	heard := s.heard.Load()
	return heard != nil && !strings.HasPrefix(*heard, "HTTP/"[:min(len(*heard), len("HTTP/"))])
}

// whole reports whether the last octet may have left this machine.
func (s *sending) whole() bool { return s.read.Load() && !s.broken.Load() }

// post sends the request. If there is no answer, why not is in the Result, which is nil otherwise.
func (p *poster) post(ctx context.Context, r request, dialogue io.Writer) (*answer, *Result) {
	ctx, cancel := context.WithTimeout(ctx, p.total)
	defer cancel()
	body, err := r.open()
	if err != nil {
		return nil, &Result{Said: err.Error()}
	}
	sent := &sending{}
	counted := &countedBody{in: body, left: r.size, sent: sent}
	// The transport closes the body too, but not always before it gives the answer.
	defer counted.Close()
	p.show(dialogue, r)
	transport := p.transport(sent)
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url.String(), counted)
	if err != nil {
		return nil, &Result{Said: p.hide(err.Error())}
	}
	req.Header, req.ContentLength = r.header.Clone(), r.size
	req.Header.Set("User-Agent", agent)
	response, err := transport.RoundTrip(req)
	if err != nil {
		result := p.unanswered(err, sent, counted)
		tell(dialogue, "*", result.Said)
		return nil, &result
	}
	early := !sent.whole()
	a := p.hear(response, cancel)
	a.early = early
	p.showAnswer(dialogue, a)
	return a, nil
}

// transport makes a connection for one request. It follows no redirect, asks no proxy of the
// environment, which would hide the address from the Dialer, and unpacks nothing.
func (p *poster) transport(sent *sending) *http.Transport {
	return &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := p.dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return &watchedConn{Conn: conn, timeout: p.write, sent: sent}, nil
		},
		TLSClientConfig:        p.tls,
		TLSHandshakeTimeout:    handshake,
		ResponseHeaderTimeout:  p.answer,
		MaxResponseHeaderBytes: answerLimit,
		DisableKeepAlives:      true,
		DisableCompression:     true,
	}
}

// hear reads the answer; behind its limit the connection is closed.
func (p *poster) hear(response *http.Response, cancel func()) *answer {
	late := time.AfterFunc(p.answer, cancel)
	defer late.Stop()
	defer response.Body.Close()
	a := &answer{status: response.StatusCode, text: response.Status, header: response.Header}
	a.body, a.broken = io.ReadAll(io.LimitReader(response.Body, answerLimit))
	return a
}

// unanswered says what is known of a request that got no answer.
func (p *poster) unanswered(err error, sent *sending, body *countedBody) Result {
	if own := body.failure(); own != nil {
		return Result{Said: fmt.Sprintf("read the message: %s", own)}
	}
	said := p.hide(err.Error())
	first := sent.first.Load()
	if first != nil {
		said = fmt.Sprintf("the other side speaks first, and says %q", words(*first))
	}
	strange := p.url.Scheme == "http" && sent.strange()
	if strange && first == nil && !wrongProtocol(err) { // of writing, which ended of that
		said = fmt.Sprintf("the other side says %q", words(*sent.heard.Load()))
	}
	switch {
	case first != nil && !strings.HasPrefix(*first, "HTTP/"), wrongProtocol(err), strange:
		return Result{Said: said + ": something else than " + p.url.Scheme + " is spoken there: " +
			"check url, and its port", Pause: true}
	case wrongAddress(err):
		return Result{Said: said, Pause: true}
	case first != nil && refuses(*first): // whatever we wrote after that
		return Result{Said: said}
	case sent.whole():
		return Result{Outcome: Unknown,
			Said: said + ": no answer came after the last octet: it may have been taken"}
	}
	return Result{Said: said, Down: !sent.begun.Load()}
}

// refuses reports whether an answer of HTTP is of the class 4 or 5 (RFC 9110, section 15).
func refuses(answer string) bool {
	_, status, _ := strings.Cut(answer, " ")
	return strings.HasPrefix(status, "4") || strings.HasPrefix(status, "5")
}

// wrongAddress reports whether the settings lead where they may not, or to somebody else.
func wrongAddress(err error) bool {
	_, forbidden := Forbidden(err)
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	return forbidden || errors.As(err, &authority) || errors.As(err, &name)
}

// wrongProtocol reports whether the other side speaks something else. The library has no type
// for a first line that is not one of HTTP.
func wrongProtocol(err error) bool {
	var record tls.RecordHeaderError
	return errors.As(err, &record) || strings.Contains(err.Error(), "malformed HTTP")
}

// hide takes the secrets out of what is shown: the other side may say them back.
func (p *poster) hide(text string) string {
	for _, secret := range slices.Concat(p.secrets, []string{p.url.RawQuery}) { // may hold a token
		if secret == "" {
			continue
		}
		text = strings.ReplaceAll(text, secret, hidden)
	}
	return text
}

const hidden = "(secret)"

// A countedBody knows when its last octet was taken. The transport may still read it when the
// answer is there, so that closing waits for a read.
type countedBody struct {
	mu     sync.Mutex
	in     io.ReadCloser
	left   int64
	sent   *sending
	err    error // on our side
	closed bool
}

func (c *countedBody) Read(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return 0, net.ErrClosed
	}
	n, err := c.in.Read(b)
	if c.left -= int64(n); c.left == 0 && err == nil {
		err = atEnd(c.in)
	}
	switch {
	case c.left < 0:
		n, err = 0, errTooLong
	case err == io.EOF && c.left > 0:
		err = fmt.Errorf("%w: %d octets are missing", io.ErrUnexpectedEOF, c.left)
	case err == io.EOF:
		c.sent.read.Store(true)
	}
	if err != nil && err != io.EOF {
		n, c.err = 0, err // the last octets would make a whole message of a part
	}
	return n, err
}

var errTooLong = errors.New("it has more octets than it had")

// atEnd is io.EOF if there is nothing more.
func atEnd(r io.Reader) error {
	var one [1]byte
	for {
		n, err := r.Read(one[:])
		if n > 0 {
			return errTooLong
		}
		if err != nil {
			return err
		}
	}
}

func (c *countedBody) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	c.closed = true
	return c.in.Close()
}

// failure is why the message could not be read on our side.
func (c *countedBody) failure() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// A watchedConn has a time limit for every write, and remembers one that failed.
type watchedConn struct {
	net.Conn
	timeout time.Duration
	sent    *sending
}

// Write says that it has written even if the other side has closed: what it has said before that
// is still to be read, and tells more than the transport's error.
func (w *watchedConn) Write(b []byte) (int, error) {
	w.sent.begun.Store(true)
	err := w.SetWriteDeadline(time.Now().Add(w.timeout))
	n := 0
	if err == nil {
		n, err = w.Conn.Write(b)
	}
	if err != nil {
		w.sent.broken.Store(true)
	}
	if errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) {
		return len(b), nil
	}
	return n, err
}

// Read ends a connection on which the other side speaks first: in HTTP, and in TLS, it is we who
// do. SMTP is known by that.
func (w *watchedConn) Read(b []byte) (int, error) {
	n, err := w.Conn.Read(b)
	if n > 0 && w.sent.heard.Load() == nil {
		heard := string(b[:n])
		w.sent.heard.Store(&heard)
	}
	if n > 0 && !w.sent.begun.Load() {
		w.sent.first.Store(w.sent.heard.Load())
		return 0, errSpeaksFirst
	}
	return n, err
}

var errSpeaksFirst = errors.New("the other side speaks first")
