package mailauth

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"gatepost/policy"
)

// Limits on what is looked at of what strangers write.
const (
	maxField      = 16 << 10 // octets of one results field
	maxSigned     = 8 << 10  // octets of one field that signs
	maxSignatures = 5        // that are looked at
	maxKey        = 4 << 10  // octets of one key record: RSA with 8,192 bits fits
)

// choose finds the signatures that are looked at, at most maxSignatures: those that could be
// aligned with From first, since a stranger can put any number of others in front of them.
func choose(q Query) []*signature {
	found := readSignatures(q.Message.Fields, q.From)
	slices.SortStableFunc(found, func(a, b *signature) int { return cmp.Compare(b.kin, a.kin) })
	found = found[:min(len(found), maxSignatures)]
	slices.SortFunc(found, func(a, b *signature) int { return cmp.Compare(a.field, b.field) })
	for _, s := range pending(found) {
		s.find(q.Message.Fields)
	}
	return found
}

// settle verifies signatures (RFC 6376, section 6). All keys are looked up before the content
// is read, so that a name server that is slow on purpose holds up its own signature alone.
// What is settled at one step is not touched by the next.
func (c *Checker) settle(ctx context.Context, q Query, all []*signature) {
	c.lookUpKeys(ctx, pending(all))
	verify(ctx, q, pending(all))
}

// pending are the signatures that nothing is settled about.
func pending(all []*signature) (open []*signature) {
	for _, s := range all {
		if s.open() {
			open = append(open, s)
		}
	}
	return open
}

// lookUpKeys asks for all keys side by side, for half the Budget: the other half is for the
// content.
func (c *Checker) lookUpKeys(ctx context.Context, open []*signature) {
	ctx, cancel := context.WithTimeout(ctx, c.Budget/2)
	defer cancel()
	var tasks sync.WaitGroup
	for _, s := range open {
		tasks.Go(func() { c.lookUpKey(ctx, s) })
	}
	tasks.Wait()
}

// lookUpKey settles a signature whose key is not to be had.
func (c *Checker) lookUpKey(ctx context.Context, s *signature) {
	records, err := c.dns.LookupTXT(ctx, s.keyName())
	switch {
	case isNotFound(err):
		s.settle(policy.PermError, why("no key for signature: ", err))
	case err != nil:
		s.settle(policy.TempError, why("key unavailable: ", err))
	case slices.ContainsFunc(records, func(r string) bool { return len(r) > maxKey }):
		// Arithmetic with a key of 64 KiB would take seconds.
		s.settle(policy.PermError, "the key record has more than 4,096 octets")
	}
	s.records = records
}
