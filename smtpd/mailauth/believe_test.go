package mailauth

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"gatepost/message"
	"gatepost/policy"
)

// filtered checks q behind relays that run those products.
func filtered(t *testing.T, q Query, names string) *policy.Authentication {
	t.Helper()
	o := Options{AuthservIDs: []string{"mx.relay.test"}}
	for _, name := range strings.Fields(names) {
		p, err := policy.ParseProduct(name)
		if err != nil {
			t.Fatal(err)
		}
		o.Filters = append(o.Filters, p)
	}
	c := New(zoneOf(t, relayRecords), o)
	t.Cleanup(c.Close)
	return c.Check(t.Context(), q)
}

const (
	passes  = " dmarc=pass header.from=acme.test"
	rspamd  = "Authentication-Results: mx.relay.test;" + passes
	another = "Authentication-Results: mx.relay.test; spf=none"
	google  = "Authentication-Results: mx.google.com;" + passes
	mx1     = "Authentication-Results: mx1.messagingengine.com;" + passes
	bare365 = "Authentication-Results: spf=pass smtp.mailfrom=acme.test;" + passes +
		";compauth=pass reason=100"
	edge  = "Received: from x (x [192.0.2.1]) by mx.relay.test; x"
	inner = "Received: from a (2001:db8::1) by b (2001:db8::2) with " +
		"Microsoft SMTP Server (x) id 15.20.1; x"
	mailer = "X-Mailer: x"
)

// TestFilters: a field is read where a product that the operator has named writes it and
// nobody else can have, and nowhere else; what is not read is told with the setting that
// would read it.
func TestFilters(t *testing.T) {
	for _, c := range []struct {
		name    string
		above   []string
		below   []string // the relay's own line and what follows it
		filters string
		said    bool
		unread  string // Field, then a word of what is said of it
	}{
		{"above, named", []string{rspamd}, []string{edge}, "", true, ""},
		{"rspamd, not named", nil, []string{edge, rspamd}, "", false,
			`of mx.relay.test: ` + policy.StandsBelow +
				`; "rspamd" in smtp.filter reads it, if the relay runs that`},
		{"rspamd", nil, []string{edge, rspamd}, "rspamd", true, ""},
		{"rspamd, and a sender's of another", nil, []string{edge, rspamd, google}, "rspamd", true,
			"of mx.google.com: it stands below"},
		{"rspamd behind another field", nil, []string{edge, mailer, rspamd}, "opendkim rspamd",
			true, ""},
		{"two of the relay's id", nil, []string{edge, rspamd, another}, "rspamd", false,
			"of mx.relay.test: it stands below"},
		{"the relay's id second", nil, []string{edge, google, rspamd}, "rspamd", false,
			"of mx.google.com: it stands below"},
		{"an unreadable one behind", nil, []string{edge, rspamd, "Authentication-Results: ;"},
			"rspamd", false,
			"of mx.relay.test: it stands below"},
		{"below another relay's line", nil, []string{edge, edge, rspamd}, "rspamd", false,
			"of mx.relay.test: it stands below"},
		{"the relay's id above as well", []string{another}, []string{edge, rspamd},
			"opendkim rspamd", false,
			"of mx.relay.test: it stands below"},
		{"another id", nil, []string{edge, strings.Replace(rspamd, "mx.relay", "mx.evil", 1)},
			"rspamd", false,
			"of mx.evil.test: " + policy.StandsBelow +
				", and smtp.authserv_id does not name it"},
		{"a product that removes none", nil, []string{edge, google}, "google", false,
			"of mx.google.com: " + policy.StandsBelow +
				"; who it is from is asked here instead"},
		{"the relay's own, of a product that removes none", nil, []string{edge, rspamd}, "stalwart", false,
			"of mx.relay.test: it stands below"},
		{"a product's above", []string{google}, []string{edge}, "google", true, ""},
		{"a product's above, not named", []string{google}, []string{edge}, "", false,
			`of mx.google.com: nothing says that the relay has it from Gmail, ` +
				`Google Workspace; "google" in smtp.filter reads it`},
		{"one host of many", []string{mx1}, []string{edge}, "fastmail", true, ""},
		{"one host of many, below", nil, []string{edge, mx1}, "fastmail", false,
			"of mx1.messagingengine.com: it stands below"},
		{"an id that nobody knows", []string{strings.Replace(rspamd, "mx.relay", "mx.other", 1)},
			[]string{edge}, "rspamd", false,
			`of mx.other.test: smtp.authserv_id does not name it; ` +
				`"mx.other.test" in smtp.authserv_id reads it`},
		{"no id", []string{bare365}, []string{edge}, "exchange-online", true, ""},
		{"no id, not named", []string{bare365}, []string{edge}, "rspamd", false,
			`without an authserv-id: nothing says that the relay has it from Exchange Online ` +
				`(Microsoft 365); "exchange-online" in smtp.filter reads it`},
		{"no id, below", nil, []string{edge, bare365}, "exchange-online", false, ""},
		{"no id, below an inner line", nil, []string{inner, bare365, edge}, "", false,
			`without an authserv-id: ` + policy.StandsBelow +
				`; "exchange-online" in smtp.filter knows that line`},
		{"unreadable", []string{"Authentication-Results: mx.relay.test 2;" + passes},
			[]string{edge}, "", false,
			"Authentication-Results: it cannot be read: at octet 16"},
		{"read in part", []string{rspamd + "; helo=x(\x01"}, []string{edge}, "", false,
			"of mx.relay.test: it is read in part, since this is no result: helo=x(\ufffd"},
	} {
		q := relayed(c.above, c.below...)
		a := filtered(t, q, c.filters)
		if got := a.Said == policy.Pass; got != c.said {
			t.Errorf("%s: %v, want %v", c.name, a.Said, c.said)
		}
		var told []string
		for _, u := range a.Unread {
			told = append(told, u.Field+": "+u.Why+"; "+u.Setting)
		}
		if c.unread == "" && told != nil || c.unread != "" &&
			!strings.Contains(strings.Join(told, "\n"), c.unread) {
			t.Errorf("%s: unread %q, want %q", c.name, told, c.unread)
		}
		// Nothing of it is read, or said, of mail that did not come through a relay.
		q.Hop = policy.Hop{Client: q.Hop.Client}
		a = filtered(t, q, c.filters)
		if a.Said != policy.None || a.Unread != nil || a.Relay != "" {
			t.Errorf("%s, directly: %+v", c.name, a)
		}
	}
}

