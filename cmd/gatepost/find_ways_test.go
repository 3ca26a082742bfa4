package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"

	"golang.org/x/net/html"

	"gatepost/policy"
	"gatepost/store"
)

// An outcome is what one way of asking says: a line for each message, and what it says of
// senders who are rejected.
type outcome struct{ found, rejects []string }

// foundLine is what is common to what all ways say of a message.
func foundLine(f store.Found) string {
	line := fmt.Sprintf("%s: %d %s", f.Sender, f.ID, f.State)
	if f.Cause != "" {
		line += " " + f.Cause
	}
	if f.Recovered != 0 {
		line += fmt.Sprintf(", was held as %d", f.Recovered)
	}
	if f.Restorable {
		line += ", restorable"
	}
	return line
}

// findByCommand is what gatepost find prints.
func (g *gateway) findByCommand(words string) (f outcome) {
	g.Helper()
	cmd := g.command("find", "--json", words)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	for line := range strings.Lines(string(out)) {
		var one store.Found
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			g.Fatal(err)
		}
		f.found = append(f.found, foundLine(one))
	}
	if none := strings.Contains(said.String(), store.NothingFound); none != (err != nil) ||
		none != (len(f.found) == 0) {
		g.Errorf("find %s: %v, %s", words, err, said.String())
	}
	for line := range strings.Lines(said.String()) {
		if strings.HasPrefix(line, "mail of ") {
			f.rejects = append(f.rejects, strings.TrimSpace(line))
		}
	}
	return f
}

// findByAPI asks as a program does.
func (g *gateway) findByAPI() func(words string) outcome {
	token := strings.TrimSpace(g.must("-q", "token", "add", reviewer, "--name", "find"))
	return func(words string) (f outcome) {
		req, err := http.NewRequest(http.MethodGet,
			g.web()+"/api/v2/find?query="+url.QueryEscape(words), nil)
		if err != nil {
			g.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		var answer struct {
			Found   []store.Found
			Rejects []policy.Rejection
		}
		if err := json.Unmarshal([]byte(g.answer(http.DefaultClient.Do(req))), &answer); err != nil {
			g.Fatal(err)
		}
		for _, one := range answer.Found {
			f.found = append(f.found, foundLine(one))
		}
		for _, r := range answer.Rejects {
			f.rejects = append(f.rejects, r.String())
		}
		return f
	}
}

func (g *gateway) answer(resp *http.Response, err error) string {
	g.Helper()
	if err != nil {
		g.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		g.Fatalf("status %d, %v: %s", resp.StatusCode, err, body)
	}
	return string(body)
}

// findByConsole asks as a person does, without a script.
func (g *gateway) findByConsole() func(words string) outcome {
	jar, err := cookiejar.New(nil)
	if err != nil {
		g.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	g.answer(browser.PostForm(g.web()+"/sign-in", url.Values{"email": {reviewer}, "password": {secret}}))
	return func(words string) (f outcome) {
		page := g.answer(browser.Get(g.web() + "/find?q=" + url.QueryEscape(words)))
		root, err := html.Parse(strings.NewReader(page))
		if err != nil {
			g.Fatal(err)
		}
		for n := range root.Descendants() {
			switch {
			case n.Data == "tr" && n.Parent.Data == "tbody":
				f.found = append(f.found, g.shownLine(browser, n))
			case n.Data == "p" && attribute(n, "class") == "error":
				text := strings.TrimSuffix(textOf(n), ".")
				f.rejects = append(f.rejects, strings.Replace(text, "Mail of ", "mail of ", 1))
			}
		}
		if strings.Contains(page, store.NothingFound) != (len(f.found) == 0) {
			g.Errorf("the page about %s: %s", words, page)
		}
		return f
	}
}

// shownLine is foundLine of a line of the page. A link leads to a page that is there.
func (g *gateway) shownLine(browser *http.Client, row *html.Node) string {
	var cells []string
	restorable := false
	for n := range row.Descendants() {
		switch {
		case n.Data == "td":
			cells = append(cells, strings.Join(strings.Fields(textOf(n)), " "))
		case n.Data == "a":
			g.answer(browser.Get(g.web() + attribute(n, "href")))
		case n.Data == "form":
			restorable = true
		}
	}
	state := strings.Replace(cells[1], " Blocklisted", " blocklisted", 1)
	line := fmt.Sprintf("%s: %s %s", cells[2], cells[0], state)
	if _, was, found := strings.Cut(cells[5], "was held as "); found {
		line += ", was held as " + was
	}
	if restorable {
		line += ", restorable"
	}
	return line
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
