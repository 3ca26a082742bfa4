package policy_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"gatepost/policy"
)

func ranges(t testing.TB, text string) *policy.Ranges {
	t.Helper()
	r, err := policy.ParseRanges(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRangesContain(t *testing.T) {
	for text, c := range map[string]struct{ in, out string }{
		"192.*.*.*": {"192.0.0.0 192.255.255.255 ::ffff:192.1.2.3",
			"191.1.2.3 193.0.0.0 ::c001:203"},
		"192.168.1.0/25":                  {"192.168.1.0 192.168.1.127", "192.168.1.128 192.168.0.127"},
		"192.168.0.1":                     {"192.168.0.1 ::ffff:192.168.0.1", "192.168.0.2 192.168.1.1"},
		"10.*.*.7":                        {"10.0.0.7 10.255.255.7", "10.0.0.8 11.0.0.7"},
		"*.168.*.1":                       {"1.168.9.1 255.168.0.1", "1.167.9.1 1.168.9.2"},
		"*.*.*.9":                         {"0.0.0.9 1.2.3.9", "1.2.3.8"},
		"10.1.*.*":                        {"10.1.0.0 10.1.255.255", "10.2.0.0"},
		"10.1.2.*":                        {"10.1.2.0 10.1.2.255", "10.1.3.0"},
		"2001:db8::/32":                   {"2001:db8::1 2001:db8:ffff::", "2001:db9:: 10.1.2.3"},
		"2001:db8::7":                     {"2001:db8::7 2001:db8:0::7%eth0", "2001:db8::8"},
		"::ffff:10.0.0.0/104":             {"10.1.2.3 ::ffff:10.1.2.3", "11.1.2.3"},
		"::ffff:10.0.0.7":                 {"10.0.0.7", "10.0.0.8"},
		"0.0.0.0/1":                       {"127.0.0.1", "128.0.0.1"},
		"0.0.0.0 255.255.255.255/32":      {"0.0.0.0 255.255.255.255", "0.0.0.1"},
		"10.*.0.1 10.*.0.2\n 10.1.0.0/16": {"10.9.0.1 10.9.0.2 10.1.9.9", "10.9.0.3"},
		"":                                {"", "0.0.0.0 :: 10.1.2.3"},
	} {
		r := ranges(t, text)
		for _, s := range strings.Fields(c.in) {
			if !r.Contains(netip.MustParseAddr(s)) {
				t.Errorf("%q does not contain %s", text, s)
			}
		}
		for _, s := range strings.Fields(c.out) {
			if r.Contains(netip.MustParseAddr(s)) {
				t.Errorf("%q contains %s", text, s)
			}
		}
		if r.Contains(netip.Addr{}) || r.String() != text || r.Empty() != (text == "") {
			t.Errorf("%q: %q, empty %v", text, r, r.Empty())
		}
	}
}

func TestNoRanges(t *testing.T) {
	for _, r := range []*policy.Ranges{nil, {}} {
		if r.Contains(netip.MustParseAddr("10.1.2.3")) || !r.Empty() || r.String() != "" {
			t.Errorf("%v contains something", r)
		}
	}
}

func TestRangesRefused(t *testing.T) {
	const like = "write it like 192.168.1.7, 192.168.1.* or 192.168.1.0/24"
	const meant = "write the networks that are meant, such as 192.168.1.0/24"
	const length = "write a number from 1 to 32 after the /"
	const separated = "ranges are separated by white space, not by a comma or a semicolon; "
	for text, want := range map[string]string{
		"10.0.0.1 10.0.0.0/0": `range 2 "10.0.0.0/0" (character 10): ` +
			"it would stand for every address there is; " + meant,
		"::/0":          "it would stand for every address there is; " + meant,
		"::ffff:0:0/96": "it would stand for every address there is; " + meant,
		"*.*.*.*":       "it would stand for every IPv4 address; " + meant,
		"*.*.*.*/8":     "it would stand for every IPv4 address; " + meant,
		"19*.1.1.1":     "* stands for a whole number, never for a part of one; write * in place of 19*",
		"192.168":       "an IPv4 address has four numbers, not 2; write 192.168.*.*",
		"192.168.*":     "an IPv4 address has four numbers, not 3; write 192.168.*.*",
		"*":             "an IPv4 address has four numbers, not 1; " + like,
		"1.2.3.4.5":     "an IPv4 address has four numbers, not 5; " + like,
		"acme.test":     "an IPv4 address has four numbers, not 2; " + like,
		"10.01.0.007":   "01 has leading zeros: to some programs it is octal; write 10.1.0.7",
		"10.00.0.0/8":   "00 has leading zeros: to some programs it is octal; write 10.0.0.0/8",
		"10.256.1.1":    "256 is above 255; write a number from 0 to 255",
		"10.99999999999999999999.1.1": "99999999999999999999 is above 255; " +
			"write a number from 0 to 255",
		"10..1.1":            "a number is missing; write a number there, or *",
		"10.-1.1.1":          `"-1" is not a number; ` + like,
		"10.0.0.1-10.0.0.9":  "an IPv4 address has four numbers, not 7; " + like,
		"192.168.1.77/25":    "it has bits set behind the first 25; write 192.168.1.0/25",
		"192.168.1.200/25":   "it has bits set behind the first 25; write 192.168.1.128/25",
		"2001:db8::1/32":     "it has bits set behind the first 32; write 2001:db8::/32",
		"10.0.0.0/33":        "33 is above 32; write a number from 0 to 32",
		"10.0.0.0/08":        "08 has leading zeros: to some programs it is octal; write 10.0.0.0/8",
		"10.0.0.0/":          `"" is not a prefix length; ` + length,
		"10.0.0.0/255.0.0.0": `"255.0.0.0" is not a prefix length; ` + length,
		"10.0.0.0/8/8":       `"8/8" is not a prefix length; ` + length,
		"10.*.0.0/16": "* and / do not go together; " +
			"write * for whole numbers, or a full address before the /",
		"10.0.0.1,10.0.0.2": separated + "write 10.0.0.1 10.0.0.2",
		"2001:db8::/32,::1": separated + "write 2001:db8::/32 ::1",
		"2001:db8:*::": "* has no meaning in an IPv6 address; " +
			"write a prefix, such as 2001:db8::/32",
		"2001:db8::g":         "it is not an IPv6 address; write it like 2001:db8::7 or 2001:db8::/32",
		"fe80::1%eth0":        "a zone has no meaning in a range; write fe80::1",
		"2001:db8::/129":      "129 is above 128; write a number from 0 to 128",
		"::ffff:10.0.0.1/104": "it has bits set behind the first 8; write 10.0.0.0/8",
	} {
		r, err := policy.ParseRanges(text)
		var problems policy.Problems
		if !errors.As(err, &problems) || r != nil {
			t.Errorf("%q was taken", text)
		} else if got := problems[0]; problems[0].Error() != want && got.Reason+"; "+got.Remedy != want {
			t.Errorf("%q\n got %v\nwant %s", text, got, want)
		}
	}
	_, err := policy.ParseRanges("10.0.0.1 x\ty")
	if err == nil || strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("two bad ranges: %v", err)
	}
}

// TestRangesAgree compares tables and sets with the plain meaning of each range.
func TestRangesAgree(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	texts := tenThousand(random)
	r := ranges(t, strings.Join(texts, " "))
	for range 2000 {
		a := tenNet(random.IntN(256), random.IntN(256), random.IntN(256))
		if got, want := r.Contains(a), anyCovers(texts, a); got != want {
			t.Fatalf("%v: %v, want %v", a, got, want)
		}
	}
}

func anyCovers(texts []string, a netip.Addr) bool {
	numbers := strings.Split(a.String(), ".")
	for _, text := range texts {
		if p, err := netip.ParsePrefix(text); err == nil {
			if p.Contains(a) {
				return true
			}
			continue
		}
		same := true
		for i, n := range strings.Split(text, ".") {
			same = same && (n == "*" || n == numbers[i])
		}
		if same {
			return true
		}
	}
	return false
}

// tenThousand ranges of every form, below 10.0.0.0/8 and with every mask.
func tenThousand(random *rand.Rand) []string {
	texts := make([]string, 10000)
	for i := range texts {
		n := [4]int{10, random.IntN(256), random.IntN(256), random.IntN(256)}
		switch i % 4 {
		case 0:
			texts[i] = fmt.Sprintf("10.%d.%d.%d", n[1], n[2], n[3])
		case 1:
			p := netip.PrefixFrom(tenNet(n[1], n[2], n[3]), 24+random.IntN(9))
			texts[i] = p.Masked().String()
		case 2:
			texts[i] = wildcards(n, 1+random.IntN(14))
		case 3:
			texts[i] = fmt.Sprintf("2001:db8:%x:%x::/64", n[1], n[2]*256+n[3])
		}
	}
	return texts
}

func tenNet(b, c, d int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(b), byte(c), byte(d)})
}

// wildcards writes the numbers with the bits of open as *. Open ends of the range are kept
// rare, or everything would be contained.
func wildcards(n [4]int, open int) string {
	parts := make([]string, 4)
	for i := range n {
		parts[i] = fmt.Sprint(n[i])
		if open&(1<<i) != 0 && open != 0b1110 && open != 0b1111 && open != 0b1100 {
			parts[i] = "*"
		}
	}
	return strings.Join(parts, ".")
}

// FuzzRanges: what is taken is taken again from its text, and what is refused says why.
func FuzzRanges(f *testing.F) {
	for _, s := range []string{"10.0.0.0/8 10.*.*.1", "::/1", "1.2.3", "::ffff:1.2.3.4/97"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := policy.ParseRanges(text)
		if err != nil {
			if r != nil || err.Error() == "" {
				t.Errorf("%q: %v, %v", text, r, err)
			}
			return
		}
		if again := ranges(t, r.String()); again.String() != r.String() {
			t.Errorf("%q is read again as %q", text, again)
		}
	})
}
