package mailauth

import (
	"context"
	"net"
	"net/netip"
	"time"

	"github.com/maypok86/otter/v2"
)

// How long answers are remembered. The resolver below knows the true times to live and
// does not tell; these are short enough for a domain that changes its records.
const (
	foundFor    = 5 * time.Minute
	notFoundFor = time.Minute
)

// cacheSize bounds what is remembered, in octets. An entry counts at least entrySize, so
// that this bounds the number of entries, too: about 50,000.
const (
	cacheSize = 16 << 20
	entrySize = 320
)

// A kind is what is asked of a name.
type kind byte

const (
	txt kind = iota
	mx
	address
	reverse
)

type question struct {
	kind kind
	name string
}

// An answer is to one question. The zero answer is that there is no such record.
type answer struct {
	texts     []string
	exchanges []*net.MX
	addresses []net.IPAddr
}

func (a answer) isZero() bool {
	return len(a.texts)+len(a.exchanges)+len(a.addresses) == 0
}

func (a answer) size() uint32 {
	size := entrySize + 64*(len(a.exchanges)+len(a.addresses))
	for _, text := range a.texts {
		size += 16 + len(text)
	}
	for _, exchange := range a.exchanges {
		size += len(exchange.Host)
	}
	return uint32(size)
}

// A cache is a Resolver that remembers what another one answered, and asks it once for all
// who ask the same at a time. Failures are not remembered.
type cache struct {
	resolver Resolver
	answers  *otter.Cache[question, answer]
}

func newCache(r Resolver) *cache {
	return &cache{r, otter.Must(&otter.Options[question, answer]{
		MaximumWeight: cacheSize,
		Weigher: func(q question, a answer) uint32 {
			return a.size() + uint32(len(q.name))
		},
		ExpiryCalculator: otter.ExpiryWritingFunc(func(e otter.Entry[question, answer]) time.Duration {
			if e.Value.isZero() {
				return notFoundFor
			}
			return foundFor
		}),
	})}
}

func (c *cache) close() { c.answers.StopAllGoroutines() }

// LookupTXT has errors of the type *net.DNSError only, as all these have.
func (c *cache) LookupTXT(ctx context.Context, name string) ([]string, error) {
	a, err := c.named(ctx, txt, name, hostname)
	return a.texts, err
}

func (c *cache) LookupMX(ctx context.Context, name string) ([]*net.MX, error) {
	a, err := c.named(ctx, mx, name, hostname)
	return a.exchanges, err
}

func (c *cache) LookupIPAddr(ctx context.Context, host string) ([]net.IPAddr, error) {
	a, err := c.named(ctx, address, host, hostname)
	return a.addresses, err
}

func (c *cache) LookupAddr(ctx context.Context, addr string) ([]string, error) {
	ip, err := netip.ParseAddr(addr)
	if err != nil {
		return nil, notFound(addr)
	}
	a, err := c.ask(ctx, question{reverse, ip.Unmap().WithZone("").String()})
	return a.texts, err
}

// named asks about a name, if spelled knows how to spell it.
func (c *cache) named(
	ctx context.Context, k kind, name string, spelled func(string) (string, bool),
) (answer, error) {
	name, ok := spelled(name)
	if !ok {
		return answer{}, notFound("")
	}
	return c.ask(ctx, question{k, name})
}

// ask gets one answer. If the caller that a question is being asked for goes away, the
// next of those who wait asks anew.
func (c *cache) ask(ctx context.Context, q question) (answer, error) {
	a, err := c.answers.Get(ctx, q, otter.LoaderFunc[question, answer](c.load))
	switch {
	case err != nil:
		return answer{}, bare(q.name, err)
	case a.isZero():
		return answer{}, notFound(q.name)
	}
	return a, nil
}

// load asks the resolver. Records beside an error are those it could read: they count.
func (c *cache) load(ctx context.Context, q question) (a answer, err error) {
	switch q.kind {
	case txt:
		a.texts, err = c.resolver.LookupTXT(ctx, q.name)
	case mx:
		a.exchanges, err = c.resolver.LookupMX(ctx, q.name)
	case address:
		a.addresses, err = c.resolver.LookupIPAddr(ctx, q.name)
	case reverse:
		a.texts, err = c.resolver.LookupAddr(ctx, q.name)
	}
	if isNotFound(err) || !a.isZero() {
		err = nil
	}
	return a, err
}
