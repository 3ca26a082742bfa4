package message

import (
	"strings"
	"testing"
)

// TestSender goes through the ways in which a From field has been made to say different
// things to different readers.
func TestSender(t *testing.T) {
	deep := strings.Repeat("(", 50000) + strings.Repeat(")", 50000)
	for _, c := range []struct {
		from    string // what follows "From:", or whole fields if it begins with a capital F
		text    string
		problem SenderProblem
		name    string
	}{
		// One plain mailbox.
		{" ann@acme.test", "ann@acme.test", 0, ""},
		{"<Ann@Acme.TEST>", "ann@acme.test", 0, ""},
		{" Ann <ann@acme.test>", "ann@acme.test", 0, "Ann"},
		{"\r\n Ann\r\n\t<ann@acme.test>", "ann@acme.test", 0, "Ann"},
		{" ann@acme.test (Ann)", "ann@acme.test", 0, "Ann"},
		{" ann@acme.test (\"Ann\")", "ann@acme.test", 0, "Ann"},
		{" <ann@acme.test> (Ann)", "ann@acme.test", 0, "Ann"},
		{" Ann < ann@acme.test >", "ann@acme.test", 0, "Ann"},
		{" ann@acme.test.", "ann@acme.test", 0, ""},
		{" \"ann\"@acme.test", "ann@acme.test", 0, ""},
		{" \"Ann@Home\"@acme.test", `"ann@home"@acme.test`, 0, ""},
		{" <\"ann>\"@acme.test>", `"ann>"@acme.test`, 0, ""},
		{" <\"boss@example.com\"@evil.test>", `"boss@example.com"@evil.test`, 0, ""},
		{" x@xn--bcher-kva.test", "x@xn--bcher-kva.test", 0, ""},

		// Addresses that the grammar forbids, and odd ones that it allows.
		{" ann..lee@acme.test", `"ann..lee"@acme.test`, 0, ""},
		{" Ann <ann.@acme.test>", `"ann."@acme.test`, 0, "Ann"},
		{" <.ann@acme.test>", `".ann"@acme.test`, 0, ""},
		{" \"a b\"@acme.test", `"a b"@acme.test`, 0, ""},
		{" <\"a\r\n b\"@acme.test>", `"a b"@acme.test`, 0, ""},
		{" ann@[192.0.2.1]", "ann@[192.0.2.1]", 0, ""},
		{" ann@[IPv6:2001:db8::1]", "ann@[ipv6:2001:db8::1]", 0, ""},
		{" <ann@[IPv6:2001:db8::1]>", "ann@[ipv6:2001:db8::1]", 0, ""},

		// Odd display names that all readers pass over alike.
		{" Dr. Ann M. Lee! <ann@acme.test>", "ann@acme.test", 0, "Dr. Ann M. Lee!"},
		{" J\xf6rg <ann@acme.test>", "ann@acme.test", 0, "J\ufffdrg"},
		{" Jörg <ann@acme.test>", "ann@acme.test", 0, "Jörg"},
		{" \"Lee, Ann\" <ann@acme.test>", "ann@acme.test", 0, "Lee, Ann"},
		{" \"\" Ann \" Lee\" <ann@acme.test>", "ann@acme.test", 0, "Ann Lee"},
		{" Ann\" M. \"Lee <ann@acme.test>", "ann@acme.test", 0, "Ann M. Lee"},
		{" \"<Ann\" <ann@acme.test>", "ann@acme.test", 0, "<Ann"},
		{" \"Ann \\\"A\\\" Lee\" <ann@acme.test>", "ann@acme.test", 0, `Ann "A" Lee`},
		{" =?utf-8?q?J=C3=B6rg?= <ann@acme.test>", "ann@acme.test", 0, "Jörg"},
		{" =?no-such?q?J=F6rg?= <ann@acme.test>", "ann@acme.test", 0, "J\ufffdrg"},
		{" =?utf-8?q?broken <ann@acme.test>", "ann@acme.test", 0, "=?utf-8?q?broken"},
		{" \"boss@example.com\" <ann@acme.test>", "ann@acme.test", 0, "boss@example.com"},
		{" =?utf-8?q?boss=40example=2Ecom?= <ann@acme.test>", "ann@acme.test", 0, "boss@example.com"},
		{" =?utf-8?q?=3Cboss=40example=2Ecom=3E=2C?= <ann@acme.test>", "ann@acme.test", 0,
			"<boss@example.com>,"},
		{" =?utf-8?q?a=0D=0AFrom=3A_x?= <ann@acme.test>", "ann@acme.test", 0, "a From: x"},

		// Several addresses, or none.
		{" ann@acme.test, bob@acme.test", "", SeveralMailboxes, ""},
		{" (x) ann@acme.test, bob@acme.test", "bob@acme.test", BadComment, ""},
		{" Lee\\, Ann <ann@acme.test>", "", StrayBackslash, "Ann"},
		{" ann@acme.test; bob@acme.test", "", GroupSyntax, ""},
		{" boss@example.com <ann@acme.test>", "", AddressAsName, "boss@example.com"},
		{" <boss@example.com> ann@acme.test", "boss@example.com", TextBeside, ""},
		{" <boss@example.com> <ann@acme.test>", "boss@example.com", SeveralAngles, ""},
		{" <boss@example.com <ann@acme.test>>", "boss@example.com <ann@acme.test", SeveralAngles, ""},
		{" <boss@example.com,ann@acme.test>", "boss@example.com,ann@acme.test", BadAddress, ""},
		{" ann@acme.test bob@acme.test", "", TextBeside, ""},
		{" Ann ann@acme.test", "ann@acme.test", TextBeside, ""},
		{"", "", NoAddress, ""},
		{" <>", "", NoAddress, ""},
		{" MAILER-DAEMON", "mailer-daemon", NoAddress, ""},
		{" MAILER-DAEMON <>", "", NoAddress, "MAILER-DAEMON"},
		{" *", "*", NoAddress, ""},

		// Syntax that readers take in different ways.
		{" Team: ann@acme.test;", "", GroupSyntax, ""},
		{" Team:;", "team", GroupSyntax, ""},
		{" <@mx.test:ann@acme.test>", "@mx.test:ann@acme.test", SourceRoute, ""},
		{" <@mx.test,@b.test:ann@acme.test>", "@mx.test,@b.test:ann@acme.test", SourceRoute, ""},
		{" <mailto:ann@acme.test>", "mailto:ann@acme.test", BadAddress, ""},
		{" ann(Sales)@acme.test", "ann", BadComment, ""},
		{" ann@(Sales)acme.test", "ann@", BadComment, ""},
		{" ann@acme.test (Ann (Lee))", "ann@acme.test", BadComment, "Ann (Lee)"},
		{" ann@acme.test (Ann", "ann@acme.test", BadComment, ""},
		{" ann@acme.test Ann)", "ann@acme.test", BadComment, ""},
		{" ann@acme.test " + deep, "ann@acme.test", BadComment, "\x00"},
		{" Ann <ann@acme.test", "ann@acme.test", UnpairedAngle, "Ann"},
		{" Ann ann@acme.test>", "ann@acme.test>", UnpairedAngle, ""},
		{" ann@acme.test>", "ann@acme.test>", UnpairedAngle, ""},
		{" =?utf-8?q?ann?=@acme.test", "=?utf-8?q?ann?=@acme.test", EncodedAddress, ""},
		{" <=?utf-8?q?ann=40acme.test?=>", "=?utf-8?q?ann=40acme.test?=", NoAddress, ""},
		{" =?utf-8?q?=3Cann=40acme.test=3E?=", "=?utf-8?q?=3cann=40acme.test=3e?=", NoAddress, ""},

		// Addresses that are none, or another one than they seem.
		{" ann@home@acme.test", "ann@home@acme.test", BadAddress, ""},
		{" ann@@acme.test", "ann@@acme.test", BadAddress, ""},
		{" ann%acme.test@evil.test", "ann%acme.test@evil.test", RoutedLocal, ""},
		{" acme.test!ann@evil.test", "acme.test!ann@evil.test", RoutedLocal, ""},
		{" ann@[192.0.2.1].test", "ann@[192.0.2.1].test", BadAddress, ""},
		{" ann@[192.0.2.1,eve@evil.test]", "", SeveralMailboxes, ""},
		{" ann@", "ann@", BadAddress, ""},
		{" ann@acme..test", "ann@acme..test", BadAddress, ""},
		{" \" ann\"@acme.test", `" ann"@acme.test`, BadAddress, ""},
		{" ann @ acme.test", "@", TextBeside, ""},

		// Letters that look like others are other letters.
		{" ann@\u0430cme.test", "ann@xn--cme-5cd.test", RawUTF8, ""},
		{" ann＠acme.test", "ann＠acme.test", NoAddress, ""},
		{" ann@ａcme.test", "ann@ａcme.test", BadAddress, ""},
		{" ann@acme\u3002test", "ann@acme\u3002test", BadAddress, ""},
		{" ann@xn--0.test", "ann@xn--0.test", BadAddress, ""},
		{" ann@xn--acme-.test", "ann@xn--acme-.test", BadAddress, ""},
		{" ann\ufe0f@acme.test", "ann\ufe0f@acme.test", BadAddress, ""},
		{" ann@ac\u200bme.test", "ann@ac\u200bme.test", BadAddress, ""},
		{" an\u00adn@acme.test", "an\u00adn@acme.test", BadAddress, ""},
		{" \u212aim@acme.test", "\u212aim@acme.test", RawUTF8, ""},
		{" \u017fue@acme.test", "\u017fue@acme.test", RawUTF8, ""},
		{" j\xf6rg@acme.test", "j\ufffdrg@acme.test", BadAddress, ""},

		// Other fields.
		{"From : ann@acme.test", "ann@acme.test", SpacedFrom, ""},
		{"From\t: ann@acme.test", "ann@acme.test", SpacedFrom, ""},
		{"From: ann@acme.test\r\nFrom: bob@acme.test", "", TwoFroms, ""},
		{"From: ann@acme.test\r\nTo: x\r\nfrom : ann@acme.test", "ann@acme.test", TwoFroms, ""},
		{"Fr\r\n om: ann@acme.test", "", SenderProblem(NoColon), ""},
		{"From\r\n : ann@acme.test", "", SenderProblem(NoColon), ""},
		{"Foo: x\r\nSender: ann@acme.test", "", NoFrom, ""},
		{"Foo: x\r\nSender: ann@acme.test\r\nReply-To: ann@acme.test\r\n" +
			"Resent-From: ann@acme.test\r\nX-From: ann@acme.test", "", NoFrom, ""},
		{"From: ann@acme.test\r\nSender: eve@evil.test", "ann@acme.test", 0, ""},
		{"From: an\x00n@acme.test", "an\ufffdn@acme.test", SenderProblem(NUL), ""},
		{"From: ann@acme.test\x01.test", "ann@acme.test\ufffd.test", SenderProblem(Control), ""},
		{"From: =?utf-8?q?a=00b?= <ann@acme.test>", "ann@acme.test", HiddenControl, "a\ufffdb"},
	} {
		head := c.from
		if !strings.HasPrefix(head, "F") {
			head = "From:" + head
		}
		s := Parse([]byte(head + "\r\n\r\n")).Sender()
		if len(head) > 100 {
			head = head[:100]
			s.Name = c.name
		}
		if s.Text != c.text || s.Problem != c.problem || s.Name != c.name {
			t.Errorf("%q\n got %q, name %q, %d %s\nwant %q, name %q, %d %s", head,
				s.Text, s.Name, s.Problem, s.Problem, c.text, c.name, c.problem, c.problem)
		}
		if reliable(s) == s.Address.IsZero() || (s.Problem != 0) != (s.Why() != "") {
			t.Errorf("%q: address %q, problem %s, why %q", head, s.Address, s.Problem, s.Why())
		}
	}
}

