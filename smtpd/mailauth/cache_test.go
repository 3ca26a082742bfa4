package mailauth

import (
	"context"
	"errors"
	"maps"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A counter counts what is asked of a resolver.
type counter struct {
	Resolver
	mu    sync.Mutex
	asked map[string]int
}

func (c *counter) LookupTXT(ctx context.Context, name string) ([]string, error) {
	c.count(name)
	return c.Resolver.LookupTXT(ctx, name)
}

func (c *counter) LookupIPAddr(ctx context.Context, name string) ([]net.IPAddr, error) {
	c.count(name)
	return c.Resolver.LookupIPAddr(ctx, name)
}

func (c *counter) count(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.asked == nil {
		c.asked = map[string]int{}
	}
	c.asked[name]++
}

func (c *counter) of(name string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked[name]
}

func (c *counter) total() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for times := range maps.Values(c.asked) {
		n += times
	}
	return n
}

// pausing answers after a while.
type pausing struct{ Resolver }

func (p pausing) LookupTXT(ctx context.Context, name string) ([]string, error) {
	select {
	case <-time.After(time.Second):
		return p.Resolver.LookupTXT(ctx, name)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// texts asks n times at once, with a limit to each, and gives how many were answered.
func texts(t *testing.T, c *cache, limits ...time.Duration) (answered int) {
	var all sync.WaitGroup
	var mu sync.Mutex
	for _, limit := range limits {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			if _, err := c.LookupTXT(ctx, "ACME.test."); err == nil {
				mu.Lock()
				answered++
				mu.Unlock()
			} else if dns, ok := err.(*net.DNSError); !ok || !dns.Temporary() {
				t.Errorf("%T %v", err, err)
			}
		})
		synctest.Wait()
	}
	all.Wait()
	return answered
}

func TestOneQuestionForMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := &counter{Resolver: pausing{zoneOf(t, `acme.test TXT "hello"`)}}
		c := newCache(asked)
		defer c.close()
		long := time.Minute
		if n := texts(t, c, long, long, long, long); n != 4 || asked.total() != 1 {
			t.Errorf("%d answers to %d questions", n, asked.total())
		}
		time.Sleep(foundFor - time.Second)
		if texts(t, c, long); asked.total() != 1 {
			t.Error("the answer was forgotten too soon")
		}
		time.Sleep(2 * time.Second)
		if texts(t, c, long); asked.total() != 2 {
			t.Error("the answer was remembered too long")
		}
	})
}

// One who goes away takes nobody's answer along.
func TestCallerGoesAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache(pausing{zoneOf(t, `acme.test TXT "hello"`)})
		defer c.close()
		short, long := time.Second/2, time.Minute
		if n := texts(t, c, short, long, short, long); n != 2 {
			t.Errorf("%d answers", n)
		}
	})
}

func TestNotFoundIsRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := &counter{Resolver: zoneOf(t, "")}
		c := newCache(asked)
		defer c.close()
		for range 3 {
			_, err := c.LookupTXT(t.Context(), "acme.test")
			if dns, ok := err.(*net.DNSError); !ok || !dns.IsNotFound {
				t.Fatalf("%T %v", err, err)
			}
		}
		if asked.total() != 1 {
			t.Errorf("%d questions", asked.total())
		}
		time.Sleep(notFoundFor + time.Second)
		c.LookupTXT(t.Context(), "acme.test")
		if asked.total() != 2 {
			t.Error("it was remembered too long")
		}
	})
}

func TestFailureIsNotRemembered(t *testing.T) {
	asked := &counter{Resolver: zoneOf(t, "acme.test FAIL")}
	c := newCache(asked)
	defer c.close()
	for range 2 {
		_, err := c.LookupTXT(t.Context(), "acme.test")
		if dns, ok := err.(*net.DNSError); !ok || !dns.IsTemporary || dns.IsNotFound {
			t.Fatalf("%T %v", err, err)
		}
	}
	if asked.total() != 2 {
		t.Errorf("%d questions", asked.total())
	}
}

// Names that no host has are not asked about.
func TestNamesRefused(t *testing.T) {
	asked := &counter{Resolver: zoneOf(t, "")}
	c := newCache(asked)
	defer c.close()
	for _, name := range []string{"", ".", "a..test", ".test", "a b.test", "a\x00.test", "a\x1b.test",
		"á.test", "K.test\u212a", "a\".test", "192.0.2.1", "test.1", "a/b.test", "a@b.test",
		"2001:db8::1", longest + "a.test",
		strings.Repeat(longest+".", 4) + "test"} {
		_, err := c.LookupTXT(t.Context(), name)
		if dns, ok := err.(*net.DNSError); !ok || !dns.IsNotFound {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := c.LookupAddr(t.Context(), "acme.test"); !isNotFound(err) {
		t.Error(err)
	}
	if asked.total() != 0 {
		t.Errorf("asked %v", asked.asked)
	}
	c.LookupTXT(t.Context(), "_Dmarc.A-1.TEST.")
	if asked.of("_dmarc.a-1.test") != 1 {
		t.Errorf("asked %v", asked.asked)
	}
}

// SPF may ask for more, and for nothing that harms a name server or its log.
func TestMacroNames(t *testing.T) {
	for _, name := range []string{"", ".", "a..test", ".test", "a\x00.test", "a\x1b.test",
		"a\x7f.test", "á.test", "K.test\u212a", "a\xff.test", `a".test`, `a\.test`, "a;b.test",
		"a(b).test", "<a>.test", "a,b.test", "a\tb.test", "192.0.2.1", "a+b.1", longest + "a.test",
		strings.Repeat("a+b.", 63) + "ab"} {
		if _, ok := macroName(name); ok {
			t.Errorf("%q would be asked for", name)
		}
	}
	for name, want := range map[string]string{
		"Bounce+Ann=x._u.ACME.test.": "bounce+ann=x._u.acme.test",
		"[192.0.2.1].test":           "[192.0.2.1].test", "[192.0.2.1]": "[192.0.2.1]",
		"a b%20@c!#$&'*/?^`{|}~:.test":   "a b%20@c!#$&'*/?^`{|}~:.test",
		strings.Repeat("a+b.", 63) + "a": strings.Repeat("a+b.", 63) + "a",
	} {
		if got, ok := macroName(name); !ok || got != want {
			t.Errorf("%q: %q", name, got)
		}
	}
}

// longest has 63 octets.
const longest = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

// partial answers with what it could read, as net.Resolver does.
type partial struct{ Resolver }

func (partial) LookupMX(context.Context, string) ([]*net.MX, error) {
	return []*net.MX{{Host: "mx.acme.test."}}, errors.New("some records have bad names")
}

func TestPartialAnswerCounts(t *testing.T) {
	c := newCache(partial{zoneOf(t, "")})
	defer c.close()
	if got, err := c.LookupMX(t.Context(), "acme.test"); len(got) != 1 || err != nil {
		t.Errorf("%v, %v", got, err)
	}
}
