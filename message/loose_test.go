package message

import (
	"strings"
	"testing"
)

// TestOneAddress goes through names that no grammar has, around the only address there is:
// every reader that finds one finds that.
func TestOneAddress(t *testing.T) {
	const ann = "ann@shop.test"
	for _, c := range []struct{ from, name string }{
		{"ann@shop.test <ann@shop.test>", "ann@shop.test"},
		{"'ann@shop.test' <Ann@Shop.test>", "'ann@shop.test'"},
		{"‘ann@shop.test’ <ann@shop.test>", "‘ann@shop.test’"},
		{"=?utf-8?q?ann@shop.test?= <ann@shop.test>", "ann@shop.test"},
		{"\"ann\"@shop.test <ann@shop.test>", "ann@shop.test"},
		{"Ann (ann@shop.test) <ann@shop.test>", "Ann (ann@shop.test)"},
		{"ann@shop.test, Ann <ann@shop.test>", ""},
		{"Ann (Acme) <ann@shop.test>", "Ann (Acme)"},
		{"Ann (Acme) <ann@shop.test> (Sales)", "Ann (Acme)"},
		{"(Ann) ann@shop.test", "Ann"},
		{"(Ann)ann@shop.test(Acme)", "Ann"},
		{"ann@shop.test (<3)", "<3"},
		{"Acme, Inc. <ann@shop.test>", "Acme, Inc."},
		{"Acme, Lamps, and More, Inc. <ann@shop.test>", "Acme, Lamps, and More, Inc."},
		{"=?utf-8?q?M=C3=BCller?=, Ann <ann@shop.test>", "Müller, Ann"},
		{"\"Acme\", Inc. <ann@shop.test>", "Acme, Inc."},
		{"ann@shop.test,", ""},
		{"ann@shop.test, ann@shop.test", ""},
		{"Sales: Ann <ann@shop.test>", "Sales: Ann"},
		{"mailto:ann@shop.test", "mailto:"},
		{"Ann <ann@shop.test>;", "Ann"},
		{"ann@shop.test;", ""},
		{"Ann @ Acme <ann@shop.test>", "Ann @ Acme"},
		{"Sales@Acme <ann@shop.test>", "Sales@Acme"},
		{"@ann <ann@shop.test>", "@ann"},
		{"[Acme] Ann <ann@shop.test>", "[Acme] Ann"},
		{"Ann <Acme> <ann@shop.test>", "Ann <Acme>"},
		{"Ann <3 <ann@shop.test>", "Ann <3"},
		{"Ann > Bob <ann@shop.test>", "Ann > Bob"},
		{"<ann@shop.test> Ann", "Ann"},
		{"Ann \"Annie <ann@shop.test>", "Ann Annie"},
		{"\"Acme\" \"<boss@example.com>\" (x) <ann@shop.test>", "Acme <boss@example.com> (x)"},
		{"Ann\r\n (Acme)\r\n <ann@shop.test>", "Ann (Acme)"},
	} {
		s := Parse([]byte("From: " + c.from + "\r\n\r\n")).Sender()
		if s.Problem != 0 || s.Text != ann || s.Address.String() != ann || s.Name != c.name {
			t.Errorf("%q: %q, name %q, %s", c.from, s.Text, s.Name, s.Problem)
		}
		list, problem := Parse([]byte("Reply-To: " + c.from + "\r\n\r\n")).ReplyTo()
		if len(list) != 1 || list[0].Address.String() != ann || problem != "" {
			t.Errorf("%q in Reply-To: %v, %s", c.from, list, problem)
		}
	}
}