// reliable reports whether an address must be there.
func reliable(s Sender) bool { return s.Problem == 0 || s.Problem == RawUTF8 }

func TestSenderBeyondTheLimit(t *testing.T) {
	fill := strings.Repeat("X: "+strings.Repeat("y", 995)+"\r\n", 300)
	s := Parse([]byte(fill + "From: ann@acme.test\r\n\r\n")).Sender()
	if s.Problem != SenderProblem(HeaderTooLong) || !s.Address.IsZero() {
		t.Errorf("a From behind 256 KiB gives %q, %s", s.Address, s.Problem)
	}
	many := "From: ann@acme.test\r\n" + strings.Repeat("X: y\r\n", 1000) +
		"From: eve@evil.test\r\n\r\n"
	if s = Parse([]byte(many)).Sender(); s.Problem != SenderProblem(TooManyFields) {
		t.Errorf("a second From behind 1,000 fields gives %q, %s", s.Address, s.Problem)
	}
	long := "From: \"" + strings.Repeat("é", 20000) + "\" <ann@acme.test>\r\n\r\n"
	if s = Parse([]byte(long)).Sender(); s.Problem != 0 || len([]rune(s.Name)) != 998 {
		t.Errorf("a long name gives %q, %s, %d runes", s.Address, s.Problem, len([]rune(s.Name)))
	}
}

