package message

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// A truth is what several other readers made of one file of a corpus.
type truth struct {
	File      string
	Consensus struct {
		FromAddr *string `json:"from_addr"` // null where they disagree
	}
}

// TestCorpus reads the corpus of real mail in the folder that GATEPOST_CORPUS names: files
// and a truth.jsonl beside them. Without it the awkward headers below take its place.
func TestCorpus(t *testing.T) {
	dir := os.Getenv("GATEPOST_CORPUS")
	if dir == "" {
		for _, c := range awkward {
			compare(t, c.header, []byte(c.header), c.text)
		}
		return
	}
	agreed, held, disputed := 0, 0, 0
	for _, tr := range truths(t, dir) {
		raw, err := os.ReadFile(filepath.Join(dir, tr.File))
		if err != nil {
			t.Fatal(err)
		}
		s := compare(t, tr.File, raw, tr.Consensus.FromAddr)
		switch {
		case tr.Consensus.FromAddr == nil:
			disputed++
		case s.Problem != 0:
			held++
			t.Logf("held though readers agree: %s: %s", tr.File, s.Why())
		default:
			agreed++
		}
	}
	t.Logf("%d senders as all readers see them, %d more but held, %d disputed and held",
		agreed, held, disputed)
}

// compare checks our reading of one message with the one on which other readers agree;
// nil says that they do not.
func compare(t *testing.T, name string, raw []byte, want *string) Sender {
	m := Parse(CRLF(TrimMbox(raw)))
	s := m.Sender()
	if want == nil && s.Problem == 0 {
		t.Errorf("%s: %q is taken as the one sender", name, s.Text)
	}
	if want != nil && s.Text != Clean(*want) {
		t.Errorf("%s: the sender is %q, other readers see %q (%s)", name, s.Text, *want, s.Why())
	}
	if reliable(s) == s.Address.IsZero() {
		t.Errorf("%s: address %q with problem %q", name, s.Address, s.Problem)
	}
	checkShown(t, m)
	text, _ := m.Text(bytes.NewReader(CRLF(TrimMbox(raw))[m.Size:]), 4096)
	if text != Clean(text) {
		t.Errorf("%s: the text is not clean: %q", name, text)
	}
	return s
}

func truths(t *testing.T, dir string) []truth {
	raw, err := os.ReadFile(filepath.Join(dir, "truth.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var list []truth
	lines := bufio.NewScanner(bytes.NewReader(raw))
	lines.Buffer(nil, len(raw))
	for lines.Scan() {
		var tr truth
		if err := json.Unmarshal(lines.Bytes(), &tr); err != nil {
			t.Fatal(err)
		}
		list = append(list, tr)
	}
	if len(list) == 0 {
		t.Fatalf("%s has no truth.jsonl with lines in it", dir)
	}
	return list
}

func says(s string) *string { return &s }

// awkward are messages of the kinds on which mail readers stumble.
var awkward = []struct {
	header string
	text   *string // nil: the sender is not to be relied on
}{
	{"From: ann@acme.test\n\n", says("ann@acme.test")},
	{"From: ann@acme.test\r\n\r\n", says("ann@acme.test")},
	{"From ann@acme.test Mon Jan  1 00:00:00 2024\nFrom: Ann <Ann@Acme.Test>\n\n",
		says("ann@acme.test")},
	{"Subject: a From in the body\n\nFrom: ann@acme.test\n", nil},
	{"From: \"\" Ann \" of Acme\" <ann@acme.test>\n\n", says("ann@acme.test")},
	{"From: Ann\" M. \"Lee <ann@acme.test>\n\n", says("ann@acme.test")},
	{"From: \xb1\xb3\xc0\xc6 <ann@acme.test>\n\n", says("ann@acme.test")},
	{"From: \xa4p\xa7d@acme.test\n\n", says("\xa4p\xa7d@acme.test")},
	{"From: Ann <ann@acme.test*>\n\n", says("ann@acme.test*")},
	{"From: ann@acme.test\nrubbish\nTo: bob@acme.test\n\n", says("ann@acme.test")},
	{"rubbish\nFrom: ann@acme.test\n\n", says("ann@acme.test")},
	{"From: ann@acme.test\r\nSubject: x\n\r\n", says("ann@acme.test")},
	{"From: ann@acme.test\r\nSubject: x\r\n \r\nTo: y\r\n\r\n", says("ann@acme.test")},
	{"From: ann@acme.test\rTo: bob@acme.test\r\r", nil},
	{"From: Dörte <dörte@acme.test>\n\n", nil},
	{"From: ann@acme.test\nFrom: eve@evil.test\n\n", nil},
	{"From\n : eve@evil.test\nSender: ann@acme.test\n\n", nil},
	{"From: <@mx.test, @b.test:ann@acme.test>\n\n", nil},
	{"From: Ann <ann@acme.test>, bob@acme.test\n\n", nil},
	{"From: ann@acme.test bob@acme.test\n\n", nil},
	{"From: ann@acme.test <bob@acme.test>\n\n", nil},
	{"From: =?iso-2022-jp?B?YW5uQGFjbWUudGVzdA==?=@evil.test\n\n", nil},
	{"From: MAILER-DAEMON <>\n\n", nil},
	{"From: ann@acme.test>\n\n", nil},
}
