package courier

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A redmine is a real one, asked by its REST API what came of a message.
type redmine struct {
	*testing.T
	site string
}

const redmineKey = "k&y" // as scripts/test-helpdesks sets it

// TestRedmine hands messages to the real one that scripts/test-helpdesks has started: to its mail
// handler by HTTP and by rdm-mailhandler.rb.
func TestRedmine(t *testing.T) {
	rm := redmine{t, os.Getenv("GATEPOST_REDMINE")}
	if rm.site == "" {
		t.Skip("GATEPOST_REDMINE names no Redmine: scripts/test-helpdesks starts one")
	}
	keyFile := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(keyFile, []byte(redmineKey), 0o600); err != nil {
		t.Fatal(err)
	}
	command := func(project string) Carrier {
		c, err := NewCommand(CommandConfig{
			Program: "/usr/share/redmine/extra/mail_handler/rdm-mailhandler.rb",
			Args: []string{"--url", rm.site, "--key-file", keyFile, "--unknown-user", "accept",
				"--project", project},
			Retry: []int{1, 75}, RetrySome: []int{77}})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	ways := map[string]func(project string) Carrier{
		"http": func(project string) Carrier {
			return newHTTP(t, Redmine(rm.site, redmineKey, project))
		},
		"command": command,
	}
	file := someFile()
	for way, carrier := range ways {
		subject := fmt.Sprintf("printer %s %d", way, time.Now().UnixNano())
		handOver(t, carrier("help"), mailOf(utf8Mail(subject, file)), Done)
		// Reply-To counts for nothing there.
		id := rm.newest(subject, "Sam Stranger", file)
		reply := fmt.Sprintf("Re: [Help - Bug #%d] %s", id, subject)
		handOver(t, carrier("help"), mailOf(utf8Mail(reply, nil)), Done)
		if n := rm.notes(id); n != 1 {
			t.Errorf("%s: issue %d has %d notes, want 1", way, id, n)
		}
		stranger := strings.ReplaceAll(utf8Mail(subject+" too", nil), "<sam@", "<other@")
		handOver(t, carrier("help"), mailOf(stranger), Done)
		rm.newest(subject+" too", "Anonymous", nil)

		handOver(t, carrier("absent"), mailOf(utf8Mail(subject, nil)), Retry)
		last := mailOf(utf8Mail(subject, nil))
		last.Attempt = 6
		handOver(t, carrier("absent"), last, Fail)
	}
	// Raw Latin-1 is refused.
	handOver(t, ways["http"]("help"), mailOf(ticketMail("Latin-1", nil)), Fail)
	wrong := newHTTP(t, Redmine(rm.site, "other", "help"))
	if r := handOver(t, wrong, mailOf(utf8Mail("key", nil)), Retry); !r.Pause {
		t.Errorf("a wrong key: %+v", r)
	}
}

// utf8Mail is ticketMail in UTF-8.
func utf8Mail(subject string, file []byte) string {
	return strings.NewReplacer("iso-8859-1", "utf-8", "\xfc\xdf", "üß").Replace(ticketMail(subject, file))
}

func (rm redmine) get(address string) []byte {
	rm.Helper()
	r, err := http.NewRequestWithContext(rm.Context(), http.MethodGet, address, nil)
	if err != nil {
		rm.Fatal(err)
	}
	r.Header.Set("X-Redmine-API-Key", os.Getenv("GATEPOST_REDMINE_KEY"))
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		rm.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		rm.Fatalf("%s: %s, %v: %s", address, response.Status, err, text)
	}
	return text
}

type redmineIssue struct {
	ID          int
	Subject     string
	Description string
	Author      struct{ Name string }
	Attachments []struct {
		Filename string
		URL      string `json:"content_url"`
	}
	Journals []struct{ Notes string }
}

func (rm redmine) issue(id int) redmineIssue {
	rm.Helper()
	var answer struct{ Issue redmineIssue }
	text := rm.get(fmt.Sprintf("%s/issues/%d.json?include=attachments,journals", rm.site, id))
	if err := json.Unmarshal(text, &answer); err != nil {
		rm.Fatal(err)
	}
	return answer.Issue
}

// newest looks at the issue that was made last: of whom, and that text and file are whole.
func (rm redmine) newest(subject, author string, file []byte) int {
	rm.Helper()
	var list struct{ Issues []redmineIssue }
	text := rm.get(rm.site + "/issues.json?project_id=help&status_id=*&sort=id:desc&limit=1")
	if err := json.Unmarshal(text, &list); err != nil || len(list.Issues) != 1 {
		rm.Fatalf("%v: %s", err, text)
	}
	issue := rm.issue(list.Issues[0].ID)
	if issue.Subject != subject || issue.Author.Name != author ||
		!strings.Contains(issue.Description, "The printer burns, Grüße") {
		rm.Errorf("issue %+v, want %q of %s", issue, subject, author)
	}
	whole := file == nil
	for _, a := range issue.Attachments {
		whole = whole || a.Filename == "core" && bytes.Equal(rm.get(a.URL), file)
	}
	if !whole {
		rm.Errorf("issue %d: the file is not whole: %+v", issue.ID, issue.Attachments)
	}
	return issue.ID
}

// notes is how many replies an issue has.
func (rm redmine) notes(id int) (n int) {
	rm.Helper()
	for _, j := range rm.issue(id).Journals {
		if strings.Contains(j.Notes, "The printer burns") {
			n++
		}
	}
	return n
}
