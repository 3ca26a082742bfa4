package mailauth

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"gatepost/message"
	"gatepost/policy"
)

// The forger of these tests has a machine and a domain of its own, and reads all that a
// victim publishes. It does not have the victim's keys, and no record names its machine.
const (
	forgersClient = "203.0.113.77"
	forgersDomain = "evil.test"
)

// victims are domains that a forger claims, and names in its messages.
var victims = []string{"bank.example", "mail.bank.example", "old.bank.example",
	"x.old.bank.example", "shop.uk.com", "shop.github.io", "tenant.host.example"}

// neighbours are what else stands near them, names that a registry sold to the forger among it.
var neighbours = []string{"example", "uk.com", "github.io", "host.example", "dead.bank.example",
	"list.test", "evil.uk.com", "evil.github.io"}

// owned are the names at which the forger publishes what it likes: it may pass there.
var owned = []string{forgersDomain, "evil.uk.com", "evil.github.io"}

// answers to questions for a kind of record, as zone lines without the name. Any name may
// fail, be silent, or answer with something odd.
var (
	spfAnswers = []string{"", "", "FAIL", "TIMEOUT", `TXT "v=spf1 ip4:192.0.2.1 -all"`,
		`TXT "v=spf1 ip4:192.0.2.1 ~all"`, `TXT "v=spf1 ?all"`, `TXT "v=spf1 -all oops:"`,
		`TXT "v=spf1 include:old.bank.example -all"`, `TXT "v=spf1 redirect=dead.bank.example"`,
		`TXT "v=spf1 exists:%{l}.roam.%{d} -all"`, `TXT "v=spf1 ?exists:%{h} -all"`, `TXT "v=spf1 ?exists:%{l}.%{d} -all"`, `A 192.0.2.9`,
		`TXT "v=spf1 a:%{h} mx:dead.bank.example -all"`, `TXT "v=spf1 ptr:%{d} -all"`, `TXT "lies"`}
	dmarcAnswers = []string{"", "", "FAIL", "TIMEOUT", `TXT "v=DMARC1; p=reject"`,
		`TXT "v=DMARC1; p=quarantine"`, `TXT "v=DMARC1; p=none; rua=mailto:a@b.test"`,
		`TXT "v=DMARC1; p=none; sp=reject"`, `TXT "v=DMARC1; p=reject; sp=none; np=reject"`,
		`TXT "v=DMARC1; p=reject; psd=y"`, `TXT "v=DMARC1; p=reject; psd=n; aspf=s; adkim=s"`,
		`TXT "v=DMARC1; p=reject; t=y"`, `TXT "v=DMARC1; p=rejct"`, `TXT "v=DMARC1"`, `TXT "lies"`}
	keyAnswers = []string{"", "FAIL", "TIMEOUT", `TXT "v=DKIM1; k=ed25519; p="`, `TXT "lies"`}
	selectors  = []string{"lame", "slow"}
)

// drawZone draws what the DNS says.
func drawZone(t *rapid.T, forgersKeys []key) string {
	var b strings.Builder
	line := func(name string, answers []string) {
		if answer := rapid.SampledFrom(answers).Draw(t, name); answer != "" {
			fmt.Fprintf(&b, "%s %s\n", name, answer)
		}
	}
	for _, name := range slices.Concat(victims, neighbours) {
		line("_dmarc."+name, slices.DeleteFunc(slices.Clone(dmarcAnswers), func(answer string) bool {
			// A registry that says it is one organisation has nobody else to thank for what follows.
			return message.Domain(name).PublicSuffix() && strings.Contains(answer, "psd=n")
		}))
		if !slices.Contains(owned, name) {
			line(name, spfAnswers)
		}
	}
	for _, name := range victims {
		for _, selector := range selectors {
			line(selector+"._domainkey."+name, keyAnswers)
		}
	}
	for i, k := range forgersKeys {
		fmt.Fprintf(&b, "%s TXT \"v=spf1 +all\"\n%s", owned[i], k.record())
	}
	return b.String()
}

// A choice is what a forger makes up around one and the same From and text.
type choice struct {
	helo, path string
	fields     string // in front of the message
	signers    []key  // of the forger's own
}

// artless is the forgery without any art: the answer to it is what nothing may better.
var artless = choice{helo: "m." + forgersDomain, path: "b@" + forgersDomain}

