package policy_test

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"gatepost/message"
	"gatepost/policy"
)

// A policyCase is one file of testdata/policy: two lists, organisations, who is known, a sender, and what
// is wanted.
type policyCase struct {
	name   string
	lists  map[policy.ListName]string
	orgs   map[string]string // by name, what they have
	known  map[string]policy.Profile
	ours   map[message.Address]bool // our support addresses
	thread map[string]string        // the ticket that is known, who is on it, the token
	scans  map[string]string        // by scanner, what it found
	header string                   // the header section that is judged
	sender string                   // or the address, as check takes it
	want   map[string]string
}

func TestCases(t *testing.T) {
	cases := readArchives(t)
	if path := os.Getenv("GATEPOST_CASES"); path != "" {
		cases = append(cases, readJSON(t, path)...)
	}
	for _, c := range cases {
		t.Run(c.name, c.run)
	}
}

func (c policyCase) run(t *testing.T) {
	p, refused := c.policy()
	d := c.decide(t, p)
	id := ""
	for _, s := range d.Trail() {
		if s.Decided {
			id = s.Rule
		}
	}
	got := map[string]string{
		"decision": d.Action.String(),
		"cause":    d.Cause.String(),
		"rule":     d.RuleText(),
		"kind":     d.RuleKind(),
		"field":    d.Field.String(),
		"address":  d.Address.String(),
		"why":      d.Why(),
		"step":     id,
		"refused":  strings.Join(refused, " "),
	}
	if _, ok := c.want["refused"]; !ok {
		c.want["refused"] = ""
	}
	for key, want := range c.want {
		if text, ok := got[key]; !ok || text != want {
			t.Errorf("%s:\n got %q\nwant %q", key, text, want)
		}
	}
}

// policy compiles the lists. A list that is refused leaves the one before, which is empty.
func (c policyCase) policy() (*policy.Policy, []string) {
	compiled := map[policy.ListName]*policy.List{}
	var refused []string
	for _, name := range []policy.ListName{policy.Allow, policy.Block} {
		entries, err := policy.ParseList(name, c.lists[name])
		if err != nil {
			refused = append(refused, string(name))
		}
		compiled[name] = policy.Compile(slices.Values(entries))
	}
	return &policy.Policy{Allow: compiled[policy.Allow], Block: compiled[policy.Block],
		Settings: policy.Settings{AskToken: c.thread["ask"] == "token"},
		Orgs:     organisations(c.orgs)}, refused
}

// organisations compiles what organisations have, a field for each name.
func organisations(orgs map[string]string) *policy.List {
	return policy.Compile(func(yield func(policy.Entry) bool) {
		for name, text := range orgs {
			for target := range strings.FieldsSeq(text) {
				if !yield(policy.Entry{Target: target, Text: name}) {
					return
				}
			}
		}
	})
}

func (c policyCase) decide(t *testing.T, p *policy.Policy) policy.Decision {
	if c.header == "" {
		return p.Check(address(t, c.sender), c.profile(address(t, c.sender)))
	}
	m := message.Parse([]byte(strings.ReplaceAll(c.header, "\n", "\r\n") + "\r\n"))
	f, err := policy.Read(mail(m), &policy.Settings{Support: c.ours},
		func(a message.Address) (policy.Profile, error) { return c.profile(a), nil })
	if err != nil {
		t.Fatal(err)
	}
	f.Thread = c.threadOf(m, f.Sender.Address.String())
	for s := range policy.ScannerCount {
		if found := c.scans[s.String()]; found != "" {
			f.Scans[s] = policy.Scan{Result: policy.Found, Words: found}
		}
	}
	return p.Decide(&f)
}

// threadOf is what is known of the ticket, if the message replies to it: by a reference, or by the
// token of a recipient and the ticket that this is of.
func (c policyCase) threadOf(m *message.Message, sender string) (thread policy.Thread) {
	var token policy.Token
	recipient, of, _ := strings.Cut(c.thread["token"], " ")
	token.Recipient = recipient
	token.Ticket, _ = strconv.ParseInt(of, 10, 64)
	defer func() { thread.Token = token }()
	refs := m.References()
	if of == c.thread["ticket"] && of != "" {
		refs = append(refs, message.Reference{Field: policy.RecipientField, ID: c.thread["message"]})
	}
	for _, r := range refs {
		if r.ID != c.thread["message"] {
			continue
		}
		thread.Ticket, _ = strconv.ParseInt(c.thread["ticket"], 10, 64)
		thread.Reference, thread.Requester = r, sender == c.thread["requester"]
		thread.Addressed = slices.Contains(strings.Fields(c.thread["addressed"]), sender)
	}
	return thread
}

