package policy_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"gatepost/message"
	"gatepost/policy"
)

// Whose mail is rejected is told of each word that may be a sender, however it was copied.
func TestRejections(t *testing.T) {
	p := policy.Policy{Allow: list(t, policy.Allow, "fine.test"),
		Block: list(t, policy.Block, "reject:junk.test reject:bob@mail.test held.test")}
	profile := func(a message.Address) (policy.Profile, error) {
		return policy.Profile{Known: true, Suspended: a.String() == "sue@junk.test"}, nil
	}
	const domain = "%s: junk.test is on the blocklist (reject:junk.test)"
	for words, want := range map[string]string{
		"a@junk.test":                            fmt.Sprintf(domain, "a@junk.test"),
		"junk.test":                              fmt.Sprintf(domain, "junk.test"),
		"invoice <1@junk.test>,":                 fmt.Sprintf(domain, "1@junk.test"),
		"a@junk.test bob@mail.test":              fmt.Sprintf(domain, "a@junk.test") + "\nbob@mail.test: bob@mail.test is on the blocklist (reject:bob@mail.test)",
		"mail.test":                              "",
		"ann@fine.test":                          "",
		"ann@held.test":                          "",
		"sue@junk.test":                          "", // a suspended profile is held
		"order 4711 \x00 @ <> [::1]":             "",
		"":                                       "",
		strings.Repeat("x ", 20) + "a@junk.test": "",
	} {
		rejections, err := p.Rejections(words, profile)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range rejections {
			got = append(got, r.Sender+": "+r.Why)
		}
		if strings.Join(got, "\n") != want {
			t.Errorf("%q: %q, want %q", words, got, want)
		}
	}
	broken := errors.New("the disk is gone")
	if _, err := p.Rejections("a@junk.test", func(message.Address) (policy.Profile, error) {
		return policy.Profile{}, broken
	}); !errors.Is(err, broken) {
		t.Errorf("error %v, want that of the look-up", err)
	}
}
