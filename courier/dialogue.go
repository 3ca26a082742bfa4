package courier

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode"
)

// saidLimit is how many octets of an answer are kept as the other side's words.
const saidLimit = 500

// shownLines is how much of an answer's body the dialogue shows.
const shownLines = 20

// tell writes one line to a dialogue, if somebody listens: > for what we say, < for what we
// hear, * for what happens.
func tell(dialogue io.Writer, sign, text string) {
	if dialogue != nil {
		fmt.Fprintf(dialogue, "%s %s\n", sign, printable(text))
	}
}

// show tells of a request as it goes out.
func (p *poster) show(dialogue io.Writer, r request) {
	tell(dialogue, ">", p.hide("POST "+p.url.RequestURI()+" HTTP/1.1"))
	tell(dialogue, ">", "Host: "+p.url.Host)
	p.showHeader(dialogue, ">", r.header)
	tell(dialogue, ">", fmt.Sprintf("Content-Length: %d", r.size))
	for _, line := range r.shown {
		tell(dialogue, ">", p.hide(line))
	}
}

func (p *poster) showHeader(dialogue io.Writer, sign string, header http.Header) {
	for _, name := range slices.Sorted(maps.Keys(header)) {
		for _, value := range header[name] {
			if name == "Authorization" {
				value = hidden
			}
			tell(dialogue, sign, name+": "+p.hide(value))
		}
	}
}

func (p *poster) showAnswer(dialogue io.Writer, a *answer) {
	tell(dialogue, "<", p.hide(a.text))
	p.showHeader(dialogue, "<", a.header)
	lines := strings.SplitN(strings.TrimSpace(p.hide(string(a.body))), "\n", shownLines+1)
	for i, line := range lines {
		if i == shownLines {
			tell(dialogue, "*", "the rest of the answer is not shown")
			break
		}
		tell(dialogue, "<", line)
	}
}

// said are the words of an answer: its status, and the beginning of its body in one line.
func (p *poster) said(a *answer) string {
	text := a.text
	if body := words(string(a.body)); body != "" {
		text += ": " + body
	}
	return p.hide(text)
}

// words are the beginning of what a program has said, in one line.
func words(text string) string {
	text = printable(strings.Join(strings.Fields(text), " "))
	if len(text) > saidLimit {
		text = strings.ToValidUTF8(text[:saidLimit], "") + "…"
	}
	return text
}

// printable keeps what the other side says from moving the cursor of who reads it.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) && r != '\t' {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}
