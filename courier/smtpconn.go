package courier

import (
	"errors"
	"net"
	"sync/atomic"
	"time"

	"github.com/emersion/go-smtp"
)

// mostReply bounds what a server may say in one reply, in octets.
const mostReply = 64 << 10

var errTalk = errors.New("it says more than 64 KiB in one reply")

// A wireConn has a time limit for each block that is read or written. The limits of go-smtp's
// client do not hold while a message is written.
type wireConn struct {
	net.Conn
	silence atomic.Int64 // a time.Duration
	heard   int          // octets since we last spoke
	broken  atomic.Bool  // a write failed
	cut     atomic.Bool  // we have closed it ourselves
}

func (c *wireConn) Read(b []byte) (int, error) {
	if c.heard > mostReply {
		return 0, errTalk
	}
	err := c.Conn.SetReadDeadline(time.Now().Add(time.Duration(c.silence.Load())))
	if err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(b)
	c.heard += n
	return n, err
}

func (c *wireConn) Write(b []byte) (int, error) {
	c.heard = 0
	err := c.Conn.SetWriteDeadline(time.Now().Add(time.Duration(c.silence.Load())))
	if err != nil {
		return 0, err
	}
	n, err := c.Conn.Write(b)
	if err != nil {
		c.broken.Store(true)
	}
	return n, err
}

// SetDeadline is what go-smtp's client calls. The limits are ours.
func (c *wireConn) SetDeadline(time.Time) error { return nil }

// dotted reports whether everything that was written has left us, the final dot the last.
func (c *wireConn) dotted() bool { return !c.broken.Load() }

// A hop is a connection to the next hop, ready for a transaction.
type hop struct {
	conn   *wireConn
	client *smtp.Client
	log    *transcript
}

// cut ends a conversation wherever it is.
func (h *hop) cut() {
	h.conn.cut.Store(true)
	_ = h.conn.Close()
}

// end says goodbye, and waits for no answer.
func (h *hop) end() {
	if !h.conn.cut.Load() && !h.conn.broken.Load() {
		h.conn.silence.Store(int64(time.Second))
		_ = h.client.Quit()
	}
	_ = h.conn.Close()
}
