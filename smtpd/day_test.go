package smtpd_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gatepost/smtpd"
)

// TestHostileDay has an honest client send one message a minute, among slow clients, floods,
// guessers and garbage that would each fill a server of this size. Each message is answered
// 250 within five seconds, and after each shift, when the others have left, the server holds no
// more than after the first. A shift has three minutes, with GATEPOST_LONG six; the day has a
// shift for each kind of client, with GATEPOST_LONG 24.
func TestHostileDay(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes the time of many other tests")
	}
	shifts, minutes := 10, 3
	if os.Getenv("GATEPOST_LONG") != "" {
		shifts, minutes = 240, 6
	}
	synctest.Test(t, func(t *testing.T) {
		server := smtpd.New()
		server.MaxConnections, server.MaxArriving, server.MaxMessage = 120, 16, 1<<20
		var err error
		server.Recipients, err = smtpd.ParseRecipients("support@acme.test")
		check(t, err)
		receiver(t, server, silenceWith(t, `good.example TXT "v=spf1 ip4:198.51.100.0/24 -all"`))
		s := openStreet(t, server)
		var first holds
		for shift := range shifts {
			s.hostile(shift)
			for n := range minutes {
				s.wait(time.Minute)
				s.answers("good.example", n, 5*time.Second)
			}
			s.empty()
			// The DNS is waited for, also for those who have left; and a pipe that was closed
			// is held by its last deadline.
			s.wait(2 * server.Idle)
			now := s.holds()
			t.Logf("shift %d: %+v", shift, now)
			if shift == 0 {
				first = now
			}
			if now.goroutines > first.goroutines || now.files > first.files+4 ||
				now.heap > first.heap+8<<20 {
				t.Errorf("the server held %+v, and after shift %d %+v", first, shift, now)
			}
		}
		s.close()
	})
}

// holds is what a process has.
type holds struct {
	goroutines, files int
	heap              uint64 // octets
}

func (s *street) holds() (h holds) {
	synctest.Wait()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	files, err := os.ReadDir("/proc/self/fd")
	check(s, err)
	return holds{runtime.NumGoroutine(), len(files), m.HeapAlloc}
}

// hostile has all come that mean no good, and one kind of them in strength.
func (s *street) hostile(strong int) {
	kinds := []func(from netip.Addr){s.dripper, s.chunker, s.idler, s.deaf, s.hoarder, s.guesser,
		s.garbler, s.flooder, s.asker, s.hauler}
	for k, kind := range kinds {
		addresses, each := 2, 3
		if k == strong%len(kinds) {
			addresses, each = 8, 20
		}
		for i := range addresses {
			from := netip.AddrFrom4([4]byte{10, byte(k), byte(i), 1})
			for range each {
				s.crowd.Go(func() {
					for s.wait(time.Duration(rand.Int64N(int64(30 * time.Second)))) {
						kind(from)
					}
				})
			}
		}
	}
}

// meet has a client come from an address and do something until it is sent away.
func (s *street) meet(from netip.Addr, do func(v *visitor)) {
	if v := s.visit(from); v != nil {
		defer v.Close()
		do(v)
	}
}

func (s *street) dripper(from netip.Addr) { s.drip(from, 20*time.Second) }

// chunker waits between chunks of an octet each.
func (s *street) chunker(from netip.Addr) {
	s.meet(from, func(v *visitor) {
		_, ok := v.begin("BDAT 1\r\nx")
		for ok && s.wait(20*time.Second) {
			ok = strings.HasPrefix(v.ask("BDAT 1\r\nx"), "250")
		}
	})
}

// idler says nothing.
func (s *street) idler(from netip.Addr) {
	s.meet(from, func(v *visitor) { io.Copy(io.Discard, v.in) })
}

// deaf does not read what it is told.
func (s *street) deaf(from netip.Addr) {
	s.meet(from, func(v *visitor) {
		for {
			if _, err := io.WriteString(v, "EHLO a.example\r\n"); err != nil {
				return
			}
		}
	})
}

// hoarder is never idle for long.
func (s *street) hoarder(from netip.Addr) {
	s.meet(from, func(v *visitor) {
		for reply := v.ask(""); strings.HasPrefix(reply, "2") && s.wait(4*time.Second); {
			reply = v.ask("NOOP\r\n")
		}
	})
}

// guesser looks for recipients and passwords.
func (s *street) guesser(from netip.Addr) {
	s.meet(from, func(v *visitor) {
		v.ask("")
		v.ask("HELO a.example\r\n")
		v.ask("MAIL FROM:<a@b.example>\r\n")
		for n := 0; s.wait(5 * time.Second); n++ {
			for _, guess := range []string{"RCPT TO:<u%d@acme.test>\r\n", "VRFY u%d\r\n",
				"EXPN u%d\r\n", "AUTH PLAIN AHUlZABw\r\n"} {
				if strings.Contains(guess, "%") {
					guess = fmt.Sprintf(guess, n)
				}
				if reply := v.ask(guess); reply[0] != '5' && reply[0] != '2' {
					return
				}
			}
		}
	})
}

// garbler sends what is no SMTP.
func (s *street) garbler(from netip.Addr) {
	s.meet(from, func(v *visitor) {
		v.ask("")
		go io.Copy(io.Discard, v.in)
		junk := make([]byte, 500)
		for i := range junk {
			junk[i] = byte(rand.Uint32())
		}
		for _, octets := range []string{"\x16\x03\x01\x02\x00\x01\x00", "GET / HTTP/1.1\r\n",
			string(junk), strings.Repeat("x", 9000) + "\r\n"}[rand.IntN(4):] {
			if _, err := io.WriteString(v, octets); err != nil {
				return
			}
		}
	})
}

// flooder comes and goes.
func (s *street) flooder(from netip.Addr) {
	for range 3 {
		s.meet(from, func(*visitor) {})
	}
}

// asker sends mail whose DNS is silent.
func (s *street) asker(from netip.Addr) {
	s.meet(from, func(v *visitor) {
		if _, ok := v.begin("DATA\r\n"); ok {
			v.ask(mailFrom(fmt.Sprintf("silent%d.example", rand.Uint32())) + ".\r\n")
		}
	})
}

// hauler sends more than is taken.
func (s *street) hauler(from netip.Addr) {
	s.meet(from, func(v *visitor) {
		if _, ok := v.begin("DATA\r\n"); ok && rand.IntN(50) == 0 {
			v.ask(strings.Repeat("much more than is taken\r\n", 100_000) + ".\r\n")
		}
	})
}
