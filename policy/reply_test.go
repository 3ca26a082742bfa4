package policy_test

import (
	"testing"

	"gatepost/message"
	"gatepost/policy"
)

// TestReplyToSpellings: no way of writing a listed address in Reply-To helps the sender.
func TestReplyToSpellings(t *testing.T) {
	p := policy.Policy{
		Allow: list(t, policy.Allow, "other.test"),
		Block: list(t, policy.Block, "reject:evil.test"),
	}
	for _, value := range []string{
		"mal@evil.test", "(x) mal@evil.test", "<mal@evil.test (x)>", "mal(x)@evil.test",
		"<@x.test:mal@evil.test>", `"m al"@evil.test`, "<ok@ok.test> <mal@evil.test>",
		"<ok@ok.test><mal@evil.test>", "mal@evil.test <ok@ok.test>", "<<mal@evil.test>>",
		"<ok@ok.test,mal@evil.test>", "mal @evil.test", "mal@ evil.test", "<mal@\r\n evil.test>",
		"=?utf-8?q?mal=40evil.test?=", "<mailto:mal@evil.test>", `"x mal@evil.test`,
		`"mal@evil.test"`, "mal.@evil.test", "ok@ok.test (x) (y), mal@evil.test",
		"b@other.test, mal%evil.test@ok.test", "Team: ok@ok.test, mal@sub.evil.test;",
		"mal@evil\u3002test", "mal@[evil.test]",
	} {
		head := "From: b@other.test\r\nReply-To: " + value + "\r\n\r\n"
		f, err := policy.Read(mail(message.Parse([]byte(head))), &policy.Settings{}, stranger)
		if err != nil {
			t.Fatal(err)
		}
		if d := p.Decide(&f); d.Action != policy.Suspend || d.Field != policy.ReplyTo {
			t.Errorf("%q: %v, %s", value, d.Action, d.Why())
		}
	}
}

func stranger(message.Address) (policy.Profile, error) { return policy.Profile{}, nil }

// TestReadReplyTo holds the facts that are read of it, and their words.
func TestReadReplyTo(t *testing.T) {
	m := message.Parse([]byte("From: ann@acme.test\r\n" +
		"Reply-To: ann@acme.test, <bob@acme.test> <x@[::1]>\r\n\r\n"))
	f, err := policy.Read(mail(m), &policy.Settings{}, stranger)
	if err != nil {
		t.Fatal(err)
	}
	if len(f.ReplyTo) != 1 || len(f.Replies) != 1 || f.ReplyTo[0].String() != "bob@acme.test" {
		t.Errorf("%v, %v", f.ReplyTo, f.Replies)
	}
	for i, want := range []policy.Fact{
		{Name: "From", Value: "ann@acme.test, no profile"},
		{Name: "Reply-To", Value: "bob@acme.test, no profile"},
	} {
		if got := f.Words(); len(got) < 2 || got[i] != want {
			t.Errorf("%v, want %v", got, want)
		}
	}
	m = message.Parse([]byte("From: ann@acme.test\r\nReply-To: <x@[::1]>\r\n\r\n"))
	if f, err = policy.Read(mail(m), &policy.Settings{}, stranger); err != nil {
		t.Fatal(err)
	}
	want := policy.Fact{Name: "Reply-To", Value: `a Reply-To that cannot be read: "x@[::1]"`}
	if got := f.Words(); len(got) != 2 || got[1] != want {
		t.Errorf("%v, want %v", got, want)
	}
}
