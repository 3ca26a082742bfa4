package mailauth

import (
	"context"
	"slices"
	"sync"

	"gatepost/message"
	"gatepost/policy"
)

// An inquiry is what is asked about one message. A question waits for another only if it
// depends on the answer: a stranger's name servers, or a long content, must not use up the
// time of what the From domain has to say.
type inquiry struct {
	*Checker
	Query
	a     *policy.Authentication
	told  told
	found []signature    // to be verified, if no relay has told
	sent  chan struct{}  // closed when a.SPF stands
	own   bool           // a.SPF is about the From domain
	kin   []organisation // of identities that could be aligned with From
}

// An organisation is the organisational domain of a domain, or why it cannot be told.
type organisation struct {
	of, domain message.Domain
	err        error
}

// inquiry begins with what is known without a question.
func (c *Checker) inquiry(q Query) *inquiry {
	n := &inquiry{Checker: c, Query: q, sent: make(chan struct{})}
	n.a, n.told = c.hear(q)
	if !n.told.spf {
		_, n.a.SPF = reversePath(q.Envelope)
	}
	n.own = n.a.SPF.Domain == q.From && (n.told.spf || !q.hidden())
	if !n.told.dkim {
		n.found = choose(q)
	}
	n.relatives()
	return n
}

// relatives lists the domains other than From's that could be aligned with it.
func (n *inquiry) relatives() {
	add := func(d message.Domain) {
		known := func(o organisation) bool { return o.of == d }
		if d != "" && d != n.From && !slices.ContainsFunc(n.kin, known) {
			n.kin = append(n.kin, organisation{of: d})
		}
	}
	if !n.told.spf || counts(n.a.SPF) {
		add(n.a.SPF.Domain)
	}
	for _, id := range n.a.DKIM {
		if counts(id) {
			add(id.Domain)
		}
	}
	for _, s := range n.found {
		if s.open() {
			add(s.Domain)
		}
	}
}

// counts reports whether it matters if an identity is aligned.
func counts(id policy.Identity) bool {
	return id.Result == policy.Pass || id.Result == policy.TempError
}

func (n *inquiry) sender(ctx context.Context) {
	defer close(n.sent)
	if !n.told.spf {
		n.a.SPF = n.Checker.sender(ctx, n.Query)
	}
}

func (n *inquiry) signatures(ctx context.Context) {
	if !n.told.dkim {
		n.a.DKIM = n.Checker.signatures(ctx, n.Query, n.found)
	}
}

// claim asks the From domain, and then what depends on whether it has a DMARC record.
func (n *inquiry) claim(ctx context.Context) {
	if n.From == "" || n.a.Said == policy.Pass {
		return
	}
	n.a.DMARC = n.record(ctx, n.From)
	switch {
	case n.a.DMARC.Result == policy.Pass:
		n.organisations(ctx)
	case n.a.DMARC.Result == policy.None && n.own:
		<-n.sent
		n.a.Author = n.parent(ctx, n.Query, n.a.SPF)
	case n.a.DMARC.Result == policy.None:
		n.a.Author = n.author(ctx, n.Query, n.From)
	}
}

// organisations looks up the organisational domain of each identity that could be aligned
// with From by it: one that is no subdomain of From's has another.
func (n *inquiry) organisations(ctx context.Context) {
	org := n.a.DMARC.Org
	n.kin = slices.DeleteFunc(n.kin, func(o organisation) bool { return !o.of.In(org) })
	var tasks sync.WaitGroup
	for i := range n.kin {
		tasks.Go(func() { n.organisation(ctx, &n.kin[i]) })
	}
	tasks.Wait()
}

func (n *inquiry) organisation(ctx context.Context, o *organisation) {
	w, err := n.walk(ctx, o.of)
	if o.domain, o.err = w.organisation(), err; o.domain == "" {
		o.domain = o.of
	}
}

// align fills in the organisational domains of identities that count. Where one cannot be
// had, nobody can tell whether the identity is aligned: it may be.
func (n *inquiry) align() {
	if n.a.DMARC.Result != policy.Pass {
		return
	}
	n.place(&n.a.SPF)
	for i := range n.a.DKIM {
		n.place(&n.a.DKIM[i])
	}
}

func (n *inquiry) place(id *policy.Identity) {
	at := slices.IndexFunc(n.kin, func(o organisation) bool { return o.of == id.Domain })
	if at < 0 || !counts(*id) {
		return
	}
	id.Org = n.kin[at].domain
	if err := n.kin[at].err; err != nil {
		id.Result, id.Org = policy.TempError, n.a.DMARC.Org
		id.Why = why("its organisational domain cannot be told: ", err)
	}
}
