package smtpd_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"testing"

	"github.com/emersion/go-smtp"

	"gatepost/message"
	"gatepost/smtpd"
)

// The ceiling of anything built on go-smtp: the library alone, content thrown away.
func BenchmarkLibrary(b *testing.B) {
	l := listen(b, "")
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		return discard{}, nil
	}))
	go s.Serve(l)
	defer s.Close()
	benchmarkSizes(b, l.Addr())
}

type discard struct{}

func (discard) Reset()                               {}
func (discard) Logout() error                        { return nil }
func (discard) Mail(string, *smtp.MailOptions) error { return nil }
func (discard) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (discard) Data(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}

// The same with the guard around it.
func BenchmarkServer(b *testing.B) {
	l := listen(b, "")
	s := smtpd.New()
	s.Log = slog.New(slog.DiscardHandler)
	s.Receive = func(_ context.Context, _ *message.Envelope, r io.Reader) (string, error) {
		_, err := io.Copy(io.Discard, r)
		return "id", err
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- s.Run(ctx, smtpd.Listener{Listener: l}) }()
	benchmarkSizes(b, l.Addr())
	cancel()
	<-done
}

func benchmarkSizes(b *testing.B, address net.Addr) {
	for _, size := range []int{4 << 10, 1 << 20} {
		line := append(bytes.Repeat([]byte("x"), 62), "\r\n"...)
		text := bytes.Repeat(line, size/len(line))
		b.Run(fmt.Sprintf("DATA/%dK", size>>10), func(b *testing.B) {
			benchmark(b, address, size,
				[]byte("DATA\r\n"), append(text, ".\r\n"...))
		})
		b.Run(fmt.Sprintf("BDAT/%dK", size>>10), func(b *testing.B) {
			benchmark(b, address, size,
				fmt.Appendf(nil, "BDAT %d LAST\r\n%s", size, text))
		})
	}
}

// benchmark sends messages over kept connections, command by command.
func benchmark(b *testing.B, address net.Addr, size int, content ...[]byte) {
	b.SetBytes(int64(size))
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		c, err := net.Dial("tcp", address.String())
		if err != nil {
			b.Error(err)
			return
		}
		defer c.Close()
		in := bufio.NewReader(c)
		in.ReadString('\n')
		say := func(text []byte) {
			c.Write(text)
			if reply, err := in.ReadString('\n'); err != nil || reply[0] > '3' {
				b.Errorf("got %q, %v", reply, err)
			}
		}
		say([]byte("HELO client.example.com\r\n"))
		for pb.Next() {
			say([]byte("MAIL FROM:<ann@example.com>\r\n"))
			say([]byte("RCPT TO:<support@acme.test>\r\n"))
			for _, part := range content {
				say(part)
			}
		}
	})
}
