// Package zendesk reads what the help desk of that name exports, users, organisations and the
// two lists, and makes it stand in a store. What has one right reading is mended and told, the
// rest is left out and told; it writes nothing but through the store.
package zendesk

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"

	"gatepost/message"
	"gatepost/policy"
	"gatepost/store"
)

// A User is one address of a user. Of somebody with several there are several.
type User struct {
	Email     message.Address
	Name      string
	Role      policy.Role // what it is there; here it is an end-user, unless it is named
	Suspended bool
}

// A Finding is a place of a file, with what was mended there, or why something is left out.
type Finding struct {
	File string `json:"file"`
	Line int    `json:"line"` // from 1
	Was  string `json:"was"`
	Is   string `json:"is,omitempty"`  // what it was taken for; "" if it was there already
	Why  string `json:"why,omitempty"` // why it is left out, and what to do
}

// An Export is what was read of all files.
type Export struct {
	Users         []User
	Organizations []store.NewOrganization
	Allow, Block  []policy.Entry

	Rows    int       // of users
	Nowhere int       // of those, users without an address
	Deleted int       // users who are deleted, or were merged into others
	Twice   int       // addresses that stood there before
	Mended  []Finding // what was taken for another spelling
	Left    []Finding // what was left out

	byEmail map[message.Address]int
	byOrg   map[string]int
}

// A kind is what a file holds.
type kind int

const (
	unknown kind = iota
	users
	organizations
	allowlist
	blocklist
)

// kindOf tells by its name what a file holds, as far as that says so.
func kindOf(name string) kind {
	name = strings.ToLower(filepath.Base(name))
	for _, k := range []struct {
		part string
		kind kind
	}{{"allowlist", allowlist}, {"whitelist", allowlist}, {"blocklist", blocklist},
		{"blacklist", blocklist}, {"organi", organizations}, {"user", users}} {
		if strings.Contains(name, k.part) {
			return k.kind
		}
	}
	return unknown
}

// Known reports whether a file of that name in a folder is one that Read reads.
func Known(name string) bool {
	k := kindOf(name)
	switch strings.ToLower(filepath.Ext(name)) {
	case ".csv", ".json", ".jsonl", ".ndjson":
		return k == users || k == organizations
	case ".txt", "":
		return k == allowlist || k == blocklist
	}
	return false
}

// Read reads one file into the export. The error says that it is none of those that are read, or
// where it ceases to be readable; then nothing of the export should be used.
func (e *Export) Read(name string, data []byte) error {
	text, err := e.decode(name, data)
	if err != nil {
		return err
	}
	start := bytes.TrimSpace(text)
	switch k := kindOf(name); {
	case k == allowlist:
		e.readList(policy.Allow, &e.Allow, name, string(text))
	case k == blocklist:
		e.readList(policy.Block, &e.Block, name, string(text))
	case len(start) == 0:
		return fmt.Errorf("%s is empty", name)
	case start[0] == '{' || start[0] == '[':
		return e.readJSON(name, text, k)
	case start[0] == '<':
		return fmt.Errorf("%s is XML: export JSON or CSV", name)
	default:
		return e.readCSV(name, text)
	}
	return nil
}

func (e *Export) readList(list policy.ListName, to *[]policy.Entry, name, text string) {
	entries, mended, left := policy.MendEntries(list, text)
	*to = append(*to, entries...)
	lines := lineCounter{text: text}
	for _, m := range mended {
		e.Mended = append(e.Mended, Finding{File: name, Line: lines.at(m.Column), Was: m.Was, Is: m.Is})
	}
	lines = lineCounter{text: text}
	for _, p := range left {
		e.Left = append(e.Left, Finding{File: name, Line: lines.at(p.Column), Was: p.Entry,
			Why: p.Reason + "; " + p.Remedy})
	}
}

// A lineCounter finds the lines of columns that grow.
type lineCounter struct {
	text         string
	column, line int
}

// at is the line, from 1, of a code point of the text, from 1.
func (l *lineCounter) at(column int) int {
	for i, r := range l.text {
		if l.column == column-1 {
			l.text = l.text[i:]
			break
		}
		l.column++
		if r == '\n' {
			l.line++
		}
	}
	return l.line + 1
}
