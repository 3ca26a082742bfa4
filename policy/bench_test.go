package policy_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"gatepost/message"
	"gatepost/policy"
)

// pasted fills a field: as many entries as 10,000 characters take.
func pasted(t testing.TB, name policy.ListName, domain string) *policy.List {
	var b strings.Builder
	for i := 0; ; i++ {
		next := fmt.Sprintf("ann%d@%s d%d.%s ", i, domain, i, domain)
		if b.Len()+len(next) > policy.MaxField {
			break
		}
		b.WriteString(next)
	}
	entries, err := policy.ParseList(name, b.String())
	if err != nil {
		t.Fatal(err)
	}
	return policy.Compile(func(yield func(policy.Entry) bool) {
		for _, e := range entries {
			if !yield(e) {
				return
			}
		}
	})
}

// million is a blocklist of a million entries, half addresses and half domains.
func million() *policy.List {
	return policy.Compile(func(yield func(policy.Entry) bool) {
		for i := range 500_000 {
			address := policy.Entry{Keyword: policy.RejectKeyword,
				Target: fmt.Sprintf("ann%d@acme.test", i)}
			domain := policy.Entry{Target: fmt.Sprintf("mail%d.spam.test", i)}
			if !yield(address) || !yield(domain) {
				return
			}
		}
	})
}

// senders are what the benchmarks look up: far more than a cache of the processor holds.
func senders(t testing.TB, pattern string) []policy.Facts {
	facts := make([]policy.Facts, 1<<12)
	for i := range facts {
		a := address(t, fmt.Sprintf(pattern, i*97))
		facts[i].Sender = message.Sender{Address: a}
	}
	return facts
}

func benchmarkDecide(b *testing.B, p *policy.Policy, pattern string) {
	facts := senders(b, pattern)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		p.Decide(&facts[i%len(facts)])
		i++
	}
}

func BenchmarkDecide(b *testing.B) {
	small := &policy.Policy{
		Allow: pasted(b, policy.Allow, "acme.test"), Block: pasted(b, policy.Block, "spam.test"),
	}
	large := &policy.Policy{Allow: small.Allow, Block: million()}
	deep := "ann%d@" + strings.Repeat("a.", 118) + "acme.test"
	b.Run("pasted/stranger", func(b *testing.B) { benchmarkDecide(b, small, "ann%d@example.com") })
	b.Run("pasted/deep", func(b *testing.B) { benchmarkDecide(b, small, deep) })
	b.Run("million/stranger", func(b *testing.B) { benchmarkDecide(b, large, "ann%d@example.com") })
	b.Run("million/address", func(b *testing.B) { benchmarkDecide(b, large, "ann%d@acme.test") })
	b.Run("million/domain", func(b *testing.B) { benchmarkDecide(b, large, "ann@mail%d.spam.test") })
	b.Run("million/deep", func(b *testing.B) { benchmarkDecide(b, large, deep) })
	orgs := &policy.Policy{Allow: small.Allow, Block: small.Block,
		Orgs: pasted(b, policy.Org, "client.test")}
	b.Run("organisations/stranger", func(b *testing.B) { benchmarkDecide(b, orgs, "ann%d@example.com") })
	changed := &policy.Policy{Allow: small.Allow, Block: large.Block.With(many(b, 900))}
	b.Run("million/overlay", func(b *testing.B) { benchmarkDecide(b, changed, "ann%d@acme.test") })
}

// BenchmarkAddOne is what one `rules add` costs on a list of a million.
func BenchmarkAddOne(b *testing.B) {
	l := million()
	for _, over := range []int{0, 900} {
		with := l.With(many(b, over))
		one := []policy.Change{{Entry: entry(b, "reject:one.more.test")}}
		b.Run(fmt.Sprintf("over %d", over), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				with.With(one)
			}
		})
	}
}

func BenchmarkCompileMillion(b *testing.B) {
	for b.Loop() {
		million()
	}
}

func BenchmarkMerge(b *testing.B) {
	l := million()
	changes := many(b, 4000)
	for b.Loop() {
		l.With(changes)
	}
}

func BenchmarkParseList(b *testing.B) {
	text := strings.Repeat("suspend:ann@acme.test ", policy.MaxField/22)
	for b.Loop() {
		if _, err := policy.ParseList(policy.Block, text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRanges(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	r := ranges(b, strings.Join(tenThousand(random), " "))
	var addresses [1 << 12]netip.Addr
	for i := range addresses {
		addresses[i] = netip.AddrFrom4([4]byte{11, byte(i >> 8), byte(i), byte(i * 7)})
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		r.Contains(addresses[i%len(addresses)])
		i++
	}
}

// TestNothingIsAllocated holds a decision with its trail, and the look-up of a range, to
// what the benchmarks say of them.
func TestNothingIsAllocated(t *testing.T) {
	p := &policy.Policy{
		Allow: list(t, policy.Allow, "acme.test münchen.test"),
		Block: list(t, policy.Block, "* Reject:Spam.test reject:ann@spam.test plain.test"),
	}
	p.Block = p.Block.With([]policy.Change{{Entry: entry(t, "suspend:example.com")}})
	for _, s := range []string{
		"ann@acme.test", "ann@xn--mnchen-3ya.test", "ann@spam.test", "bob@spam.test",
		"ann@plain.test", "ann@example.com", "ann@stranger.test", "",
	} {
		f := &policy.Facts{Sender: message.Sender{Address: address(t, s)}}
		f.ReplyTo = []message.Address{address(t, "bob@spam.test")}
		if s == "ann@acme.test" {
			f.ReplyTo, f.ReplyToProblem = nil, "Reply-To cannot be read"
		}
		if n := testing.AllocsPerRun(100, func() { p.Decide(f) }); n != 0 {
			t.Errorf("%q: %v allocations", s, n)
		}
	}
	r, a := ranges(t, "10.0.0.0/8 10.*.*.7 *.1.*.1"), netip.MustParseAddr("::ffff:11.1.2.1")
	if n := testing.AllocsPerRun(100, func() { r.Contains(a) }); n != 0 {
		t.Errorf("ranges: %v allocations", n)
	}
}
