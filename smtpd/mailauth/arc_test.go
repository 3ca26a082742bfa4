package mailauth

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatepost/message"
	"gatepost/policy"
)

// A handover is a hop that a test seals: whose it is, what it found out, and what is odd.
type handover struct {
	key     key
	results string // behind i= and the authserv-id
	names   string // h=, "from:subject" if empty
	cv      string // none or pass if empty
}

// handOver puts the fields of the nth hop in front of a message (RFC 8617, section 5.1).
func handOver(t testing.TB, raw string, n int, h handover) string {
	t.Helper()
	if h.names == "" {
		h.names = "from:subject"
	}
	if h.cv == "" {
		h.cv = "pass"
		if n == 1 {
			h.cv = "none"
		}
	}
	k := h.key
	whose := fmt.Sprintf("i=%d; a=%s-sha256; d=%s; s=%s;", n, k.algorithm, k.domain, k.selector)
	raw = signedBy(t, "ARC-Message-Signature: "+whose+" c=relaxed/relaxed; h="+h.names+
		"; bh="+bodyHash(raw)+"; b=", raw, k, strings.Split(h.names, ":")...)
	raw = fmt.Sprintf("ARC-Authentication-Results: i=%d; mx.%s; %s\r\n", n, k.domain,
		h.results) + raw
	covers := slices.Repeat([]string{"arc-authentication-results", "arc-message-signature",
		"arc-seal"}, n) // of each the lowest stands for the first hop
	return signedBy(t, "ARC-Seal: "+whose+" cv="+h.cv+"; b=", raw, k, covers[:3*n-1]...)
}

// chained hands plainMail over once for each hop.
func chained(t testing.TB, hops ...handover) string {
	raw := plainMail
	for i, h := range hops {
		raw = handOver(t, raw, i+1, h)
	}
	return raw
}

// sealerOf asks r on behalf of one who believes list.test.
func sealerOf(t testing.TB, r Resolver) *Checker {
	c := New(r, Options{Sealers: []message.Domain{"list.test", "group.test"}})
	t.Cleanup(c.Close)
	return c
}

// keys is how many questions about keys there were.
func (c *counter) keys() (n int) {
	for name, times := range c.asked {
		if strings.Contains(name, "._domainkey.") {
			n += times
		}
	}
	return n
}

const authorPassed = "dmarc=pass header.from=acme.test"

