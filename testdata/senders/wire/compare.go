package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
)

// sum is what makes two contents the same.
type sum [sha256.Size]byte

// A comparison holds what is stored against what was on the wire.
type comparison struct {
	wire   *recording
	stored map[string]sum // by the id of the decision
	bodies map[sum][]byte
	wrong  []error
}

func (c *comparison) fail(format string, args ...any) {
	c.wrong = append(c.wrong, fmt.Errorf(format, args...))
}

// compare reports all that is not as it must be.
func (r *recording) compare(stored string, uses []string, subjects io.Reader, w io.Writer) error {
	c := &comparison{wire: r, stored: map[string]sum{}, bodies: map[sum][]byte{}}
	if err := c.load(stored); err != nil {
		return err
	}
	c.acknowledged()
	c.nothingElse()
	names := bufio.NewScanner(subjects)
	sent := 0
	for ; names.Scan(); sent++ {
		c.once(names.Text())
	}
	for _, name := range uses {
		if !r.uses[name] {
			c.fail("%s was never used", name)
		}
	}
	if sent == 0 || names.Err() != nil {
		c.fail("nothing was sent, %w", names.Err())
	}
	fmt.Fprintf(w, "%d sent, %d contents on the wire, %d acknowledged, %d stored\n",
		sent, len(r.contents), len(r.acked()), len(c.stored))
	return errors.Join(c.wrong...)
}

func (c *comparison) load(list string) error {
	lines, err := os.ReadFile(list)
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(lines)) {
		id, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		body, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		of := sha256.Sum256(body)
		c.stored[id], c.bodies[of] = of, body
	}
	return nil
}

// acknowledged: what a client was told is stored is stored, octet by octet.
func (c *comparison) acknowledged() {
	for _, one := range c.wire.acked() {
		found, ok := c.stored[one.id]
		switch {
		case !ok:
			c.fail("%q was acknowledged as %s, which is not stored", subject(one.body), one.id)
		case found != sha256.Sum256(one.body):
			c.fail("%q is stored as %s with other octets: %s", subject(one.body), one.id,
				difference(one.body, c.bodies[found]))
		}
	}
}

// nothingElse: what is stored was on the wire, unless TLS hid it.
func (c *comparison) nothingElse() {
	sent := map[sum]bool{}
	for _, one := range c.wire.contents {
		if one.whole && !one.refused {
			sent[sha256.Sum256(one.body)] = true
		}
	}
	for id, found := range c.stored {
		body := c.bodies[found]
		if name, hidden := strings.CutPrefix(subject(body), sealed); hidden {
			c.twin(name, body)
		} else if !sent[found] {
			c.fail("%s, %q, was never on the wire", id, subject(body))
		}
	}
}

// What is sent once in clear and once within TLS has these words before its name.
const inClear, sealed = "clear ", "sealed "

// own are the fields that a program writes anew each time, and boundary is what it puts
// between parts.
var (
	own      = []string{"received", "date", "message-id"}
	boundary = regexp.MustCompile(
		`(?mi)^(?:content-type: multipart/.*|[ \t]+)boundary="?([^"\s]+)"?\r$`)
)

// twin: what came within TLS is what the same program sent in clear.
func (c *comparison) twin(name string, body []byte) {
	for _, one := range c.wire.acked() {
		if subject(one.body) == inClear+name {
			was := bytes.ReplaceAll(one.body, []byte(inClear+name), []byte(sealed+name))
			if a, b := lasting(was), lasting(body); !bytes.Equal(a, b) {
				c.fail("%s is otherwise within TLS than in clear: %s", name, difference(a, b))
			}
			return
		}
	}
	c.fail("%s came within TLS alone", name)
}

// once: what was sent is stored, and once, also where the reply to it was lost and it came again.
func (c *comparison) once(name string) {
	stored := 0
	for _, found := range c.stored {
		if subject(c.bodies[found]) == name {
			stored++
		}
	}
	if stored != 1 {
		c.fail("%q is stored %d times", name, stored)
	}
}

// difference is where two contents part.
func difference(a, b []byte) string {
	at := 0
	for at < min(len(a), len(b)) && a[at] == b[at] {
		at++
	}
	around := func(b []byte) []byte { return b[max(0, min(at, len(b))-20):min(len(b), at+20)] }
	return fmt.Sprintf("%d and %d octets, at %d %q and %q",
		len(a), len(b), at, around(a), around(b))
}

// subject is what the field Subject says, on one line.
func subject(body []byte) string {
	for field := range fields(body) {
		name, value, _ := bytes.Cut(field, []byte(":"))
		if strings.EqualFold(string(name), "subject") {
			return string(bytes.TrimSpace(value))
		}
	}
	return ""
}

// lasting is what of a content a program writes alike each time.
func lasting(body []byte) (rest []byte) {
	head := 0
	for field := range fields(body) {
		name, _, _ := bytes.Cut(field, []byte(":"))
		if !slices.Contains(own, strings.ToLower(string(name))) {
			rest = append(rest, field...)
		}
		head += len(field)
	}
	rest = append(rest, body[head:]...)
	if m := boundary.FindSubmatch(rest); m != nil {
		rest = bytes.ReplaceAll(rest, m[1], []byte("boundary"))
	}
	return rest
}

// fields gives each field of the header section, with its line ends.
func fields(body []byte) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for len(body) > 0 && !bytes.HasPrefix(body, []byte("\r\n")) {
			end := 0
			for end == 0 || end < len(body) && (body[end] == ' ' || body[end] == '\t') {
				next := bytes.IndexByte(body[end:], '\n')
				if next < 0 {
					end = len(body)
					break
				}
				end += next + 1
			}
			if !yield(body[:end]) {
				return
			}
			body = body[end:]
		}
	}
}
