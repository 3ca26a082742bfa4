package mailfile

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
)

// betweenMessages is what may stand between two messages: the end of a line that a
// Content-Length left out or a blank line, and the From_ line of the next one.
var betweenMessages = regexp.MustCompile(`^(?:\r?\n)?From [^\n]*\n?$`)

// beforeMessages is what may stand before the first.
var beforeMessages = regexp.MustCompile("^(?:\ufeff)?(?:\r?\n)*(?:From [^\n]*\n?)?$")

// Whatever is in a file it is no mbox, or every octet of it belongs to exactly one message or to
// what stands between two; and each is read to its end.
func FuzzAnyMbox(f *testing.F) {
	f.Add([]byte(dated("{a}\nFrom: a@x.test\nContent-Length: 2\n\nc\n\n" +
		"{b}\nFrom: b@x.test\nTo: c\n\nd\n{d}\n")))
	f.Add([]byte(dated("\ufeff\r\n{a}\r\n>From x\r\n>>>From y\r\n\r\n\r\n" +
		"{b}\nDate: x\nFrom: y\n{d}\nTo: x\nFrom: z\n")))
	f.Add([]byte(dated("{a}\nContent-Length: 1\n\nx{b}\nContent-Length: 0\n\n{d}\nContent-Length: 3\n\n")))
	f.Add([]byte("From a\nFrom b\n\nFrom c\n\n"))
	f.Fuzz(func(t *testing.T, mbox []byte) {
		at, n := int64(0), 0
		err := partMbox(bytes.NewReader(mbox), int64(len(mbox)), func(p *Entry) bool {
			between := betweenMessages
			if n++; n == 1 {
				between = beforeMessages
			}
			if p.from < at || p.to < p.from || p.to > int64(len(mbox)) || !between.Match(mbox[at:p.from]) {
				t.Fatalf("message %d is from %d to %d, behind %d, in %q", n, p.from, p.to, at, mbox)
			}
			at = p.to
			got, err := io.Copy(io.Discard, p.OnWire())
			if err != nil || got > 2*(p.to-p.from) || len(p.Warnings) > mostWarnings+1 {
				t.Fatalf("message %d of %q: %d octets, %v, %q", n, mbox, got, err, p.Warnings)
			}
			return true
		})
		if err != nil {
			if n > 0 || len(mbox) < longestFromLine && beforeMessages.Match(mbox) ||
				!strings.Contains(err.Error(), "does not begin with") {
				t.Fatalf("%q: %v", mbox, err)
			}
			return
		}
		if rest := string(mbox[at:]); n > 0 && rest != "" && rest != "\n" && rest != "\r\n" {
			t.Fatalf("%q is behind the last message of %q", rest, mbox)
		}
	})
}

// A program that marks the lines of a text, and leaves a Content-Length as it was sent, writes a
// file in which no text becomes a message, and no message a text without a word.
func FuzzMarkedMbox(f *testing.F) {
	two, three := "To: b\nFrom: c\n\ny\n", "From: d\n\nz\n"
	for _, hidden := range []string{dated("x\n\n{a}\n" + two),
		dated("x\n\n{a}\n" + two + "\n{a}\n" + three)} {
		f.Add(fmt.Sprintf("Content-Length: %d\n\nx\n", len(hidden)), two, three)
	}
	f.Add("Content-Length: 113", "Content-Length: 3\n\nx", "A: b\n\n"+dated("{a}\nFrom: a\nTo: b\n"))
	f.Add("Content-Length: 1\n\n\n", ">From a\n", "\r\n")
	f.Fuzz(func(t *testing.T, one, two, three string) {
		var mbox bytes.Buffer
		begun := map[int64]int{} // the line that each message stands below, by its place
		lines := 0
		write := func(line string) {
			mbox.WriteString(line + "\n")
			lines++
		}
		for _, text := range []string{one, two, three} {
			write(dated("{a}"))
			begun[int64(mbox.Len())] = lines
			for line := range strings.Lines(text) {
				line = strings.TrimSuffix(line, "\n")
				if strings.HasPrefix(strings.TrimLeft(line, ">"), mboxMark) {
					line = ">" + line
				}
				write(line)
			}
			write("")
		}
		var said []string
		err := partMbox(bytes.NewReader(mbox.Bytes()), int64(mbox.Len()), func(p *Entry) bool {
			if begun[p.from] == 0 {
				t.Errorf("%q: a text became a message, at %d", mbox.String(), p.from)
			}
			delete(begun, p.from)
			said = append(said, p.Warnings...)
			return true
		})
		for _, line := range begun {
			if !strings.Contains(strings.Join(said, "\n"), fmt.Sprintf("line %d: it looks like", line)) {
				t.Errorf("%q: the message at line %d is lost; %v, %q", mbox.String(), line, err, said)
			}
		}
	})
}
