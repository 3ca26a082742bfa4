package courier

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// A tracker is a real Request Tracker, asked by its REST API what came of a message.
type tracker struct {
	*testing.T
	site string
}

// TestRequestTracker hands messages to the real one that scripts/test-helpdesks has started:
// through its mail gateway by HTTP and by rt-mailgate.
func TestRequestTracker(t *testing.T) {
	rt := tracker{t, os.Getenv("GATEPOST_RT")}
	if rt.site == "" {
		t.Skip("GATEPOST_RT names no Request Tracker: scripts/test-helpdesks starts one")
	}
	binary := someFile()
	ways := map[string]func(Wrapping, string) Carrier{
		"http": func(w Wrapping, queue string) Carrier {
			c := RequestTracker(rt.site, queue)
			c.Wrapping = w
			return rt.http(c)
		},
		"command": func(w Wrapping, queue string) Carrier {
			c, err := NewCommand(CommandConfig{Program: "/usr/bin/rt-mailgate", Wrapping: w, Args: []string{
				"--queue", queue, "--action", "correspond", "--url", rt.site}})
			if err != nil {
				t.Fatal(err)
			}
			return c
		},
	}
	for way, carrier := range ways {
		subject := fmt.Sprintf("printer %s %d", way, time.Now().UnixNano())
		p := mailOf(ticketMail(subject, binary))
		rt.carry(carrier(Wrapping{}, "General"), p, Done)
		id := rt.find(subject)
		// Reply-To is the requester there, if it is not taken off.
		rt.is(id, "other@strangers.test", binary)

		subject += " again"
		p = mailOf(ticketMail(subject, binary))
		rt.carry(carrier(Wrapping{WithoutReplyTo: true}, "General"), p, Done)
		id = rt.find(subject)
		rt.is(id, "sam@strangers.test", binary)

		p = mailOf(ticketMail(fmt.Sprintf("Re: [gatepost.test #%s] %s", id, subject), binary))
		rt.carry(carrier(Wrapping{WithoutReplyTo: true}, "General"), p, Done)
		if replies := rt.transactions(id); replies != 1 {
			t.Errorf("%s: ticket %s has %d replies, want 1", way, id, replies)
		}
		// Without a ticket's mark the queue counts.
		p = mailOf(ticketMail(subject+" elsewhere", nil))
		rt.carry(carrier(Wrapping{}, "absent"), p, Retry)
	}
	// What RT refuses is exit 0 at rt-mailgate: only HTTP tells.
	p := mailOf("Subject: nobody\r\n\r\nHello.\r\n")
	rt.carry(ways["http"](Wrapping{}, "General"), p, Fail)
	rt.carry(ways["command"](Wrapping{}, "General"), p, Done)
	wrong := RequestTracker(rt.site+"/elsewhere", "General")
	if r := rt.carry(rt.http(wrong), p, Retry); !r.Pause {
		t.Errorf("a wrong path: %+v", r)
	}
	// By Return-Path it knows a bounce, and sends no automatic answer.
	for path, answers := range map[string]int{"": 0, "sam@bounce.test": 1} {
		before := rt.answers()
		p := mailOf(ticketMail(fmt.Sprintf("bounce <%s> %d", path, time.Now().UnixNano()), nil))
		p.MailFrom = path
		rt.carry(ways["http"](Wrapping{}, "General"), p, Done)
		if n := rt.answers() - before; n != answers {
			t.Errorf("<%s>: %d answers, want %d", path, n, answers)
		}
	}
}

func (rt tracker) carry(c Carrier, p *Parcel, want Outcome) Result {
	rt.Helper()
	return handOver(rt.T, c, p, want)
}

func (rt tracker) http(c HTTPConfig) Carrier { return newHTTP(rt.T, c) }

