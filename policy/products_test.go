package policy_test

import (
	"slices"
	"strings"
	"testing"

	"gatepost/message"
	"gatepost/policy"
)

// The table of products is sound: what one row says does not contradict another's.
func TestProducts(t *testing.T) {
	owners := map[string]string{}
	last := ""
	for _, p := range policy.Products() {
		if p.Name <= last || p.Name != strings.ToLower(p.Name) || strings.ContainsAny(p.Name,
			" \t") {
			t.Errorf("%q stands behind %q", p.Name, last)
		}
		last = p.Name
		if p.Title == "" || p.Source == "" || strings.Contains(p.Source, "/work") {
			t.Errorf("%s: %q, %q", p.Name, p.Title, p.Source)
		}
		if (p.Marks == policy.Nowhere) != (len(p.Spam) == 0) {
			t.Errorf("%s: marks %v, %d of them", p.Name, p.Marks, len(p.Spam))
		}
		if p.Results == policy.Nowhere && (len(p.IDs) > 0 || p.Removes || p.Remarks) {
			t.Errorf("%s writes no results, and yet: %+v", p.Name, p)
		}
		for _, id := range p.IDs {
			if other := owners[id]; other != "" {
				t.Errorf("%q is that of %s and %s", id, other, p.Name)
			}
			owners[id] = p.Name
			if _, err := message.ParseDomain(strings.TrimPrefix(id, "*.")); id != "" && err != nil {
				t.Errorf("%s: %q: %v", p.Name, id, err)
			}
		}
		for _, m := range p.Spam {
			// A field whose name is too long to be looked for would never be read.
			if m.Says == "" || len(m.Field) > 40 {
				t.Errorf("%s: %+v", p.Name, m)
			}
		}
		if got, err := policy.ParseProduct(p.Name); err != nil || got.Title != p.Title {
			t.Errorf("%s: %v, %v", p.Name, got, err)
		}
	}
	if len(owners) < 15 {
		t.Errorf("only %d authserv-ids", len(owners))
	}
}

func TestParseProduct(t *testing.T) {
	for _, name := range []string{"", "rspamd ", "Rspamd", "exchange"} {
		if p, err := policy.ParseProduct(name); err == nil {
			t.Errorf("%q is %v", name, p)
		}
	}
}

func TestProductOf(t *testing.T) {
	for id, want := range map[string]string{
		"mx.google.com": "google", "x.mx.google.com": "", "mx.google.com.evil.test": "",
		"phl-mx-04.messagingengine.com": "fastmail", "messagingengine.com": "",
		".messagingengine.com":    "",
		"evilmessagingengine.com": "", "a.b.yahoo.com": "yahoo", "spf.icloud.com": "icloud",
		"": "exchange-online", "mx.relay.test": "", "*.yahoo.com": "yahoo",
	} {
		got := ""
		if p := policy.ProductOf(id); p != nil {
			got = p.Name
		}
		if got != want {
			t.Errorf("%q: %q, want %q", id, got, want)
		}
	}
	if got := policy.ReadBelow(); got != `"rspamd" in smtp.filter reads it, if the relay runs that` {
		t.Error(got)
	}
}

