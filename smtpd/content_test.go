package smtpd

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

// FuzzUnstuff: however a content is cut on its way in and out, it comes out as by the
// letter of RFC 5321, section 4.5.2; it is whole only with its end, and nothing behind that
// is touched.
func FuzzUnstuff(f *testing.F) {
	for _, seed := range []string{
		".\r\n", "text\r\n.\r\nQUIT\r\n", "a\n.\r\n.\r\n.\r\n", "\r\r\n.\r\n", "\n\n.\n.\r\r\n.\r\n.\r",
		"..\r\n...\r\n.a\r\n..\r\n\r\n.\r\n..", "\r\n.\n\r\n.\r\r\n.\rx\r\n.\r", ".\r", ".", "\r\n..", "",
	} {
		for _, cuts := range []string{"", "\x00", "\x01\x00", "\x02", "\x03\x01", "\x09\x04\x05"} {
			f.Add([]byte(seed), []byte(cuts))
		}
	}
	f.Fuzz(func(t *testing.T, text, cuts []byte) {
		in, out := &cutter{text: text, cuts: cuts}, &cutter{cuts: cuts}
		server := New()
		server.Log = slog.New(slog.DiscardHandler)
		server.wide.New = func() any { return new([wideBuffer]byte) }
		guard := server.newGuard(in, netip.IPv6Loopback())
		u := guard.unstuff()
		got, err := []byte(nil), error(nil)
		for err == nil {
			p := make([]byte, out.next())
			var n int
			n, err = u.Read(p)
			got = append(got, p[:n]...)
		}
		want, rest, whole := unstuffed(text)
		if !bytes.HasPrefix(want, got) || whole != (err == io.EOF) {
			t.Fatalf("%q, want %q (whole: %v), got %q, %v", text, want, whole, got, err)
		}
		if !whole {
			if r, ok := err.(*smtp.SMTPError); !ok || r.Code != 451 {
				t.Fatalf("%q: the cut ends in %v", text, err)
			}
			return
		}
		left := append(bytes.Clone(guard.in[guard.r:guard.w]), in.text...)
		if len(got) != len(want) || string(guard.pending) != finalDot || !bytes.Equal(left, rest) {
			t.Fatalf("%q, want %q, got %q, then %q and %q", text, want, got, guard.pending, left)
		}
	})
}

// unstuffed says plainly what a content is, and what stands behind it.
func unstuffed(text []byte) (content, rest []byte, whole bool) {
	lines := append([]byte("\r\n"), text...)
	lines, rest, whole = bytes.Cut(lines, []byte("\r\n.\r\n"))
	if whole {
		lines = append(bytes.Clone(lines), "\r\n"...)
	}
	return bytes.ReplaceAll(lines, []byte("\r\n."), []byte("\r\n"))[len("\r\n"):], rest, whole
}

// A cutter is a connection from which text comes in pieces as cuts says.
type cutter struct {
	net.Conn
	text, cuts []byte
	i          int
}

func (c *cutter) next() int {
	if len(c.cuts) == 0 {
		return maxLine
	}
	c.i++
	return int(c.cuts[c.i%len(c.cuts)]) + 1
}

func (c *cutter) Read(p []byte) (int, error) {
	if len(c.text) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), c.next())], c.text)
	c.text = c.text[n:]
	return n, nil
}

func (c *cutter) RemoteAddr() net.Addr            { return &net.TCPAddr{} }
func (c *cutter) SetReadDeadline(time.Time) error { return nil }