func drawChoice(t *rapid.T, forgersKeys []key) choice {
	names := slices.Concat(victims, neighbours, []string{forgersDomain, "m." + forgersDomain,
		"nowhere.bank.example", "[192.0.2.1]", "a=b.bank.example", ""})
	name := rapid.SampledFrom(names)
	local := rapid.SampledFrom([]string{"b", "mail", "bounce+ann=acme.test", `"a b"`, ""})
	c := choice{helo: name.Draw(t, "helo")}
	if domain := name.Draw(t, "path"); domain != "" {
		c.path = local.Draw(t, "local") + "@" + domain
	}
	fields := rapid.SampledFrom([]string{
		"Subject: other\r\n", "Cc: b@bank.example\r\n", "MIME-Version: 1.0\r\n",
		"Authentication-Results: mx.relay.test; dmarc=pass header.from=bank.example\r\n",
		chainOf("list.test"), chainOf("bank.example"), chainOf(forgersDomain),
		"Received: from mail.bank.example ([192.0.2.1]) by mx.relay.test; x\r\n",
	})
	for range rapid.IntRange(0, 2).Draw(t, "fields") {
		c.fields += fields.Draw(t, "field")
	}
	for range rapid.IntRange(0, 3).Draw(t, "signatures") {
		c.fields += forgery(rapid.SampledFrom(names).Draw(t, "d="),
			rapid.SampledFrom(selectors).Draw(t, "s="))
	}
	for _, k := range forgersKeys {
		if rapid.Bool().Draw(t, "signs as "+k.domain) {
			c.signers = append(c.signers, k)
		}
	}
	return c
}

// chainOf are the fields of one hop (RFC 8617) that nobody has sealed.
func chainOf(sealer string) string {
	const tags = "a=ed25519-sha256; s=lame; b=AAAA; d="
	return "ARC-Seal: i=1; cv=none; " + tags + sealer + "\r\n" +
		"ARC-Message-Signature: i=1; h=from; bh=AAAA; " + tags + sealer + "\r\n" +
		"ARC-Authentication-Results: i=1; " + sealer + "; dmarc=pass header.from=bank.example\r\n"
}

// worth is what an answer is worth to a forger: the higher the better for it.
func worth(f *policy.Facts) int {
	switch f.Proof() {
	case policy.Pass:
		return 3
	case policy.None:
		return 2
	case policy.Fail:
		if f.Authentication.DMARC.Demand > policy.DemandNone {
			return 0
		}
	}
	return 1
}

// A street is where forgeries are tried: what the DNS says, and how mail comes to us.
type street struct {
	testing.TB
	records string
	relayed bool
}

// answer is what comes of a forgery in the name of a domain.
func (s street) answer(from string, c choice) *policy.Facts {
	raw := "From: Ann <ann@" + from + ">\r\nSubject: pay\r\n\r\nNow.\r\n"
	q := queryOf(c.fields + signed(s, raw, c.signers...))
	q.Hop = policy.Hop{Client: netip.MustParseAddr(forgersClient), Relayed: s.relayed,
		Helo: c.helo}
	q.Envelope = &message.Envelope{Helo: c.helo, MailFrom: c.path, NullPath: c.path == ""}
	checker := New(zoneOf(s, s.records), Options{AuthservIDs: []string{"mx.relay.test"},
		Sealers: []message.Domain{"list.test"}})
	defer checker.Close()
	return &policy.Facts{Sender: q.Message.Sender(), Hop: q.Hop,
		Authentication: checker.Check(s.Context(), q)}
}

// noChoiceHelps is the rule above all: nothing that a stranger chooses, be it a selector, a
// reverse-path, HELO, a further field or signature, or a sub-domain that does not answer,
// ever makes the answer a better one. It holds in zones in which any name fails or lies.
func noChoiceHelps(tb testing.TB) func(*rapid.T) {
	var keys []key
	for _, domain := range owned {
		keys = append(keys, edKey(domain, "s"))
	}
	return func(t *rapid.T) {
		s := street{tb, drawZone(t, keys), rapid.Bool().Draw(t, "relayed")}
		from := rapid.SampledFrom(victims).Draw(t, "From")
		most := worth(s.answer(from, artless))
		c := drawChoice(t, keys)
		if f := s.answer(from, c); worth(f) > most {
			t.Fatalf("From %s: %d instead of %d by %+v\n%+v\nin\n%s", from, worth(f), most, c,
				f.Authentication, s.records)
		}
		noSubdomainHelps(t, s, "gone."+from)
	}
}

// noSubdomainHelps: one that does not answer is no freer than one that publishes nothing,
// whether that exists or not.
func noSubdomainHelps(t *rapid.T, s street, from string) {
	there, dead := s, s
	there.records += from + " A 192.0.2.9\n"
	dead.records += from + " FAIL\n_dmarc." + from + " " +
		rapid.SampledFrom([]string{"FAIL", "TIMEOUT"}).Draw(t, "dead") + "\n"
	most := min(worth(s.answer(from, artless)), worth(there.answer(from, artless)))
	if f := dead.answer(from, artless); worth(f) > most {
		t.Fatalf("From %s: %d instead of %d\n%+v\nin\n%s", from, worth(f), most,
			f.Authentication, dead.records)
	}
}

func TestNoChoiceHelps(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes the time of many other tests")
	}
	for range 10 { // a hundred zones each
		rapid.Check(t, noChoiceHelps(t))
	}
}

func FuzzNoChoiceHelps(f *testing.F) {
	f.Fuzz(func(t *testing.T, drawn []byte) { rapid.MakeFuzz(noChoiceHelps(t))(t, drawn) })
}