func newHTTP(t *testing.T, c HTTPConfig) Carrier {
	t.Helper()
	c.Dialer = loopback(t)
	h, err := NewHTTP(c)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// handOver says what became of a message, and what was said if it should be something else.
func handOver(t *testing.T, c Carrier, p *Parcel, want Outcome) Result {
	t.Helper()
	var dialogue bytes.Buffer
	r := c.Carry(t.Context(), p, &dialogue)
	t.Logf("%s: %q", r.Outcome, r.Said)
	if r.Outcome != want {
		t.Errorf("%+v, want %s\n%s", r, want, &dialogue)
	}
	return r
}

// someFile has every octet in it.
func someFile() []byte {
	file := make([]byte, 70_000)
	for i := range file {
		file[i] = byte(i * i >> 3)
	}
	return file
}

// ticketMail has Reply-To, text in two charsets, and a file.
func ticketMail(subject string, file []byte) string {
	return strings.ReplaceAll(`From: Sam Stranger <sam@strangers.test>
Reply-To: other@strangers.test
To: help@desk.test
Subject: `+subject+`
Message-ID: <`+strings.Map(func(r rune) rune {
		if r > ' ' && regexp.MustCompile(`\w`).MatchString(string(r)) {
			return r
		}
		return -1
	}, subject)+`@strangers.test>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=part

--part
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: 8bit

The printer burns, Gr`+"\xfc\xdf"+`e
--part
Content-Type: application/octet-stream; name=core
Content-Disposition: attachment; filename=core
Content-Transfer-Encoding: base64

`+regexp.MustCompile(`.{76}`).ReplaceAllString(base64.StdEncoding.EncodeToString(file), "$0\n")+`
--part--
`, "\n", "\r\n")
}

// answers is how much mail it has sent to the requester.
func (rt tracker) answers() int {
	rt.Helper()
	sent, err := os.ReadFile(os.Getenv("GATEPOST_DESK_SENT"))
	if err != nil {
		rt.Fatal(err)
	}
	return strings.Count(string(sent), "\nTo: other@strangers.test\n")
}

// ask is a request of the REST API.
func (rt tracker) ask(path string, answer any) {
	rt.Helper()
	r, err := http.NewRequestWithContext(rt.Context(), http.MethodGet, rt.site+"/REST/2.0"+path, nil)
	if err != nil {
		rt.Fatal(err)
	}
	r.SetBasicAuth("root", "password") // of a new Request Tracker
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		rt.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil {
		err = json.Unmarshal(text, answer)
	}
	if err != nil || response.StatusCode != http.StatusOK {
		rt.Fatalf("%s: %s, %v: %s", path, response.Status, err, text)
	}
}

type restItems struct {
	Items []struct{ ID any }
}

// find is the ticket of a subject.
func (rt tracker) find(subject string) string {
	rt.Helper()
	var found restItems
	rt.ask("/tickets?query="+strings.ReplaceAll(`Subject="`+subject+`"`, " ", "%20"), &found)
	if len(found.Items) != 1 {
		rt.Fatalf("%d tickets of %q", len(found.Items), subject)
	}
	return fmt.Sprint(found.Items[0].ID)
}

// is looks at a ticket: who asks, and that the text and the file are whole.
func (rt tracker) is(id, requester string, file []byte) {
	rt.Helper()
	var ticket struct{ Requestor []struct{ ID string } }
	rt.ask("/ticket/"+id, &ticket)
	if len(ticket.Requestor) != 1 || ticket.Requestor[0].ID != requester {
		rt.Errorf("ticket %s is of %v, want %s", id, ticket.Requestor, requester)
	}
	var parts restItems
	rt.ask("/ticket/"+id+"/attachments", &parts)
	text, whole := false, false
	for _, part := range parts.Items {
		var attachment struct{ Content, Filename string }
		rt.ask("/attachment/"+fmt.Sprint(part.ID), &attachment)
		content, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(attachment.Content, "\n", ""))
		if err != nil {
			rt.Errorf("attachment %v: %v", part.ID, err)
		}
		text = text || strings.Contains(string(content), "The printer burns, Grüße")
		whole = whole || attachment.Filename == "core" && bytes.Equal(content, file)
	}
	if !text || !whole {
		rt.Errorf("ticket %s: text %v, file %v, in %+v", id, text, whole, parts)
	}
}

// transactions is how many replies a ticket has.
func (rt tracker) transactions(id string) (replies int) {
	rt.Helper()
	var history struct{ Items []map[string]any } // which has type and Type
	rt.ask("/ticket/"+id+"/history?fields=Type&per_page=100", &history)
	for _, item := range history.Items {
		if item["Type"] == "Correspond" {
			replies++
		}
	}
	return replies
}