func TestWhy(t *testing.T) {
	many := strings.Repeat("X:\r\n", 1000)
	for _, c := range []struct{ head, want string }{
		{"From: ann@acme.test\r\n", ""},
		{"From: ann@acme.test\r\nTo: x\r\nrubbish\r\n", "line 3 of the header section has no colon"},
		{"To: x\r\n", "there is no From field"},
		{"From: a@acme.test\r\nFrom: b@acme.test\r\n", "there are several From fields"},
		{"From: ann@192.0.2.1\r\n",
			"the address in From cannot be read: an IP address or a number is not a domain"},
		{"From: j\xf6rg@acme.test\r\n",
			"the address in From cannot be read: the local part is not UTF-8"},
		{"From: =?utf-8?q?a?=@acme.test\r\n", "From holds an encoded word in its address"},
		{"From: a@acme.test\r\n" + many, "line 1001 of the header section begins field 1,001"},
	} {
		if got := Parse([]byte(c.head)).Sender().Why(); got != c.want {
			t.Errorf("%.60q: %q, want %q", c.head, got, c.want)
		}
	}
}

// TestEveryProblemHasWords walks both lists of constants.
func TestEveryProblemHasWords(t *testing.T) {
	seen := map[string]bool{}
	for p := SenderProblem(1); p < problems; p++ {
		if p == firstOfFrom {
			continue
		}
		if words := p.String(); words == "" || seen[words] {
			t.Errorf("problem %d says %q", p, words)
		}
		seen[p.String()] = true
	}
	if problems.String() != "" || DefectKind(0).String() != "" || SenderProblem(255).String() != "" {
		t.Error("what is no problem has words")
	}
}
