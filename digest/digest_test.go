package digest

import (
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-message/mail"
	"github.com/google/go-cmp/cmp"

	"gatepost/store"
)

var monday = time.Date(2026, 11, 30, 7, 0, 0, 0, time.UTC)

func held(id int64, cause, author, subject string, left time.Duration) Item {
	return Item{Suspended: store.Suspended{ID: id, Cause: cause, Author: store.Person{Email: author},
		Subject: subject, Recipient: "support@help.test", CreatedAt: monday.Add(-3 * time.Hour),
		ExpiresAt: monday.Add(left)}}
}

func sample(t *testing.T) *Digest {
	t.Helper()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	reply := held(9, "unknown_user_update", "eve@evil.test", "", 13*24*time.Hour)
	reply.ReplyAddress = "support+re-abc@help.test"
	return &Digest{Host: "mx.help.test", Links: "https://gate.help.test", Zone: berlin, At: monday,
		Since: monday.Add(-24 * time.Hour), More: 2, Quiet: monday.Add(-150 * time.Minute),
		Expiring: []Item{held(2, "blocklisted", "old@acme.test", "Old", 90*time.Minute)},
		Held: []Item{held(7, "not_on_whitelist", "ann@acme.test", "Order 4711", 13*24*time.Hour), reply,
			held(8, "not_on_whitelist", "bob@acme.test", "Hello", 30*time.Hour)}}
}

// TestText: what people read, in their own time.
func TestText(t *testing.T) {
	const want = `Nothing was received for 2 hours, since Mon 30 Nov 05:30 CET.

5 messages have been held at mx.help.test since Sun 29 Nov 08:00 CET.

NOBODY HAS SEEN 1 THAT EXPIRES SOON

  2  old@acme.test to support@help.test
     Old
     held Mon 30 Nov 05:00 CET, 90 minutes left
     https://gate.help.test/suspended/2

Not on the allowlist: 2

  7  ann@acme.test to support@help.test
     Order 4711
     held Mon 30 Nov 05:00 CET, 13 days left
     https://gate.help.test/suspended/7

  8  bob@acme.test to support@help.test
     Hello
     held Mon 30 Nov 05:00 CET, 30 hours left
     https://gate.help.test/suspended/8

Reply of a stranger: 1

  9  eve@evil.test to support@help.test
     (no subject)
     held Mon 30 Nov 05:00 CET, 13 days left
     https://gate.help.test/suspended/9
     write to its ticket: support+re-abc@help.test

And 2 more: https://gate.help.test/suspended

-- 
Gatepost at mx.help.test. Nobody reads what is sent back.
`
	d := sample(t)
	got, err := d.Text()
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	const subject = "mx.help.test: 5 messages held, 1 expires unseen, nothing received for 2 hours"
	if got := d.Subject(); got != subject {
		t.Error(got)
	}
	if empty := (&Digest{}); !empty.IsEmpty() || d.IsEmpty() {
		t.Error("what is empty?")
	}
}

// TestHostile: nothing that a stranger wrote is markup, a link, or a line of its own, in any part.
func TestHostile(t *testing.T) {
	d := sample(t)
	d.Held = []Item{held(7, "blocklisted", "<a@evil.test\"onclick=x>\r\nBcc: x@y.test",
		`<a href="https://evil.test/">x</a><img src=//evil.test>`+"\u202e\r\n\r\nwww.evil.test mailto:a@b.test "+
			strings.Repeat("long ", 100), time.Hour)}
	text, err := d.Text()
	if err != nil {
		t.Fatal(err)
	}
	html, err := d.HTML()
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range regexp.MustCompile(`(?i)https?://[^\s"<]*|www\.\S*|mailto:\S*`).
		FindAllString(text+html, -1) {
		if !strings.HasPrefix(link, "https://gate.help.test/suspended") {
			t.Errorf("it links to %q", link)
		}
	}
	if found := regexp.MustCompile(`(?i)<(img|a href="https://evil)|<[^>]*\ssrc=|url\(|onclick="`).
		FindString(html); found != "" {
		t.Errorf("%q in\n%s", found, html)
	}
	if strings.Contains(text, "\nBcc") || strings.ContainsAny(text+html, "\u202e\r") {
		t.Error(text)
	}
	if strings.Contains(text, strings.Repeat("long ", 50)) {
		t.Error("a long subject is shown whole")
	}
}

// TestWithoutLinks: where nobody has said where the console is, nothing points anywhere.
func TestWithoutLinks(t *testing.T) {
	d := sample(t)
	d.Links = ""
	text, err := d.Text()
	html, err2 := d.HTML()
	if err != nil || err2 != nil || strings.Contains(text+html, "http") || strings.Contains(html, "<a") ||
		!strings.Contains(text, "And 2 more: gatepost suspended list") || !strings.Contains(html, ">7<") {
		t.Errorf("%v, %v\n%s\n%s", err, err2, text, html)
	}
}

// TestMail: the message is one that no program answers, and has both parts whole.
func TestMail(t *testing.T) {
	d := sample(t)
	d.Held[0].Subject = "Übergröße = ½"
	raw, err := d.Mail("gatepost@mx.help.test", "ann@help.test", "<k@mx.help.test>")
	if err != nil {
		t.Fatal(err)
	}
	r, err := mail.CreateReader(strings.NewReader(string(raw)))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"Auto-Submitted": "auto-generated",
		"Message-ID": "<k@mx.help.test>", "From": `"Gatepost" <gatepost@mx.help.test>`,
		"To": "<ann@help.test>", "Date": "Mon, 30 Nov 2026 08:00:00 +0100", "Mime-Version": "1.0"} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	text, _ := d.Text()
	html, _ := d.HTML()
	for _, want := range []string{text, html} {
		p, err := r.NextPart()
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(p.Body)
		if strings.ReplaceAll(string(got), "\r\n", "\n") != want || err != nil ||
			!strings.Contains(want, "Übergröße = ½") {
			t.Errorf("%v\n%s", err, got)
		}
	}
	for line := range strings.Lines(string(raw)) {
		if !strings.HasSuffix(line, "\r\n") || len(line) > 80 {
			t.Errorf("the line %q", line)
		}
	}
}