func TestARC(t *testing.T) {
	list, group := edKey("list.test", "arc"), edKey("mx.group.test", "arc")
	evil, lost := edKey("evil.test", "arc"), edKey("list.test", "lost")
	like := edKey("evillist.test", "arc")
	records := list.record() + group.record() + evil.record() + like.record() + `
		lost._domainkey.list.test  FAIL
		_dmarc.acme.test           TXT "v=DMARC1; p=reject"
	`
	by := func(k key) handover { return handover{key: k, results: authorPassed} }
	says := func(results string) string { return chained(t, handover{key: list, results: results}) }
	good := chained(t, by(list))
	none, unsigned := handover{key: list, results: "none"}, by(list)
	unsigned.names = "subject"
	failed, first, signsSeal := by(list), by(list), by(list)
	failed.cv, first.cv, signsSeal.names = "fail", "none", "from:Arc-Seal"

	pass := policy.Chain{Result: policy.Pass, Sealer: "list.test", Author: "acme.test"}
	below := pass
	below.Sealer = "mx.group.test"
	not := func(r policy.Result, why string) policy.Chain {
		return policy.Chain{Result: r, Sealer: "list.test", Author: "acme.test", Why: why}
	}
	unnamed := func(sealer, of message.Domain) policy.Chain {
		return policy.Chain{Sealer: sealer, Why: "auth.sealers does not name " + string(of)}
	}
	odd := func(why string) policy.Chain { return policy.Chain{Result: policy.Fail, Why: why} }
	unsaid := not(policy.Neutral, "its first hop does not say that acme.test passed")

	for name, test := range map[string]struct {
		raw   string
		want  policy.Chain
		asked int // questions about keys
	}{
		"no chain":            {plainMail, policy.Chain{}, 0},
		"one hop":             {good, pass, 1},
		"two hops":            {chained(t, by(group), none), pass, 2},
		"ten hops":            {chained(t, slices.Repeat([]handover{by(list)}, 10)...), pass, 1},
		"below a named one":   {chained(t, by(group)), below, 1},
		"unsigned fields":     {"Received: x\r\nX-A: b\r\n" + good, pass, 1},
		"empty lines at last": {good + "\r\n\r\n", pass, 1},

		// Who seals first says who the author was; who seals last may not have looked.
		"a stranger":       {chained(t, by(evil)), unnamed("evil.test", "evil.test"), 0},
		"a stranger first": {chained(t, by(evil), by(list)), unnamed("list.test", "evil.test"), 0},
		"a stranger last":  {chained(t, by(list), by(evil)), unnamed("evil.test", "evil.test"), 0},
		"a name like it":   {chained(t, by(like)), unnamed("evillist.test", "evillist.test"), 0},
		"eleven hops": {chained(t, slices.Repeat([]handover{by(list)}, 11)...),
			policy.Chain{Sealer: "list.test", Why: "it has more than 10 hops"}, 0},

		"body altered": {strings.Replace(good, "One line", "Two lines", 1),
			not(policy.Fail, "ARC-Message-Signature 1: body hash did not verify"), 1},
		"subject altered": {strings.Replace(good, "hello", "pay", 1),
			not(policy.Fail, "ARC-Message-Signature 1: signature did not verify"), 1},
		"results altered": {strings.Replace(good, "dmarc=pass", "dmarc=fail", 1),
			not(policy.Fail, "ARC-Seal 1: signature did not verify"), 1},
		"no such key": {strings.ReplaceAll(good, "s=arc;", "s=none;"),
			not(policy.Fail, "ARC-Message-Signature 1: no key for signature: "+
				"lookup none._domainkey.list.test: no such host"), 1},
		"a key that does not come": {chained(t, by(lost)),
			not(policy.TempError, "ARC-Message-Signature 1: key unavailable: "+
				"lookup lost._domainkey.list.test: the name server failed"), 2},

		"DMARC failed": {says("dkim=pass header.d=acme.test; " +
			"dmarc=fail header.from=acme.test"), unsaid, 1},
		"DMARC of another":   {says("dmarc=pass header.from=evil.test"), unsaid, 1},
		"DMARC of nobody":    {says("dmarc=pass"), unsaid, 1},
		"DMARC twice":        {says(authorPassed + "; dmarc=fail header.from=acme.test"), unsaid, 1},
		"nothing":            {says("none"), unsaid, 1},
		"unreadable":         {says(authorPassed + " ("), unsaid, 1},
		"what is no finding": {says("x y; " + authorPassed), unsaid, 1},
		"a comment without end": {says("spf=fail (x(; " + authorPassed + "; iprev=pass"),
			unsaid, 1},
		"in a comment": {says("spf=none (; " + authorPassed + ")"), unsaid, 1},
		"DKIM": {says("dkim=fail header.d=acme.test; " +
			"dkim=pass header.d=acme.test"), pass, 1},
		"DKIM of another":  {says("dkim=pass header.d=mail.acme.test"), unsaid, 1},
		"SPF":              {says("spf=pass smtp.mailfrom=ann@acme.test"), pass, 1},
		"SPF of another":   {says("spf=pass smtp.mailfrom=ann@evil.test"), unsaid, 1},
		"SPF of HELO":      {says("spf=pass smtp.helo=acme.test"), unsaid, 1},
		"only a later hop": {chained(t, none, by(list)), unsaid, 1},
		"From not signed": {chained(t, unsigned),
			not(policy.Neutral, "the From field is not signed"), 1},
		"a Subject put in": {"Subject: pay\r\n" + good,
			not(policy.Neutral, "Subject stands twice"), 1},

		"sealed as failed":    {chained(t, by(list), failed), odd("ARC-Seal 2: cv= is not pass"), 0},
		"sealed as the first": {chained(t, by(list), first), odd("ARC-Seal 2: cv= is not pass"), 0},
		"a hop is missing": {handOver(t, good, 3, by(list)),
			odd("hop 2 has not all of its fields"), 0},
		"a hop twice": {handOver(t, good, 1, by(list)), odd("hop 1 has two fields ARC-Seal"), 0},
		"hop 51": {handOver(t, good, 51, by(list)),
			odd("ARC-Seal has no number from 1 to 50"), 0},
		"h= names a seal": {chained(t, signsSeal),
			odd("ARC-Message-Signature 1: h= names ARC-Seal"), 0},
	} {
		asked := &counter{Resolver: zoneOf(t, records)}
		q := queryOf(test.raw)
		q.Envelope.MailFrom = "x@list.test"
		a := sealerOf(t, asked).Check(t.Context(), q)
		if diff := cmp.Diff(test.want, a.ARC); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		proven := policy.Fail
		if test.want.Result == policy.Pass {
			proven = policy.Pass
		}
		if got := proof(q, a); got != proven {
			t.Errorf("%s: the proof is %v", name, got)
		}
		// Who asks for one key at a time is answered together; what failed is asked for again.
		if n := asked.keys(); n > test.asked || n == 0 && test.asked > 0 {
			t.Errorf("%s: %d questions about keys", name, n)
		}
	}
}

