package main

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/mail"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"gatepost/store"
)

// A deskGateway is a gateway that hands on to one real help desk.
type deskGateway struct{ *gateway }

// newDeskGateway is a server with one target.
func newDeskGateway(t *testing.T, target string) *deskGateway {
	t.Helper()
	g := &deskGateway{&gateway{T: t, dir: t.TempDir(), env: []string{anyRate}}}
	for name, text := range map[string]string{"gatepost.toml": "[handoff.desk]\n" + target,
		"key": "k&y\n"} {
		if err := os.WriteFile(filepath.Join(g.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	g.start()
	t.Cleanup(func() { g.end(syscall.SIGTERM) })
	return g
}

// deliver sends a message to the SMTP port, and waits until the desk has it.
func (g *deskGateway) deliver(raw string) store.Handoff {
	g.Helper()
	if _, err := g.send(raw); err != nil {
		g.Fatal(err)
	}
	var last store.Handoff
	for began := time.Now(); time.Since(began) < time.Minute; {
		line, _, _ := strings.Cut(g.must("handoff", "list", "--all", "--json", "--limit", "1"), "\n")
		if err := json.Unmarshal([]byte(line), &last); err != nil {
			g.Fatalf("%v: %q", err, line)
		}
		if last.State == store.HandoffDone {
			g.Logf("%s after %s: %s", last.State, last.EndedAt.Sub(last.CreatedAt), last.Said)
			return last
		}
	}
	g.Fatalf("%+v", last)
	return last
}

// replyToDesk has the customer reply to what the desk has sent them, of which Gatepost has never
// seen anything: once as mail programs do, with all that the desk refers to, and once with nothing
// but that message. Either way it is handed on.
func (g *deskGateway) replyToDesk(words string) {
	g.Helper()
	sent := sentByDesk(g.T, words)
	for _, own := range []bool{true, false} {
		references, event := sent.Get("Message-ID"), store.TicketCreated
		if own {
			references = cmp.Or(sent.Get("References"), sent.Get("In-Reply-To")) + " " + references
		}
		if strings.Contains(references, "@strangers.test>") { // which is the customer's
			event = store.CommentCreated
		}
		raw := "From: Sam Stranger <sam@strangers.test>\r\nTo: help@desk.test\r\nSubject: Re: " +
			sent.Get("Subject") + "\r\nIn-Reply-To: " + sent.Get("Message-ID") + "\r\nReferences: " +
			references + "\r\nDate: " + time.Now().Format(time.RFC1123Z) +
			"\r\n\r\n" + fmt.Sprintf("It still burns, %v\r\n", own)
		if last := g.deliver(raw); last.Event != event {
			g.Errorf("it is handed on as %s, want %s, with the references %s", last.Event, event,
				references)
		}
	}
}

// sentByDesk waits for a message that the desk sends with these words, and reads its header.
func sentByDesk(t *testing.T, words string) mail.Header {
	t.Helper()
	for began := time.Now(); time.Since(began) < time.Minute; <-time.After(50 * time.Millisecond) {
		all, err := os.ReadFile(os.Getenv("GATEPOST_DESK_SENT"))
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range strings.Split(string(all), "From desk\n") {
			if !strings.Contains(text, words) || !strings.HasSuffix(text, "\n\n") {
				continue
			}
			m, err := mail.ReadMessage(strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			return m.Header
		}
	}
	t.Fatalf("the desk sends nothing with %q", words)
	return nil
}

// askDesk is a request of a desk's own API: GET, or with a JSON the method that is named.
func askDesk(t *testing.T, address string, sign func(*http.Request), answer any) []byte {
	t.Helper()
	return askDeskWith(t, http.MethodGet, address, "", sign, answer)
}

func askDeskWith(t *testing.T, method, address, text string, sign func(*http.Request),
	answer any) []byte {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	sign(r)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && answer != nil {
		err = json.Unmarshal(body, answer)
	}
	if err != nil || response.StatusCode/100 != 2 {
		t.Fatalf("%s: %s, %v: %.500s", address, response.Status, err, body)
	}
	return body
}

// printerMail is a message with Reply-To and a file that has every octet.
func printerMail(subject string) (raw string, file []byte) {
	file = make([]byte, 70_000)
	for i := range file {
		file[i] = byte(i * i >> 3)
	}
	encoded := regexp.MustCompile(`.{76}`).ReplaceAllString(base64.StdEncoding.EncodeToString(file),
		"$0\n")
	return strings.ReplaceAll("From: Sam Stranger <sam@strangers.test>\n"+
		"Reply-To: other@strangers.test\nTo: help@desk.test\nSubject: "+subject+"\n"+
		"Date: "+time.Now().Format(time.RFC1123Z)+"\n"+ // Postfix adds one that is missing
		"Message-ID: <"+regexp.MustCompile(`\W`).ReplaceAllString(subject, "")+"@strangers.test>\n"+
		"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=part\n\n--part\n"+
		"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"+
		"The printer burns, Grüße\n--part\nContent-Type: application/octet-stream; name=core\n"+
		"Content-Disposition: attachment; filename=core\nContent-Transfer-Encoding: base64\n\n"+
		encoded+"\n--part--\n", "\n", "\r\n"), file
}

// TestServedRequestTracker: what is sent to the SMTP port is a ticket of the Request Tracker that
// scripts/test-helpdesks has started, and its follow-up one of the same ticket.
func TestServedRequestTracker(t *testing.T) {
	site := os.Getenv("GATEPOST_RT")
	if site == "" {
		t.Skip("GATEPOST_RT names no Request Tracker: scripts/test-helpdesks starts one")
	}
	for way, target := range map[string]string{
		"http": "kind = \"http\"\npreset = \"rt\"\nurl = \"" + site + "\"\n",
		"command": "kind = \"command\"\nprogram = \"/usr/bin/rt-mailgate\"\nargs = [\"--queue\", " +
			"\"General\", \"--action\", \"correspond\", \"--url\", \"" + site + "\"]\n",
	} {
		t.Run(way, func(t *testing.T) {
			g := newDeskGateway(t, target+"reply_to = \"remove\"\n")
			sign := func(r *http.Request) {
				r.SetBasicAuth("root", "password") // of a new Request Tracker
			}
			rt := func(path string, answer any) { askDesk(t, site+"/REST/2.0"+path, sign, answer) }
			subject := fmt.Sprintf("served %s %d", way, time.Now().UnixNano())
			raw, file := printerMail(subject)
			g.deliver(raw)
			var items struct{ Items []struct{ ID any } }
			rt("/tickets?query="+strings.ReplaceAll(`Subject="`+subject+`"`, " ", "%20"), &items)
			if len(items.Items) != 1 {
				t.Fatalf("%d tickets", len(items.Items))
			}
			id := fmt.Sprint(items.Items[0].ID)
			var ticket struct{ Requestor []struct{ ID string } }
			rt("/ticket/"+id, &ticket)
			if len(ticket.Requestor) != 1 || ticket.Requestor[0].ID != "sam@strangers.test" {
				t.Errorf("it is of %v", ticket.Requestor)
			}
			rt("/ticket/"+id+"/attachments", &items)
			whole := false
			for _, part := range items.Items {
				var a struct{ Content, Filename string }
				rt(fmt.Sprint("/attachment/", part.ID), &a)
				content, _ := base64.StdEncoding.DecodeString(strings.ReplaceAll(a.Content, "\n", ""))
				whole = whole || a.Filename == "core" && bytes.Equal(content, file)
			}
			if !whole {
				t.Errorf("the file is not whole: %+v", items)
			}
			words := fmt.Sprintf("Water %d", time.Now().UnixNano())
			askDeskWith(t, http.MethodPost, site+"/REST/2.0/ticket/"+id+"/correspond",
				`{"Content": "`+words+`", "ContentType": "text/plain"}`, sign, nil)
			g.replyToDesk(words)
			var history struct{ Items []map[string]any } // which has type and Type
			rt("/ticket/"+id+"/history?fields=Type&per_page=100", &history)
			if n := strings.Count(fmt.Sprint(history), "Type:Correspond"); n != 3 {
				t.Errorf("%d in all have answered, want the desk and two: %v", n, history)
			}
		})
	}
}

// TestServedRedmine: what is sent to the SMTP port is an issue of the Redmine that
// scripts/test-helpdesks has started, and its follow-up a note of the same.
func TestServedRedmine(t *testing.T) {
	site := os.Getenv("GATEPOST_REDMINE")
	if site == "" {
		t.Skip("GATEPOST_REDMINE names no Redmine: scripts/test-helpdesks starts one")
	}
	g := newDeskGateway(t, "kind = \"http\"\npreset = \"redmine\"\nurl = \""+site+"\"\n"+
		"project = \"help\"\nsecret_file = \"key\"\n")
	sign := func(r *http.Request) {
		r.Header.Set("X-Redmine-API-Key", os.Getenv("GATEPOST_REDMINE_KEY"))
	}
	ask := func(address string, answer any) []byte { return askDesk(t, address, sign, answer) }
	type issue struct {
		ID          int
		Subject     string
		Author      struct{ Name string }
		Attachments []struct {
			Filename string
			URL      string `json:"content_url"`
		}
		Journals []struct{ Notes string }
	}
	subject := fmt.Sprintf("served %d", time.Now().UnixNano())
	raw, file := printerMail(subject)
	g.deliver(raw)
	var list struct{ Issues []issue }
	ask(site+"/issues.json?project_id=help&status_id=*&sort=id:desc&limit=1", &list)
	if len(list.Issues) != 1 {
		t.Fatalf("%+v", list)
	}
	at := fmt.Sprintf("%s/issues/%d.json?include=attachments,journals", site, list.Issues[0].ID)
	var found struct{ Issue issue }
	ask(at, &found)
	is := found.Issue
	if is.Subject != subject || is.Author.Name != "Sam Stranger" || len(is.Attachments) != 1 ||
		!bytes.Equal(ask(is.Attachments[0].URL, nil), file) {
		t.Errorf("%+v", is)
	}
	words := fmt.Sprintf("Water %d", time.Now().UnixNano())
	askDeskWith(t, http.MethodPut, fmt.Sprintf("%s/issues/%d.json", site, is.ID),
		`{"issue": {"notes": "`+words+`"}}`, sign, nil)
	g.replyToDesk(words)
	ask(at, &found)
	if n := strings.Count(fmt.Sprint(found.Issue.Journals), "It still burns"); n != 2 {
		t.Errorf("%d notes, want 2: %+v", n, found.Issue.Journals)
	}
}

// TestServedNextHop: what is sent to the SMTP port is in the mailbox of the Dovecot behind the
// Postfix that scripts/test-helpdesks has started, as it came, under our own fields.
func TestServedNextHop(t *testing.T) {
	hop, mailbox := os.Getenv("GATEPOST_HOP"), os.Getenv("GATEPOST_HOP_MAILDIR")
	if hop == "" {
		t.Skip("GATEPOST_HOP names no mail server: scripts/test-helpdesks starts one")
	}
	g := newDeskGateway(t, "kind = \"smtp\"\naddress = \""+hop+"\"\nto = \"help@desk.test\"\n")
	raw, _ := printerMail(fmt.Sprintf("served %d", time.Now().UnixNano()))
	g.deliver(raw)
	for began := time.Now(); time.Since(began) < time.Minute; {
		files, err := filepath.Glob(filepath.Join(mailbox, "new", "*"))
		if err != nil {
			t.Fatal(err)
		}
		if len(files) == 0 {
			g.must("handoff", "list") // which takes its time
			continue
		}
		text, err := os.ReadFile(files[0])
		if err != nil {
			t.Fatal(err)
		}
		got := strings.ReplaceAll(string(text), "\r\n", "\n")
		if !strings.HasSuffix(got, strings.ReplaceAll(raw, "\r\n", "\n")) {
			t.Errorf("it is not as it came:\n%.3000s", got)
		}
		if !regexp.MustCompile(`(?m)^Authentication-Results: `).MatchString(got) {
			t.Errorf("our results are missing:\n%.3000s", got)
		}
		return
	}
	t.Error("it is not in the mailbox")
}