// filters are the products of those names.
func filters(t testing.TB, names ...string) (all []*policy.Product) {
	t.Helper()
	for _, name := range names {
		p, err := policy.ParseProduct(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

// marked is mail that a relay handed on, with fields above its line, directly below it and at
// the end of the header section.
func marked(above, below, end string) string {
	return above + "Received: from x.test (x.test [198.51.100.7]) by mx.desk.test; x\r\n" + below +
		"From: ann@acme.test\r\nSubject: order\r\n" + end + "\r\nx\r\n"
}

// Marks that mean spam, and what looks like one, each as a product writes it.
const (
	spamMarks = `
X-Spam: Yes
X-SPAM: yes
X-Spam: true
X-Spam: (x) yes
X-Spam-Flag: YES
X-Spam-Status: Yes, score=9.1 required=5.0
X-Spam-Status: Yes
X-Spam-Score: spam, score=7.20
X-MS-Exchange-Organization-SCL: 5
X-MS-Exchange-Organization-SCL: 9
X-Forefront-Antispam-Report: CIP:192.0.2.7;SCL:5;SFV:;CAT:NONE;
X-Forefront-Antispam-Report: SFV:SPM;CAT:NONE
X-Forefront-Antispam-Report: SFV:SKS;
X-Forefront-Antispam-Report: SFV:SKB;
X-Forefront-Antispam-Report: CAT:HSPM;
X-Forefront-Antispam-Report: CAT:HPHISH;
X-Microsoft-Antispam-Mailbox-Delivery: ucf:0;dest:J;RF:JunkEmail
X-SES-Spam-Verdict: FAIL
X-Gm-Spam: 1
X-Gm-Phishy: 1
X-Yandex-Spam: 4
X-Proofpoint-Spam-Details: rule=spam policy=default score=100
X-Mimecast-Spam-Score: 28
X-Barracuda-Spam-Flag: YES
X-Barracuda-Spam-Status: Yes, SCORE=4.10 using
X-VR-SPAMSTATE: SPAM
X-Ovh-Spam-Status: SPAM
X-Spam-Tag: YES
X-ESET-AS: R=SPAM;S=100;OP=x
X-ESET-Antispam: SPAM
X-Bogosity: Spam, tests=bogofilter, spamicity=0.99
X-CRM114-Status: SPAM ( -14.3 )
X-DSPAM-Result: Spam
X-DSPAM-Result: Blocklisted
X-Rspamd-Action: add header
X-hMailServer-Spam: YES
X-Mailgun-Sflag: Yes
X-Postal-Spam: yes
X-TM-AS-Result: Yes-5.339-5.0-31-1
X-GND-Status: SPAM
X-Spamtest-Status: SPAM
X-Spamtest-Status: Probable Spam
`
	otherMarks = `
X-Spam: no
X-Spam: undefined
X-Spam: Not detected
X-Spam: yesterday
X-Spam:
X-Spam-Flag: NO
X-Spam-Status: No, score=4.9 required=5.0
X-Spam-Score: 9.3
X-Spam-Score: ham, score=1
X-Spam-Level: *******
X-SPAM-LEVEL: Spam detection results: 0
X-Spam-known-sender: yes ("Address")
X-MS-Exchange-Organization-SCL: 1
X-MS-Exchange-Organization-SCL: -1
X-MS-Exchange-Organization-SCL: x
X-Forefront-Antispam-Report: CIP:192.0.2.7;SCL:1;SFV:NSPM;CAT:NONE;
X-Forefront-Antispam-Report: SCL:-1;SFV:SKN;CAT:NONE
X-Forefront-Antispam-Report: SCL:-1;SFV:SFE;
X-Forefront-Antispam-Report: H:SPM;PTR:x
X-Microsoft-Antispam-Mailbox-Delivery: ucf:0;dest:I;
X-SES-Spam-Verdict: PASS
X-SES-Spam-Verdict: GRAY
X-Gm-Spam: 0
X-CF-SpamH-Score: 100
X-Yandex-Spam: 1
X-Yandex-Spam: 2
X-Proofpoint-Spam-Details: rule=notspam policy=default score=100 spamscore=100 classifier=spam
X-Proofpoint-Spam-Details: rule=inbound_notspam score=0 classifier=spam
X-Proofpoint-Spam-Details: rule=inbound_policy_notspam
X-IronPort-Anti-Spam-Filtered: true
X-Mimecast-Spam-Signature: yes
X-Mimecast-Spam-Score: 1
X-Barracuda-Spam-Status: No, SCORE=0.1 using
X-VR-SPAMSTATE: OK
X-ESET-AS: R=OK;S=0
X-Bogosity: Ham, tests=bogofilter
X-Bogosity: Unsure, tests=bogofilter
X-CRM114-Status: GOOD ( 9 )
X-DSPAM-Result: Innocent
X-Rspamd-Action: no action
X-Rspamd-Action: greylist
X-Mailgun-Sflag: No
X-Postal-Spam: no
X-Postal-Threat: no
X-TM-AS-Result: No-10--3.6-8.0
X-GND-Status: LEGIT
X-GMX-Antispam: 0 (x)
X-Spamtest-Status: Not detected
`
)

// TestMarks: which values of which fields mean spam, above the relay's line.
func TestMarks(t *testing.T) {
	for marks, want := range map[string]bool{spamMarks: true, otherMarks: false} {
		for mark := range strings.Lines(strings.TrimSpace(marks)) {
			mark = strings.TrimSpace(mark)
			folded := strings.Replace(mark, ":", ":\r\n", 1) + "\r\n" // as Exchange does
			for _, field := range []string{mark + "\r\n", folded} {
				f, _ := read(t, &policy.Policy{}, &message.Envelope{Piped: true}, marked(field, "",
					""))
				if got := !f.Evidence[policy.Spam].IsZero(); got != want || len(f.Unread) > 0 {
					t.Errorf("%q: %v, want %v; %v", field, got, want, f.Unread)
				}
			}
		}
	}
}

// TestMarksBelow: below the relay's line a mark counts where the operator has named the
// product that writes it there, and is said to be unread where another setting would have.
func TestMarksBelow(t *testing.T) {
	const (
		status  = "X-Spam-Status: Yes, score=9.00\r\n"
		rspamd  = "X-Rspamd-Action: add header\r\nX-Spam: Yes\r\n"
		verdict = "X-SES-Spam-Verdict: FAIL\r\n"
		postal  = "X-Postal-Spam: yes\r\n"
		level   = "X-MS-Exchange-Organization-SCL: 6\r\n"
	)
	for _, c := range []struct {
		name, raw, filters, sign, unread string
	}{
		{"nobody named", marked("", "", status), "", "", "X-Spam-Status"},
		{"named", marked("", "", status), "spamass-milter", "X-Spam-Status", ""},
		{"directly below, and named", marked("", status, ""), "rspamd", "X-Spam-Status", ""},
		{"several named", marked("", "", rspamd), "opendkim rspamd", "X-Rspamd-Action", ""},
		{"another named", marked("", "", rspamd), "ses", "", "X-Rspamd-Action X-Spam"},
		{"SES", marked("", verdict, ""), "ses", "X-SES-Spam-Verdict", ""},
		{"SES, not named", marked("", verdict, ""), "", "", "X-SES-Spam-Verdict"},
		{"Exchange", marked("", "", level), "exchange-online", "X-MS-Exchange-Organization-SCL",
			""},
		{"what stands above alone", marked("", postal, ""), "postal", "", "X-Postal-Spam"},
		{"no marks", marked("", "", "X-Spam-Status: No\r\nX-Spam-Flag: NO\r\nX-Spam-Score: 9\r\n"),
			"", "", ""},
	} {
		p := &policy.Policy{Settings: policy.Settings{
			Filters: filters(t, strings.Fields(c.filters)...)}}
		f, _ := read(t, p, &message.Envelope{Piped: true}, c.raw)
		var unread []string
		for _, u := range f.NotRead() {
			unread = append(unread, u.Field)
			if !strings.Contains(u.Why, "below") ||
				(u.Setting == "") != (c.filters == "postal") || f.Overlooked() != (u.Setting != "") {
				t.Errorf("%s: %+v", c.name, u)
			}
		}
		if got := f.Evidence[policy.Spam].Field; got != c.sign || strings.Join(unread,
			" ") != c.unread {
			t.Errorf("%s: %q, unread %q", c.name, got, unread)
		}
		// Nothing of it is said of mail that did not come through a relay.
		if f, _ = read(t, p, &message.Envelope{}, c.raw); len(f.Unread) > 0 ||
			!f.Evidence[policy.Spam].IsZero() {
			t.Errorf("%s, directly: %v, %v", c.name, f.Unread, f.Evidence[policy.Spam])
		}
	}
}

// TestUnreadIsBounded: a stranger can write any number of marks.
func TestUnreadIsBounded(t *testing.T) {
	var all strings.Builder
	for _, p := range policy.Products() {
		for _, m := range p.Spam {
			all.WriteString(m.Field + ": yes\r\n" + m.Field + ": SPAM\r\n")
		}
	}
	f, _ := read(t, &policy.Policy{}, &message.Envelope{Piped: true}, marked("", "", all.String()))
	if len(f.Unread) < 5 || len(f.Unread) > 8 {
		t.Errorf("%d: %v", len(f.Unread), f.Unread)
	}
	words := f.Words()
	if !slices.ContainsFunc(words, func(w policy.Fact) bool {
		return w.Name == "setting" && strings.HasPrefix(w.Value, "if the relay runs one of these, ")
	}) {
		t.Errorf("%v", words)
	}
}

// TestWrapped: a message that SpamAssassin has put into one of its own bears its marks below
// its own line, and that stands where the relay's stand.
func TestWrapped(t *testing.T) {
	const (
		pipe  = "Received: by mx.desk.test (Postfix, from userid 65534)\r\n\tid 2B0439A803C; x\r\n"
		edge  = "Received: from x.test (x.test [198.51.100.7]) by mx.desk.test; x\r\n"
		sa    = "Received: from localhost by vm\r\n\twith SpamAssassin (version 4.0.1);\r\n\tx\r\n"
		mark  = "X-Spam-Checker-Version: SpamAssassin 4.0.1\r\nX-Spam-Flag: YES\r\n"
		from  = "From: ann@acme.test\r\nSubject: order\r\n"
		other = "X-Mailer: x\r\n"
	)
	for raw, want := range map[string]bool{
		pipe + sa + mark + from:         true,
		sa + mark + from:                true,
		pipe + sa + other + mark + from: false,
		pipe + sa + from + mark:         false,
		pipe + other + sa + mark + from: false,
		edge + mark + from:              false,
		edge + strings.Replace(sa, "SpamAssassin", "SpamAssassinX", 1) + mark + from: false,
	} {
		f, _ := read(t, &policy.Policy{}, &message.Envelope{Piped: true}, raw+"\r\nx\r\n")
		if got := !f.Evidence[policy.Spam].IsZero(); got != want {
			t.Errorf("%q: %v, want %v", raw, got, want)
		}
	}
}

// TestInnerLines: only where the operator has named the service, its machines' lines about one
// another are passed over; never the line of one that takes mail from outside.
func TestInnerLines(t *testing.T) {
	const (
		tail  = " with Microsoft SMTP Server (version=TLS1_3, cipher=X) id 15.20.9000.1"
		date  = "; Fri, 27 Nov 2026 09:00:04 +0000\r\n"
		inner = "Received: from A.mail.test (2001:db8:9:55::20) by B.mail.test (2001:db8:9:1::9)" +
			tail + date
		edge = "Received: from x.test (198.51.100.7) by C.mail.test (10.167.16.213)" + tail +
			" via Frontend Transport" + date
		forged = "Received: from y.test (203.0.113.66) by C.mail.test (10.167.16.213)" + tail +
			" via Frontend Transport" + date
	)
	with := func(old, new string) string { return strings.Replace(inner, old, new, 1) }
	for _, c := range []struct{ name, fields, client string }{
		{"inner", inner + edge + forged, "198.51.100.7"},
		{"two inner", inner + inner + edge + forged, "198.51.100.7"},
		{"without TLS", with(" (version=TLS1_3, cipher=X)", "") + edge, "198.51.100.7"},
		{"the edge alone", edge + forged, "198.51.100.7"},
		{"via Frontend Transport", with("9000.1", "9000.1 via Frontend Transport") + forged,
			"2001:db8:9:55::20"},
		{"another network", with("2001:db8:9:55::20", "2001:db9::1") + forged, "2001:db9::1"},
		{"IPv4", with("2001:db8:9:55::20", "10.1.2.3") + forged, "10.1.2.3"},
		{"both IPv4", strings.Replace(with("2001:db8:9:55::20", "10.1.2.3"), "2001:db8:9:1::9",
			"10.1.2.4", 1) +
			forged, "10.1.2.3"},
		{"both mapped", strings.Replace(with("2001:db8:9:55::20", "::ffff:10.1.2.3"),
			"2001:db8:9:1::9",
			"::ffff:10.1.2.4", 1) + forged, "10.1.2.3"},
		{"on premises", with("15.20.", "15.2.") + forged, "2001:db8:9:55::20"},
		{"another program", with("Microsoft", "Other") + forged, "2001:db8:9:55::20"},
		{"no address of its own", with(" (2001:db8:9:1::9)", "") + forged, "2001:db8:9:55::20"},
	} {
		env := &message.Envelope{Piped: true}
		raw := c.fields + "From: ann@acme.test\r\n\r\nx\r\n"
		f, _ := read(t, &policy.Policy{Settings: policy.Settings{
			Filters: filters(t, "rspamd", "exchange-online")}}, env, raw)
		if got := f.Hop.Client.String(); got != c.client {
			t.Errorf("%s: %s, want %s", c.name, got, c.client)
		}
		f, _ = read(t, &policy.Policy{}, env, raw)
		if got := f.Hop; got.Trusted != 0 {
			t.Errorf("%s, not named: %+v", c.name, got)
		}
	}
}