// Without a named sealer nobody is asked about a chain; who sealed it is told.
func TestNoSealers(t *testing.T) {
	list := edKey("list.test", "arc")
	asked := &counter{Resolver: zoneOf(t, list.record())}
	q := queryOf(chained(t, handover{key: list, results: authorPassed}))
	told := policy.Chain{Sealer: "list.test", Why: "auth.sealers does not name list.test"}
	if a := checker(t, asked).Check(t.Context(), q); a.ARC != told || asked.keys() != 0 {
		t.Errorf("%+v, %d questions", a.ARC, asked.keys())
	}
}

// A chain speaks where a relay says that DMARC failed, and where the signature of the author
// stands beside it, the content is read once.
func TestARCBesideOthers(t *testing.T) {
	list, author := edKey("list.test", "arc"), edKey("acme.test", "ed")
	raw := handOver(t, signed(t, plainMail, author)+"-- \r\nThe list\r\n", 1,
		handover{key: list, results: authorPassed})
	q, reads := queryOf(raw), 0
	body := q.Body
	q.Body = func() io.Reader { reads++; return body() }
	c := sealerOf(t, zoneOf(t, list.record()+author.record()))
	a := c.Check(t.Context(), q)
	if diff := cmp.Diff([]string{"fail acme.test ed"}, ids(a.DKIM)); diff != "" || reads != 1 {
		t.Errorf("read %d times: %s", reads, diff)
	}
	if a.Said = policy.Fail; a.ARC.Result != policy.Pass || proof(q, a) != policy.Pass {
		t.Errorf("%+v", a)
	}
}

// Whatever is changed in a sealed message, it is not proven any more.
func TestARCBytes(t *testing.T) {
	list := edKey("list.test", "arc")
	raw := chained(t, handover{key: list, results: authorPassed})
	c := sealerOf(t, zoneOf(t, list.record()))
	end := strings.Index(raw, "\r\nARC-A") // of the seal, whose last bits count for nothing
	for i := range raw {
		if i >= end-3 && i < end || strings.ContainsRune(white+"q", rune(raw[i])) {
			continue
		}
		q := queryOf(raw[:i] + "q" + raw[i+1:])
		if a := c.Check(t.Context(), q); a.ARC.Result == policy.Pass {
			t.Errorf("octet %d: %q", i, raw[max(0, i-20):i+1])
		}
	}
}

// Whatever stands in the ARC fields, they are read in bounds or refused.
func FuzzChain(f *testing.F) {
	list := edKey("list.test", "arc")
	hop := handover{key: list, results: authorPassed}
	head, _, _ := strings.Cut(chained(f, hop, hop), "\r\n\r\n")
	f.Add(head)
	f.Add(strings.ReplaceAll(head, "; ", ";\r\n\t"))
	f.Add("ARC-Seal: i=1; i=2\r\nARC-Seal: i=50; h=; b=;;=\r\nARC-Authentication-Results: i = 1 ;")
	f.Add("ARC-Message-Signature: i=1; z=b=; b = \r\n x; xb=y\r\nARC-Seal:")
	f.Fuzz(func(t *testing.T, head string) {
		q := queryOf(head + "\r\n\r\n")
		fields := q.Message.Fields
		c, err := readChain(fields)
		if c == nil {
			return
		}
		if err != nil || len(c.seals) < 1 || len(c.seals) > maxHops {
			t.Fatalf("%d seals, %v", len(c.seals), err)
		}
		for i, s := range c.seals {
			if len(s.covers) != 3*i+2 || slices.Contains(s.covers, s.field) || s.Domain == "" {
				t.Errorf("seal %d is over %v", i+1, s.covers)
			}
		}
		for _, s := range c.signatures() {
			own := withoutValue(fields[s.field])
			again, err := readTags(string(own.Raw[own.Colon+1:]))
			if err != nil || again["b"] != "" {
				t.Errorf("%q is left of b=, %v", again["b"], err)
			}
			if len(s.sum(fields)) != 32 {
				t.Error("no hash")
			}
		}
		if passed(fields[c.results], "acme.test") &&
			!strings.Contains(strings.ToLower(head), "acme.test") {
			t.Errorf("%q speaks of nobody", fields[c.results].Raw)
		}
	})
}
