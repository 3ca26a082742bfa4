package policy_test

import (
	"bytes"
	"io"
	"net/netip"
	"slices"
	"testing"

	"gatepost/message"
	"gatepost/policy"
)

// FuzzDecide takes any octets for a message, any text for the lists and any settings. One
// rule decides, with words for all that was asked; the same again gives the same; and a
// second From, written in front, makes a ticket of nothing.
func FuzzDecide(f *testing.F) {
	f.Add([]byte("From: ann@acme.test\r\nSubject: x\r\n\r\nHello\r\n"), "acme.test", "*", uint64(0))
	f.Add([]byte("From: ann@acme.test\r\nAuto-Submitted: auto-replied\r\n\r\n"), "",
		"* reject:ann@acme.test", uint64(0xffff))
	f.Add([]byte("Received: from a ([192.0.2.1]) by b id c; d\r\nX-Spam-Flag: YES\r\n"+
		"From: <noreply@acme.test>\r\nReply-To: a@b.test, <c\r\n\r\n"), "acme.test",
		"suspend:b.test", uint64(0xf0f0))
	f.Fuzz(func(t *testing.T, raw []byte, allow, block string, bits uint64) {
		d, facts := fuzzed(raw, allow, block, bits)
		decided := 0
		for _, s := range d.Trail() {
			if s.Rule == "" || s.Answer == "" {
				t.Errorf("a step without words: %v", d.Trail())
			}
			if s.Decided {
				decided++
			}
		}
		if decided != 1 || d.Why() == "" {
			t.Errorf("%d steps decided: %q, %v", decided, d.Why(), d.Trail())
		}
		for _, fact := range facts.Words() {
			if fact.Name == "" || fact.Value == "" {
				t.Errorf("a fact without words: %v", facts.Words())
			}
		}
		again, _ := fuzzed(raw, allow, block, bits)
		if again.Action != d.Action || !slices.Equal(again.Trail(), d.Trail()) {
			t.Errorf("%v, then %v", d.Trail(), again.Trail())
		}
		second := append([]byte("From: <eve@example.com>\r\n"), raw...)
		if two, _ := fuzzed(second, allow, block, bits); two.Action == policy.Ticket &&
			message.Parse(raw).Count("From") > 0 {
			t.Errorf("with a second From: %s", two.Why())
		}
	})
}

// fuzzed decides by lists that stay empty if they are refused.
func fuzzed(raw []byte, allow, block string, bits uint64) (policy.Decision, *policy.Facts) {
	entries := func(name policy.ListName, text string) *policy.List {
		list, err := policy.ParseList(name, text)
		if err != nil {
			list = nil
		}
		return policy.Compile(slices.Values(list))
	}
	flag := func(n int) bool { return bits>>n&1 == 1 }
	relays, _ := policy.ParseRanges("192.0.2.0/24")
	p := policy.Policy{Allow: entries(policy.Allow, allow), Block: entries(policy.Block, block)}
	p.Settings = policy.Settings{Hostname: "gate.test", Trust: policy.Trust(bits % 3),
		HoldLists: flag(2), OnlyRelays: flag(3), PerHour: int(bits >> 4 & 3), Relays: relays}
	env := &message.Envelope{NullPath: flag(6), SMTPUTF8: flag(7), Piped: flag(8)}
	if flag(9) {
		env.Client = netip.AddrFrom4([4]byte{192, 0, byte(1 + bits>>10&1), 7})
	}
	m := message.Parse(raw)
	mail := policy.Mail{Message: m, Envelope: env, Body: func() io.Reader {
		return bytes.NewReader(raw[min(m.Size, len(raw)):])
	}}
	f, _ := policy.Read(mail, &p.Settings, func(a message.Address) (policy.Profile, error) {
		return policy.Profile{Known: flag(12), Suspended: flag(13),
			Role: policy.Role(bits >> 14 & 1)}, nil
	})
	f.Stored = int(bits >> 16 & 15)
	if flag(20) {
		f.Authentication = proven(f.Sender.Address.Domain(), policy.Result(bits>>21&7%7),
			policy.Demand(bits>>24&1))
	}
	return p.Decide(&f), &f
}
