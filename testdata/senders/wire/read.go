package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A content is one message as it was on the wire.
type content struct {
	file    string
	from    string   // the MAIL command
	to      []string // the RCPT commands that were taken
	body    []byte   // without what dots were stuffed with
	chunked bool     // by BDAT
	whole   bool     // the client came to its end
	refused bool     // it was not taken
	id      string   // of the acknowledgement, "" if there was none
	seen    bool     // and the client saw it
}

// A recording is all that a folder holds.
type recording struct {
	contents []*content
	uses     map[string]bool // what was made use of, by the names of EHLO
}

// acked are the contents of which their sender knows that they were taken.
func (r *recording) acked() []*content {
	return slices.DeleteFunc(slices.Clone(r.contents), func(c *content) bool { return !c.seen })
}

// print writes a line for each content.
func (r *recording) print(w io.Writer) {
	for _, c := range r.contents {
		how := "DATA"
		if c.chunked {
			how = "BDAT"
		}
		state := "cut off"
		switch {
		case c.id != "" && c.seen:
			state = c.id
		case c.id != "":
			state = "not told: " + c.id
		case c.refused:
			state = "refused"
		case c.whole:
			state = "no reply"
		}
		fmt.Fprintf(w, "%s %s %q %d octets, %d recipients, %q, %s\n", filepath.Base(c.file), how,
			c.from, len(c.body), len(c.to), subject(c.body), state)
	}
}

// readAll reads every recording in a folder.
func readAll(folder string) (*recording, error) {
	all := &recording{uses: map[string]bool{}}
	files, err := filepath.Glob(filepath.Join(folder, "*.wire"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		one := &conversation{file: file, uses: all.uses}
		if err := one.read(b); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		all.contents = append(all.contents, one.contents...)
	}
	return all, nil
}

// A conversation is read in the order of its frames. Each command, and each content that came
// by DATA, has a reply, in their order (RFC 2920, section 3.1); so has the connection itself.
type conversation struct {
	file     string
	contents []*content
	uses     map[string]bool

	client  []byte // not understood yet
	server  []byte
	waiting []func(code int, line string, seen bool) // for replies
	now     *content                                 // the transaction under way
	sealed  bool                                     // what follows is TLS

	held  bool // what follows depends on a reply that has not come
	text  bool // what comes is a content, up to a dot on a line
	chunk int  // octets of a BDAT still to come
	last  bool // and it is the last
}

// read reads a recording, as far as it was written.
func (c *conversation) read(frames []byte) error {
	c.expect(func(int, string, bool) {})
	c.now = &content{file: c.file}
	for len(frames) > 0 && !c.sealed {
		if len(frames) < 5 {
			break // the recorder was stopped
		}
		letter, n := frames[0], int(binary.BigEndian.Uint32(frames[1:]))
		frames = frames[5:]
		b := frames[:min(n, len(frames))]
		frames = frames[len(b):]
		if letter == fromClient {
			c.client = append(c.client, b...)
		} else {
			c.server = append(c.server, b...)
			if err := c.replies(letter == fromServer); err != nil {
				return err
			}
		}
		for c.step() {
		}
	}
	c.leave()
	return nil
}

func (c *conversation) expect(told func(code int, line string, seen bool)) {
	c.waiting = append(c.waiting, told)
}

// replies gives each whole reply to what it answers.
func (c *conversation) replies(seen bool) error {
	for {
		line, rest, found := bytes.Cut(c.server, []byte("\r\n"))
		if !found {
			return nil
		}
		c.server = rest
		if len(line) > 3 && line[3] == '-' {
			continue
		}
		code, err := strconv.Atoi(string(line[:min(3, len(line))]))
		if err != nil {
			return fmt.Errorf("%q is no reply", line)
		}
		if len(c.waiting) == 0 {
			return nil // said on the way out, 421 for one
		}
		told := c.waiting[0]
		c.waiting = c.waiting[1:]
		told(code, string(line), seen)
	}
}

// step understands a little of what the client said, and reports whether it did.
func (c *conversation) step() bool {
	switch {
	case c.held || c.sealed:
		return false
	case c.text:
		return c.takeText()
	case c.chunk > 0:
		n := min(c.chunk, len(c.client))
		c.now.body = append(c.now.body, c.client[:n]...)
		c.client, c.chunk = c.client[n:], c.chunk-n
		if c.chunk == 0 {
			c.endChunk()
		}
		return n > 0
	}
	line, rest, found := bytes.Cut(c.client, []byte("\r\n"))
	if found {
		c.client = rest
		c.command(string(line))
	}
	return found
}

// takeText takes a content once it is whole. A dot at the start of a line is one too many
// (RFC 5321, section 4.5.2).
func (c *conversation) takeText() bool {
	end := bytes.Index(c.client, []byte("\r\n.\r\n"))
	if bytes.HasPrefix(c.client, []byte(".\r\n")) {
		end = -2
	}
	if end == -1 {
		return false
	}
	if end >= 0 {
		text := append([]byte("\r\n"), c.client[:end+2]...)
		c.now.body = bytes.ReplaceAll(text, []byte("\r\n."), []byte("\r\n"))[2:]
	}
	c.client, c.text = c.client[end+5:], false
	c.end()
	return true
}

// end is the end of a content: the next reply says what became of it.
func (c *conversation) end() {
	one := c.now
	one.whole = true
	c.contents = append(c.contents, one)
	c.now = &content{file: c.file}
	c.expect(func(code int, line string, seen bool) {
		one.refused = code/100 != 2
		if m := acknowledged.FindStringSubmatch(line + "\r"); code == 250 && m != nil {
			one.id, one.seen = m[1], seen
		}
	})
}

func (c *conversation) endChunk() {
	if c.last {
		c.end()
	} else {
		c.expect(func(int, string, bool) {})
	}
}

// leave keeps what was cut off.
func (c *conversation) leave() {
	if c.text {
		c.now.body = c.client
	}
	if len(c.now.body) > 0 {
		c.contents = append(c.contents, c.now)
	}
}

// command notes what a command says of a transaction.
func (c *conversation) command(line string) {
	verb, args, _ := strings.Cut(line, " ")
	verb = strings.ToUpper(verb)
	if len(c.waiting) > 0 {
		c.uses["PIPELINING"] = true
	}
	one := c.now
	switch verb {
	case "MAIL":
		c.now = &content{file: c.file, from: line}
		for _, name := range []string{"8BITMIME", "SMTPUTF8", "SIZE"} {
			if strings.Contains(line[strings.LastIndexByte(line, '>')+1:], name) {
				c.uses[name] = true
			}
		}
	case "RCPT":
		c.expect(func(code int, _ string, _ bool) {
			if code/100 == 2 {
				one.to = append(one.to, line)
			}
		})
		return
	case "DATA":
		c.held = true
		c.expect(func(code int, _ string, _ bool) { c.held, c.text = false, code == 354 })
		return
	case "BDAT":
		size, last, _ := strings.Cut(args, " ")
		c.chunk, _ = strconv.Atoi(size)
		c.last, one.chunked = strings.EqualFold(last, "LAST"), true
		c.uses["CHUNKING"] = true
		if c.chunk == 0 {
			c.endChunk()
		}
		return
	case "RSET":
		c.now = &content{file: c.file}
	case "STARTTLS":
		c.held = true
		c.expect(func(code int, _ string, _ bool) {
			c.held, c.sealed = false, code == 220
			if c.sealed {
				c.uses["STARTTLS"] = true
			}
		})
		return
	}
	c.expect(func(int, string, bool) {})
}