// TestQuoting: where what a stranger chose holds what could end a comment or a value, a relay's
// field only speaks against the sender. The relay repeats it, and not each of them quotes it.
func TestQuoting(t *testing.T) {
	const signs = "DKIM-Signature: v=1; d=acme.test; s=s; i="
	for text, trick := range map[string]func(*Query, string){
		"the reverse-path": func(q *Query, s string) { q.Envelope.MailFrom = s + "@evil.test" },
		"HELO":             func(q *Query, s string) { q.Hop.Helo = s },
		"a signature": func(q *Query, s string) {
			q.Message.Fields = append(q.Message.Fields,
				message.Parse([]byte(signs+s+"@acme.test\r\n\r\n")).Fields...)
		},
	} {
		for s, believed := range map[string]bool{
			"x": true, "x+y=z": true, `"x"`: false, "x(y": false, "x)y": false, `x\y`: false,
		} {
			q := relayed([]string{rspamd}, edge)
			trick(&q, s)
			a := filtered(t, q, "")
			if got := a.Said == policy.Pass; got != believed {
				t.Errorf("%s, %s: %v, want %v", text, s, got, believed)
			}
			if told := len(a.Unread) == 1 && strings.HasPrefix(a.Unread[0].Why, text); told == believed {
				t.Errorf("%s, %s: unread %+v", text, s, a.Unread)
			}
		}
	}
}

// Where the relay does not say who its client was, and where another field of its id stands
// there, what stands below its line is good for nothing but to speak against the sender.
func TestUnsure(t *testing.T) {
	fails := strings.ReplaceAll(rspamd, "pass", "fail")
	for said, below := range map[policy.Result][]string{
		policy.None: {edge, rspamd, rspamd}, policy.Fail: {edge, fails, rspamd},
	} {
		if a := filtered(t, relayed(nil, below...),
			"rspamd"); a.Said != said || len(a.Unread) == 0 {
			t.Errorf("two: %v, %+v", said, a)
		}
		q := relayed(nil, below[:2]...)
		q.Hop.Client = policy.Hop{}.Client
		if a := filtered(t, q, "rspamd"); a.Said != said || len(a.Unread) != 1 {
			t.Errorf("hidden: %v, %+v", said, a)
		}
	}
}

// A field without an authserv-id is told by the name of its product.
func TestBareRelay(t *testing.T) {
	a := filtered(t, relayed([]string{bare365}, edge), "exchange-online")
	if a.Relay != "exchange-online" || !a.SPF.Told || a.SPF.Domain != "acme.test" ||
		!strings.Contains(Field("gate.test", a, "acme.test", policy.Pass),
			`reason="as exchange-online says"`) {
		t.Errorf("%+v", a)
	}
}

// TestFurtherFieldsNeverHelp: whatever a stranger writes below the relay's line, and whatever
// the operator says that the relay runs, a message that fails fails.
func TestFurtherFieldsNeverHelp(t *testing.T) {
	ids := []string{"mx.relay.test; ", "mx.google.com; ", "amazonses.com; ", "", "x.yahoo.com; "}
	said := []string{"dmarc=pass header.from=acme.test", "dkim=pass header.d=acme.test",
		"spf=pass smtp.mailfrom=acme.test", "dmarc=temperror header.from=acme.test", "dkim=none",
		"envelope-from=x@acme.test", "(", "none"}
	var names []string
	for _, p := range policy.Products() {
		names = append(names, p.Name)
	}
	rapid.Check(t, func(r *rapid.T) {
		below := []string{edge}
		filters := rapid.SliceOfN(rapid.SampledFrom(names), 0, 3).Draw(r, "filters")
		if rapid.Bool().Draw(r, "rspamd") { // it says that the message fails, above all others
			filters = append(filters, "rspamd")
			below = append(below, strings.ReplaceAll(rspamd, "pass", "fail"))
		} else {
			filters = slices.DeleteFunc(filters, func(s string) bool { return s == "rspamd" })
		}
		for range rapid.IntRange(0, 4).Draw(r, "fields") {
			below = append(below, rapid.SampledFrom([]string{mailer, edge, inner,
				"Authentication-Results: " + rapid.SampledFrom(ids).Draw(r, "id") + strings.Join(
					rapid.SliceOfN(rapid.SampledFrom(said), 1, 3).Draw(r, "said"), "; ")}).Draw(r,
				"field"))
		}
		q := relayed(nil, below...)
		q.Hop.Client = netip.MustParseAddr("203.0.113.66")
		q.Envelope.MailFrom = "x@acme.test"
		if got := proof(q, filtered(t, q, strings.Join(filters, " "))); got != policy.Fail {
			r.Fatalf("%v: %s\n%s", got, filters, strings.Join(below, "\n"))
		}
	})
}