func (c policyCase) profile(a message.Address) policy.Profile { return c.known[a.String()] }

// address parses s; "" is the sender of a message in which none can be read.
func address(t testing.TB, s string) message.Address {
	t.Helper()
	if s == "" {
		return message.Address{}
	}
	a, err := message.ParseAddress(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// readArchives reads testdata/policy: sections why, lists, organisations, known, ours, thread,
// scans, message or sender, want.
func readArchives(t *testing.T) []policyCase {
	paths, err := filepath.Glob(filepath.Join("..", "testdata", "policy", "*.txtar"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no policy cases: %v", err)
	}
	var cases []policyCase
	for _, path := range paths {
		a, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		cases = append(cases, readArchive(t, filepath.Base(path), a))
	}
	return cases
}

func readArchive(t *testing.T, name string, a *txtar.Archive) policyCase {
	c := policyCase{name: strings.TrimSuffix(name, ".txtar"), sender: "\x00"}
	why := ""
	for _, f := range a.Files {
		text := string(f.Data)
		switch f.Name {
		case "why":
			why = strings.TrimSpace(text)
		case "lists":
			c.lists = readLists(t, name, text)
		case "organisations":
			c.orgs = pairs(t, name, text)
		case "known":
			c.known = readKnown(t, name, text)
		case "ours":
			c.ours = map[message.Address]bool{}
			for word := range strings.FieldsSeq(text) {
				c.ours[address(t, word)] = true
			}
		case "thread":
			c.thread = pairs(t, name, text)
		case "scans":
			c.scans = pairs(t, name, text)
		case "message":
			c.header, c.sender = text, ""
		case "sender":
			c.sender = strings.TrimSpace(text)
		case "want":
			c.want = pairs(t, name, text)
		default:
			t.Fatalf("%s: unknown section %q", name, f.Name)
		}
	}
	if why == "" || c.sender == "\x00" || c.want["decision"] == "" {
		t.Fatalf("%s: it needs why, message or sender, and a decision in want", name)
	}
	return c
}

func readLists(t *testing.T, name, text string) map[policy.ListName]string {
	lists := map[policy.ListName]string{}
	for key, value := range pairs(t, name, text) {
		if key != string(policy.Allow) && key != string(policy.Block) {
			t.Fatalf("%s: unknown list %q", name, key)
		}
		lists[policy.ListName(key)] = value
	}
	return lists
}

// readKnown reads a profile a line: an address, then any of suspended, agent, admin.
func readKnown(t *testing.T, name, text string) map[string]policy.Profile {
	known := map[string]policy.Profile{}
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		p := policy.Profile{Known: true}
		for _, w := range words[1:] {
			switch w {
			case "suspended":
				p.Suspended = true
			case "agent":
				p.Role = policy.Agent
			case "admin":
				p.Role = policy.Admin
			default:
				t.Fatalf("%s: unknown word %q beside a profile", name, w)
			}
		}
		known[words[0]] = p
	}
	return known
}

// pairs reads lines of "key: value".
func pairs(t *testing.T, name, text string) map[string]string {
	m := map[string]string{}
	for line := range strings.Lines(text) {
		key, value, found := strings.Cut(strings.TrimSpace(line), ":")
		if _, twice := m[key]; !found || twice {
			t.Fatalf("%s: %q is not a line of its own", name, line)
		}
		m[key] = strings.TrimSpace(value)
	}
	return m
}

// readJSON reads cases kept elsewhere, in one file.
func readJSON(t *testing.T, path string) []policyCase {
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var list []struct {
		Name, Allowlist, Blocklist, Sender, Expect string
		Refused                                    []string
		Known                                      []struct {
			Email, Role string
			Suspended   bool
		}
	}
	if err := json.Unmarshal(raw, &list); err != nil || len(list) == 0 {
		t.Fatalf("%s: %d cases: %v", path, len(list), err)
	}
	var cases []policyCase
	for _, in := range list {
		c := policyCase{name: in.Name, sender: in.Sender, known: map[string]policy.Profile{}}
		c.lists = map[policy.ListName]string{policy.Allow: in.Allowlist, policy.Block: in.Blocklist}
		c.want = map[string]string{"decision": in.Expect, "refused": strings.Join(in.Refused, " ")}
		for _, k := range in.Known {
			c.known[k.Email] = policy.Profile{Known: true, Suspended: k.Suspended}
		}
		cases = append(cases, c)
	}
	return cases
}

// mail is a message without an envelope, as a file has it.
func mail(m *message.Message) policy.Mail {
	return policy.Mail{Message: m, Envelope: &message.Envelope{},
		Body: func() io.Reader { return strings.NewReader("Hello\r\n") }}
}
