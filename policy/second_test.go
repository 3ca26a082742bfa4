package policy_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gatepost/message"
	"gatepost/policy"
)

// This file is a second reading of section 1 of the rules: lists, profiles, From and
// Reply-To, written after the text of the rules and not after the code. It reads addresses
// and entries by itself, as plainly as it can.

func TestSecondReading(t *testing.T) {
	cases := 5000
	if os.Getenv("GATEPOST_LONG") != "" {
		cases = 20_000
	}
	random := rand.New(rand.NewPCG(10, 1))
	for i := range cases {
		c := anyCase(random)
		p := policy.Policy{Allow: list(t, policy.Allow, strings.Join(c.allow, "\n")),
			Block: list(t, policy.Block, strings.Join(c.block, " "))}
		m := message.Parse([]byte(c.header + "Subject: order\r\n\r\n"))
		f, err := policy.Read(mail(m), &p.Settings, func(a message.Address) (policy.Profile, error) {
			k, known := c.known[mailboxOf(a.String())]
			return policy.Profile{Known: known, Suspended: k == "suspended"}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		d := p.Decide(&f)
		got, want := d.Action.String()+" "+d.Cause.String(), c.decide()
		if !slices.Contains(want, got) {
			t.Fatalf("case %d: %q, and in the second reading %q\nallow %q\nblock %q\nknown %q\n%s%s",
				i, got, want, c.allow, c.block, c.known, c.header, d.Why())
		}
	}
}

// A secondCase is lists, profiles ("" or "suspended") and a header section.
type secondCase struct {
	allow, block []string
	known        map[box]string
	header       string
}

// A box is an address in parts, in lower case.
type box struct{ local, domain string }

// mailboxOf divides an address at its last @.
func mailboxOf(address string) box {
	at := strings.LastIndex(address, "@")
	local, domain := strings.ToLower(address[:at]), strings.ToLower(address[at+1:])
	if strings.HasPrefix(local, `"`) {
		local = strings.ReplaceAll(strings.Trim(local, `"`), `\`, "")
	}
	return box{local, strings.TrimSuffix(domain, ".")}
}

// decide asks the rows of the rules in their order. Of several addresses in Reply-To that hold
// a message any may be the one that is told.
func (c secondCase) decide() (outcomes []string) {
	from, one := c.sender()
	if !one {
		return []string{"suspend ambiguous_sender"}
	}
	if outcome := c.rows(from, true); outcome != "" {
		return []string{outcome}
	}
	answers, unread := c.answers()
	for _, a := range answers {
		switch outcome := c.rows(a, false); {
		case a == from || outcome == "":
		case outcome == "reject ":
			outcomes = append(outcomes, "suspend blocklisted")
		default:
			outcomes = append(outcomes, outcome)
		}
	}
	switch {
	case len(outcomes) > 0:
		return outcomes
	case unread:
		return []string{"suspend ambiguous_sender"}
	}
	return []string{"ticket "}
}

// rows are rows 1 to 8, or for Reply-To 1 to 7: "" lets the message pass.
func (c secondCase) rows(a box, isSender bool) string {
	profile, known := c.known[a]
	if profile == "suspended" {
		return "suspend spam" // row 1
	}
	star := has(c.block, "*") || has(c.block, "suspend:*")
	var suspend, rejectAddress, rejectDomain, plain, allowed bool
	for _, e := range c.block { // row 2
		keyword, target := cutEntry(e)
		full := strings.Contains(target, "@")
		switch {
		case target == "*" || !covered(target, a), star && known && full && keyword != "":
		case keyword == "suspend":
			suspend = true
		case keyword == "reject" && full:
			rejectAddress = true
		case keyword == "reject":
			rejectDomain = true
		default:
			plain = true
		}
	}
	for _, e := range c.allow {
		allowed = allowed || covered(e, a)
	}
	const held = "suspend blocklisted"
	switch {
	case suspend: // row 3
		return held
	case rejectAddress && plain, rejectDomain && !rejectAddress && (plain || star):
		return held // the conflicts of rows 4 and 5
	case rejectAddress, rejectDomain:
		return "reject "
	case allowed: // row 6
		return ""
	case plain: // row 7
		return held
	case isSender && star && !known: // row 8
		return "suspend not_on_whitelist"
	}
	return ""
}

func has(list []string, entry string) bool {
	for _, e := range list {
		if strings.EqualFold(e, entry) {
			return true
		}
	}
	return false
}

func cutEntry(e string) (keyword, target string) {
	for _, k := range []string{"suspend", "reject"} {
		if len(e) > len(k) && strings.EqualFold(e[:len(k)+1], k+":") {
			return k, e[len(k)+1:]
		}
	}
	return "", e
}

// covered reports whether a list's target is this address, its domain or one above it.
func covered(target string, a box) bool {
	if strings.Contains(target, "@") {
		return mailboxOf(target) == a
	}
	domain := strings.TrimSuffix(strings.ToLower(target), ".")
	return a.domain == domain || strings.HasSuffix(a.domain, "."+domain)
}

var (
	group    = regexp.MustCompile(`:.*;`)
	comments = regexp.MustCompile(`\([^()]*\)`)
	angled   = regexp.MustCompile(`<([^<>]*@[^<>]*)>`)
	anyBox   = regexp.MustCompile(`("[^"]*"|[^\s<>()",;:]+)@(\[[^\]]*\]|[^\s<>()",;:\[\]]+)`)
)

// values are those of the fields of that name.
func (c secondCase) values(name string) (values []string) {
	for line := range strings.SplitSeq(c.header, "\r\n") {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			values = append(values, strings.TrimSpace(rest))
		}
	}
	return values
}

// nameless is a value without what is quoted and stands before no @: a name.
func nameless(value string) string {
	before, rest, found := strings.Cut(value, `"`)
	if !found {
		return before
	}
	inner, rest, _ := strings.Cut(rest, `"`)
	if strings.HasPrefix(rest, "@") {
		before += `"` + inner + `"`
	}
	return before + nameless(rest)
}

// sender is row 0: one From, in which no reader finds a second address, and in which one finds
// the first where an address belongs.
func (c secondCase) sender() (a box, one bool) {
	values := c.values("From")
	if len(values) != 1 {
		return a, false
	}
	value := nameless(values[0])
	found := map[box]bool{}
	for _, text := range anyBox.FindAllString(value, -1) {
		if b := mailboxOf(text); strings.Contains(b.domain, ".") { // else it is part of a name
			a, found[b] = b, true
		}
	}
	bare := comments.ReplaceAllString(value, "")
	placed := angled.MatchString(value)
	for item := range strings.SplitSeq(strings.ReplaceAll(bare, ";", ","), ",") {
		item = strings.TrimSpace(item)
		placed = placed || anyBox.FindString(item) == item && item != ""
	}
	return a, len(found) == 1 && placed && !group.MatchString(bare)
}

// answers are the addresses in Reply-To; unread says that there is one that is none.
func (c secondCase) answers() (all []box, unread bool) {
	for _, value := range c.values("Reply-To") {
		for _, text := range anyBox.FindAllString(nameless(value), -1) {
			if b := mailboxOf(text); strings.Contains(b.domain, "..") {
				unread = true
			} else {
				all = append(all, b)
			}
		}
	}
	return all, unread
}

// spellings are addresses of a few mailboxes, so that entries, profiles and fields meet.
var spellings = []string{"ann@acme.test", "Ann@ACME.test", `"ann"@acme.test`, "ann@acme.test.",
	"bob@mail.acme.test", "BOB@mail.acme.test", "ann@notacme.test", "eve@spam.test",
	"a..b@acme.test", `"A..b"@acme.test`, "a.@acme.test", `"a."@acme.test`, `"x y"@acme.test`,
	"ann@[192.0.2.1]", "ann+tag@acme.test"}

var domainTargets = []string{"acme.test", "ACME.test.", "mail.acme.test", "spam.test",
	"notacme.test"}

// fromForms are From fields of an address, or of two.
var fromForms = []string{"%s", "<%s>", "Ann <%s>", `"Lee, Ann" <%s>`, "Lee, Ann <%s>", "(Ann) %s",
	"%s (Ann)", "Ann (Acme) <%s>", "%[1]s <%[1]s>", "%s <%s>", "<%s> <%s>", "%s, %s", "Ann <%s>, <%s>",
	"Team: %s;", "Team: <%s>, <%s>;", "Sales: Ann <%s>", "Ann <%s>;", "%s;", "Ann @ Acme <%s>",
	"Ann <3 <%s>", `"%s" <%s>`, "Ann %s", "Ann (%s) <%s>", "Ann", "", "<%s> Ann", "%s; %s"}

// answerForms are Reply-To fields.
var answerForms = []string{"%s", "<%s>", "Ann <%s>", `"Lee, Ann" <%s>`, "Lee, Ann <%s>", "%s, %s",
	"(Ann) %s", "Ann (Acme) <%s>", `"%s" <ok@ok.test>`, "%s <%s>", "Team: %s, <%s>;", "x@ev..il.test",
	"%s, <x@ev..il.test>"}

func anyCase(r *rand.Rand) secondCase {
	pick := func(all []string) string { return all[r.IntN(len(all))] }
	form := func(forms []string) string {
		f := pick(forms)
		args := []any{}
		for range strings.Count(f, "%s") + min(1, strings.Count(f, "%[1]s")) {
			a := pick(spellings)
			if strings.Contains(f, `"%s"`) { // which has quotation marks of its own
				a = addresses[r.IntN(len(addresses))]
			}
			args = append(args, a)
		}
		return fmt.Sprintf(f, args...)
	}
	c := secondCase{known: map[box]string{}}
	for range r.IntN(4) {
		c.allow = append(c.allow, pick([]string{pick(spellings), pick(domainTargets)}))
	}
	for range r.IntN(5) {
		target := pick([]string{pick(spellings), pick(domainTargets)})
		c.block = append(c.block, pick([]string{"", "suspend:", "Reject:", "REJECT:"})+target)
	}
	if r.IntN(3) == 0 {
		c.block = append(c.block, pick([]string{"*", "Suspend:*"}))
	}
	for range r.IntN(4) {
		c.known[mailboxOf(pick(spellings))] = pick([]string{"", "", "suspended"})
	}
	for range []int{0, 1, 1, 1, 1, 1, 1, 1, 1, 2}[r.IntN(10)] {
		c.header += "From: " + form(fromForms) + "\r\n"
	}
	for range []int{0, 0, 1, 1, 2}[r.IntN(5)] {
		c.header += "Reply-To: " + form(answerForms) + "\r\n"
	}
	return c
}
