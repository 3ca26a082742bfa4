package smtpd_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gatepost/intake"
	"gatepost/message"
	"gatepost/policy"
	"gatepost/smtpd"
	"gatepost/smtpd/mailauth"
	"gatepost/store"
	"gatepost/store/storetest/place"
)

// silence is a DNS that answers from records, but for names with silent in them: who asks for
// one waits in vain. It says how many wait.
type silence struct {
	mailauth.Resolver
	waiting, most atomic.Int64
}

func silenceWith(t *testing.T, records string) *silence {
	r, err := mailauth.ReadZone(strings.NewReader(records))
	check(t, err)
	return &silence{Resolver: r}
}

func (s *silence) LookupTXT(ctx context.Context, name string) ([]string, error) {
	if !strings.Contains(name, "silent") {
		return s.Resolver.LookupTXT(ctx, name)
	}
	n := s.waiting.Add(1)
	defer s.waiting.Add(-1)
	for most := s.most.Load(); n > most && !s.most.CompareAndSwap(most, n); most = s.most.Load() {
	}
	<-ctx.Done()
	return nil, ctx.Err()
}

// receiver gives a server a database, and whom to ask.
func receiver(t *testing.T, server *smtpd.Server, r mailauth.Resolver) *intake.Receiver {
	db, err := store.Open(place.At(t, filepath.Join(t.TempDir(), "gatepost.db")), store.Options{Create: true,
		Settings: policy.Settings{MaxHeader: message.MaxHeader}})
	check(t, err)
	auth := mailauth.New(r, mailauth.Options{})
	t.Cleanup(func() {
		auth.Close()
		check(t, db.Close())
	})
	in := &intake.Receiver{DB: db, Auth: auth, Hostname: "mx.acme.test", Keep: intake.Keeping{For: time.Hour},
		Log: slog.New(slog.DiscardHandler)}
	server.Receive = func(ctx context.Context, env *message.Envelope, content io.Reader) (
		string, error) {
		out, err := in.Receive(ctx, env, content)
		return out.ID, err
	}
	return in
}

// TestSilentDNS has clients of six addresses, and of sixty, send mail whose DNS never answers,
// each again as soon as it may. Other mail is answered at once, and such mail of others within
// the time that the DNS has anyway.
func TestSilentDNS(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes the time of many other tests")
	}
	for _, addresses := range []int{6, 60} {
		t.Run(fmt.Sprint(addresses), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := smtpd.New()
				dns := silenceWith(t, `good.example TXT "v=spf1 ip4:198.51.100.0/24 -all"`)
				receiver(t, server, dns)
				s := openStreet(t, server)
				for i := range addresses {
					s.repeats(netip.AddrFrom4([4]byte{10, 0, byte(i), 1}), 300/addresses)
				}
				for i := range 5 {
					s.wait(7 * time.Second)
					s.answers("good.example", i, time.Second)
					s.answers("silent.example", i, 10*time.Second)
				}
				if most := dns.most.Load(); most > 2*256 { // SPF and DMARC are asked at once
					t.Errorf("%d questions were open at once", most)
				}
				s.close()
			})
		})
	}
}

// repeats has so many clients of an address send messages whose DNS is silent.
func (s *street) repeats(from netip.Addr, clients int) {
	for c := range clients {
		s.crowd.Go(func() {
			for n := 0; s.wait(time.Second); n++ {
				s.honest(from, mailFrom(fmt.Sprintf("silent%d-%d.example", c, n)))
			}
		})
	}
}

func mailFrom(domain string) string {
	return "From: <ann@" + domain + ">\r\nSubject: hello\r\n\r\nOne line.\r\n"
}

// answers sends a message of a domain, to be taken so soon.
func (s *street) answers(domain string, n int, soon time.Duration) {
	s.Helper()
	start := time.Now()
	reply := s.honest(netip.AddrFrom4([4]byte{198, 51, 100, byte(n)}), mailFrom(domain))
	if took := time.Since(start); !strings.HasPrefix(reply, "250") || took > soon {
		s.Errorf("message %d of %s is answered %.60q after %v, want 250 after at most %v",
			n, domain, reply, took, soon)
	}
}