// TestForged goes through fields in which a reader can find ann@shop.test and another one
// can find eve@evil.test. Nobody is the sender of such a message.
func TestForged(t *testing.T) {
	for _, from := range []string{
		"ann@shop.test <eve@evil.test>",
		"eve@evil.test <ann@shop.test>",
		"<ann@shop.test> <eve@evil.test>",
		"<ann@shop.test> eve@evil.test",
		"<ann@shop.test <eve@evil.test>>",
		"<eve@evil> <ann@shop.test>",
		"Ann @ Home, Inc. <ann@shop.test>",
		"ann@shop.test, eve@ evil",
		"<ann@shop.test> \"eve@evil.test\"",
		"<<ann@shop.test>>",
		"<ann@shop.test>>",
		"<ann@shop.test><>",
		"Ann <> <ann@shop.test>, <>",
		"<ann@shop.test,eve@evil.test>",
		"ann@shop.test, eve@evil.test",
		"ann@shop.test; eve@evil.test",
		"Ann; ann@shop.test: eve@evil.test",
		"Team: ann@shop.test;",
		"Team: Ann <ann@shop.test>;",
		"Team: Acme, Inc. <ann@shop.test>;",
		"ann@shop.test\\, <eve@evil.test>",
		"Lee\\, Ann <ann@shop.test>",
		"Ann (eve@evil.test) <ann@shop.test>",
		"Ann (<eve@evil.test>) <ann@shop.test>",
		"ann@shop.test (<eve@evil.test>)",
		"eve(x)@evil.test <ann@shop.test>",
		"eve@(x)evil.test <ann@shop.test>",
		"eve @ evil.test <ann@shop.test>",
		"eve@evil . test <ann@shop.test>",
		"\"eve\"@evil.test <ann@shop.test>",
		"eve@\"evil.test\" <ann@shop.test>",
		"\"eve\" (x) @ evil.test <ann@shop.test>",
		"\"x <eve@evil.test> \" <ann@shop.test> \"",
		"\"x <eve@evil.test>, \" <ann@shop.test>, \"",
		"\"x\\\" <eve@evil.test> \"y\" <ann@shop.test>",
		"(x <eve@evil.test> ) <ann@shop.test> )",
		"Ann (x (y)) <ann@shop.test>",
		"Ann (x <ann@shop.test>",
		"Ann x) <ann@shop.test>",
		"ann@shop.test " + strings.Repeat("(", 4000) + strings.Repeat(")", 4000),
		"ann(x)@shop.test",
		"Ann (<ann@shop.test>)",
		"ann@(x)shop.test",
		"Ann <ann@shop.test",
		"ann@shop.test>",
		"Ann ann@shop.test",
		"ann@shop.test Ann",
		"ann @ shop.test",
		"<ann@\r\n shop.test>",
		"<ann@shop.test\r\n ,eve@evil.test>",
		"<@evil.test:ann@shop.test>",
		"Ann, <@evil.test,@x.test:ann@shop.test>",
		"ann%shop.test@evil.test <ann%shop.test@evil.test>",
		"shop.test!ann@evil.test,",
		"=?utf-8?q?eve=40evil.test?=, Ann <ann@shop.test>",
		"=?utf-8?q?=3Ceve=40evil.test=3E?= (x) <ann@shop.test>",
		"=?utf-8?q?eve?=@evil.test <ann@shop.test>",
		"=?no-such?q?eve=40evil.test?=, Ann <ann@shop.test>",
		"=?utf-8?q?ann?=@shop.test,",
		"eve＠evil.test, Ann <ann@shop.test>",
		"eve﹫evil.test, Ann <ann@shop.test>",
		"eve%40evil.test, Ann <ann@shop.test>",
		"eve@ev\u00adil.test <ann@shop.test>",
		"eve@evil\u3002test.test <ann@shop.test>",
		"eve@[192.0.2.1] <ann@shop.test>",
		"ann@sh\u043ep.test <ann@shop.test>",
		"\u202eann@shop.test <eve@evil.test>",
		"ann@shop.test\u200b <ann@shop.test>",
		"'eve@evil.test' <ann@shop.test>",
		"An\x00n, <ann@shop.test>",
		"Ann, <ann@shop.test>\rX: y",
		"Ann, <ann@shop.test>\nX: y",
		strings.Repeat("x, ", 3000) + "<ann@shop.test>",
	} {
		s := Parse([]byte("From: " + from + "\r\n\r\n")).Sender()
		if s.Problem == 0 || !s.Address.IsZero() {
			t.Errorf("%.80q: %q is taken for the sender", from, s.Address)
		}
	}
}
