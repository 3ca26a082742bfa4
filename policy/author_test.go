package policy_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"gatepost/message"
	"gatepost/policy"
)

// viaGroup is what a group of ours hands on.
const viaGroup = "From: \"'Ann' via Support\" <support@help.example>\r\n" +
	"Reply-To: Ann Example <ann@strict.test>\r\nX-Original-From: ann@strict.test\r\n\r\n"

// fromOurselves reads it, as it came from 192.0.2.7.
func fromOurselves(t *testing.T, s *policy.Settings) policy.Facts {
	t.Helper()
	s.Support = map[message.Address]bool{address(t, "support@help.example"): true}
	m := mail(message.Parse([]byte(viaGroup)))
	m.Envelope.Client = netip.MustParseAddr("192.0.2.7")
	f, err := policy.Read(m, s, func(message.Address) (policy.Profile, error) {
		return policy.Profile{Known: true, Role: policy.Admin}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestAuthor: the person is judged where the message is from ourselves, as far as anybody
// asked, or came through a relay; and is never more than named.
func TestAuthor(t *testing.T) {
	for _, c := range []struct {
		name    string
		proof   *policy.Authentication
		relayed bool
		want    string // whom it is judged as
		outcome string
	}{
		{"nobody was asked", nil, false, "ann@strict.test", "ticket!"},
		{"proven", proven("help.example", policy.Pass, 0), false, "ann@strict.test", "ticket!"},
		{"proven for others", proven("evil.test", policy.Pass, 0), false,
			"support@help.example", "ourselves"},
		{"nothing says so", proven("help.example", policy.None, 0), false,
			"support@help.example", "ourselves"},
		{"fails", proven("help.example", policy.Fail, 0), false, "support@help.example", "ourselves"},
		{"no answer", proven("help.example", policy.TempError, 0), false,
			"support@help.example", "ourselves"},
		{"fails, through a relay", proven("help.example", policy.Fail, 0), true,
			"ann@strict.test", "ticket!"},
		{"fails, and is to be held", proven("help.example", policy.Fail, policy.DemandReject), true,
			"ann@strict.test", "held"},
	} {
		p := policy.Policy{}
		f := fromOurselves(t, &p.Settings)
		f.Authentication, f.Hop.Relayed = c.proof, c.relayed
		d := p.Decide(&f)
		got := outcome(d)
		if d.Cause == policy.FromSupportAddress {
			got = "ourselves"
		}
		if got != c.outcome || d.Address.String() != c.want {
			t.Errorf("%s: %s of %s, %s", c.name, got, d.Address, d.Why())
		}
		if requester, _ := f.Requester(); requester.Address != d.Address {
			t.Errorf("%s: the requester is %s", c.name, requester.Address)
		}
		if band := f.Rate(); band.Address != d.Address || c.outcome == "ticket!" && band.Proven {
			t.Errorf("%s: it is counted as %+v", c.name, band)
		}
	}
}

// TestAuthorRemedy: where nothing proves such a message, the machine that sent it may be
// declared, beside what is declared already; that lets in nobody else's mail.
func TestAuthorRemedy(t *testing.T) {
	relays, err := policy.ParseRanges("198.51.100.0/24")
	if err != nil {
		t.Fatal(err)
	}
	p := policy.Policy{Settings: policy.Settings{Relays: relays}}
	f := fromOurselves(t, &p.Settings)
	f.Authentication = proven("help.example", policy.None, 0)
	var got []string
	for _, r := range p.Proposals(&f).LetIn {
		got = append(got, told(r))
	}
	if want := []string{`take that client for a relay of ours, for all that it hands on ` +
		`[smtp.relays = "198.51.100.0/24 192.0.2.7"]`,
		"hold nothing for this cause, for everybody [causes.from_support_address = false]",
	}; !slices.Equal(got, want) {
		t.Errorf("\n%q, want\n%q", got, want)
	}
	f.Author = policy.Author{}
	if got := p.Proposals(&f).LetIn; len(got) != 1 || got[0].Kind != policy.TurnOff {
		t.Errorf("nobody is named, and %+v", got)
	}
}

// TestAuthorIsTold: the facts and the trail say who is judged, and why not who is in From.
func TestAuthorIsTold(t *testing.T) {
	p := policy.Policy{}
	f := fromOurselves(t, &p.Settings)
	if !slices.Contains(f.Words(), policy.Fact{Name: "author",
		Value: "ann@strict.test, profile, admin, as Reply-To says"}) {
		t.Errorf("%v", f.Words())
	}
	d := p.Decide(&f)
	if !slices.ContainsFunc(d.Trail(), func(s policy.Step) bool {
		return s.Rule == "from_support_address" && strings.Contains(s.Answer, "the one person")
	}) {
		t.Errorf("%v", d.Trail())
	}
}
