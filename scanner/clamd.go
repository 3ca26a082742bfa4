package scanner

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"gatepost/message"
	"gatepost/policy"
)

// A Clamd is ClamAV's daemon, asked by its command INSTREAM (clamd(8)).
type Clamd struct {
	gate
	network, address string
}

// NewClamd makes one that listens at an address with its port, or at the path of a socket.
func NewClamd(address string, l Limits) *Clamd {
	c := &Clamd{gate: newGate(l), network: "tcp", address: address}
	if strings.HasPrefix(address, "/") {
		c.network = "unix"
	}
	return c
}

// Kind is policy.ClamAV.
func (c *Clamd) Kind() policy.Scanner { return policy.ClamAV }

// Counts are of its scans.
func (c *Clamd) Counts() *Counts { return &c.counts }

// Scan sends the message and reads the reply.
func (c *Clamd) Scan(ctx context.Context, q policy.ScanQuery) policy.Scan {
	return c.run(ctx, q.Size, 0, func(ctx context.Context) policy.Scan { return c.ask(ctx, q) })
}

func (c *Clamd) ask(ctx context.Context, q policy.ScanQuery) policy.Scan {
	var d net.Dialer
	conn, err := d.DialContext(ctx, c.network, c.address)
	if err != nil {
		return failed("%s", because(ctx, err))
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	errRead, errSend := sendStream(conn, q.Content())
	if errRead != nil {
		return failed("read the message: %v", errRead)
	}
	// A stream that is too long is answered while it is being sent, and then the connection
	// broken: the reply is there to be read all the same.
	reply, err := io.ReadAll(io.LimitReader(conn, maxReply))
	if len(reply) == 0 {
		if err = errors.Join(errSend, err); err == nil {
			return failed("it closed the connection without an answer")
		}
		return failed("%s", because(ctx, err))
	}
	return readReply(string(reply))
}

const (
	maxReply  = 4096     // octets: a name, most often
	chunkSize = 64 << 10 // octets of a chunk
)

// sendStream sends content in chunks, each behind its length, and an empty one at the end.
func sendStream(w io.Writer, content io.Reader) (errRead, errSend error) {
	if _, err := io.WriteString(w, "zINSTREAM\x00"); err != nil {
		return nil, err
	}
	buf := make([]byte, 4+chunkSize)
	for {
		n, err := io.ReadFull(content, buf[4:])
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return err, nil
		}
		binary.BigEndian.PutUint32(buf, uint32(n))
		if _, err := w.Write(buf[:4+n]); err != nil || n == 0 {
			return nil, err
		}
	}
}

// readReply takes for a clean message only what says so. What is found in an archive that is
// encrypted, or in one that is larger than clamd looks into, is that nobody looked.
func readReply(reply string) policy.Scan {
	text, ended := strings.CutSuffix(reply, "\x00")
	said, ofStream := strings.CutPrefix(text, "stream: ")
	name, found := strings.CutSuffix(said, " FOUND")
	switch {
	case !ended:
		return failed("an answer that breaks off: %q", text)
	case ofStream && said == "OK":
		return policy.Scan{Result: policy.NothingFound}
	case ofStream && found && unseen(name):
		return never("%s", name)
	case ofStream && found && name != "":
		return policy.Scan{Result: policy.Found, Words: message.Clean(name)}
	case strings.HasPrefix(text, "INSTREAM size limit exceeded"):
		return never("it is larger than StreamMaxLength of clamd.conf")
	}
	return failed("it says %q", text)
}

// unseen reports whether the name is that of no malware, but of something that clamd could not
// look into.
func unseen(name string) bool {
	return strings.HasPrefix(name, "Heuristics.Encrypted.") ||
		strings.HasPrefix(name, "Heuristics.Limits.Exceeded")
}
