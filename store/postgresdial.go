package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// waits are how long the engine waits for a server.
type waits struct {
	connect time.Duration // see connectWait

	// answer is how long a server may be silent that was asked something, and to a connection that only
	// asks whether it is there: it may have stopped, or be cut off, and no packet would ever say so.
	answer time.Duration

	// patience is for how long what cannot be written is tried again: a session waits for it, and
	// its client not for much longer.
	patience time.Duration
}

// connectWait is how long connecting to one host may take, if the URL does not say so.
const connectWait = 2 * time.Second

var usualWaits = waits{connect: connectWait, answer: 5 * time.Second, patience: 15 * time.Second}

// errSilent is no timeout to the driver, which would go on with the connection after one.
var errSilent = errors.New("the server does not answer")

// A dialer makes connections that break once the server is silent for too long. That is not asked of
// a query as a whole: whatever has an answer now and then may last.
type dialer struct {
	answer, connect time.Duration // see waits

	// most is how long a server may be silent that answers others: it has much to do, or waits for a
	// standby; 0: for however long.
	most func() time.Duration
}

// dial lets the system notice, too, that a machine is gone: within 11 s.
func (d *dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	via := net.Dialer{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 5 * time.Second,
		Interval: 2 * time.Second, Count: 3}}
	conn, err := via.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &watchedConn{Conn: conn, dialer: d, network: network, address: address}, nil
}

// A watchedConn is a connection to a server, and when it has to answer.
type watchedConn struct {
	net.Conn
	dialer           *dialer
	network, address string

	lock        sync.Mutex
	read, write time.Time // until when the driver wants to wait; zero: it does not say
}

// largestWrite is how many octets are to be taken within the longest silence.
const largestWrite = 64 << 10

func (c *watchedConn) Read(b []byte) (int, error) {
	for began := time.Now(); ; {
		if err := c.wait(c.Conn.SetReadDeadline, &c.read); err != nil {
			return 0, err
		}
		n, err := c.Conn.Read(b)
		if n > 0 || !c.isSilent(err, &c.read) {
			return n, err
		}
		if err := c.alive(began); err != nil {
			return 0, err
		}
	}
}

// Write asks of each part that the server takes it.
func (c *watchedConn) Write(b []byte) (written int, err error) {
	for began := time.Now(); len(b) > 0; {
		if err := c.wait(c.Conn.SetWriteDeadline, &c.write); err != nil {
			return written, err
		}
		n, err := c.Conn.Write(b[:min(len(b), largestWrite)])
		written, b = written+n, b[n:]
		if n > 0 {
			began = time.Now()
		}
		if c.isSilent(err, &c.write) {
			err = c.alive(began)
		}
		if err != nil {
			return written, err
		}
	}
	return written, nil
}

// wait sets a deadline: that of the driver, or the end of the longest silence.
func (c *watchedConn) wait(set func(time.Time) error, until *time.Time) error {
	c.lock.Lock()
	defer c.lock.Unlock()
	at := time.Now().Add(c.dialer.answer)
	if !until.IsZero() && until.Before(at) {
		at = *until
	}
	return set(at)
}

// isSilent reports whether a deadline is over that is not the driver's.
func (c *watchedConn) isSilent(err error, until *time.Time) bool {
	c.lock.Lock()
	defer c.lock.Unlock()
	return errors.Is(err, os.ErrDeadlineExceeded) && (until.IsZero() || time.Now().Before(*until))
}

// SetDeadline is called for the context of a query, also by another goroutine while this one waits.
func (c *watchedConn) SetDeadline(at time.Time) error {
	return errors.Join(c.SetReadDeadline(at), c.SetWriteDeadline(at))
}

func (c *watchedConn) SetReadDeadline(at time.Time) error {
	c.until(&c.read, at)
	return c.wait(c.Conn.SetReadDeadline, &c.read)
}

func (c *watchedConn) SetWriteDeadline(at time.Time) error {
	c.until(&c.write, at)
	return c.wait(c.Conn.SetWriteDeadline, &c.write)
}

func (c *watchedConn) until(which *time.Time, at time.Time) {
	c.lock.Lock()
	defer c.lock.Unlock()
	*which = at
}

// alive reports why a server that was silent since a time is not waited for. It asks it, by a connection
// of its own, whether it speaks TLS, which each answers whoever asks
// (https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SSL).
func (c *watchedConn) alive(since time.Time) error {
	if most := c.dialer.most(); most > 0 && time.Since(since) >= most {
		return errSilent
	}
	conn, err := net.DialTimeout(c.network, c.address, c.dialer.connect)
	if err == nil {
		defer conn.Close()
		err = conn.SetDeadline(time.Now().Add(c.dialer.connect))
	}
	if err == nil {
		_, err = conn.Write([]byte{0, 0, 0, 8, 4, 210, 22, 47})
	}
	if err == nil {
		_, err = io.ReadFull(conn, make([]byte, 1))
	}
	if err != nil {
		return fmt.Errorf("%w, and to another connection: %v", errSilent, err)
	}
	return nil
}
