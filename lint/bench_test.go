package lint_test

import (
	"fmt"
	"slices"
	"testing"

	"gatepost/lint"
	"gatepost/message"
	"gatepost/policy"
)

// BenchmarkMillion looks at lists of a million entries, half of them on each, beside a thousand
// domains that are known.
func BenchmarkMillion(b *testing.B) {
	var entries []lint.Entry
	for i := range 500_000 {
		for _, list := range []policy.ListName{policy.Allow, policy.Block} {
			target := fmt.Sprintf("shop-%d.example", i)
			if i%2 == 0 {
				target = fmt.Sprintf("ann%d@mail.shop-%d.example", i, i/10)
			}
			e := policy.Entry{Target: target}
			if list == policy.Block {
				e.Keyword = policy.Keyword(i % 3)
			}
			entries = append(entries, lint.Entry{List: list, Entry: e})
		}
	}
	var domains []message.Domain
	for i := range 1000 {
		domains = append(domains, message.Domain(fmt.Sprintf("customer-%c%d.test", 'a'+i%26, i)))
	}
	p := &policy.Policy{}
	compileInto(p, entries)
	for b.Loop() {
		lists, n := lint.New(p, slices.Values(domains)), 0
		for _, e := range entries {
			for range lists.Entry(e) {
				n++
			}
		}
		b.ReportMetric(float64(n), "findings")
	}
}
