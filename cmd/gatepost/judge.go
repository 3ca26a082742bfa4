package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"gatepost/intake"
	"gatepost/mailfile"
	"gatepost/message"
	"gatepost/policy"
	"gatepost/store"
)

// newJudge judges as db says. A nil db has empty lists and no profiles.
func (a *app) newJudge(ctx context.Context, db *store.DB) (*intake.Judge, error) {
	if db != nil {
		rules, err := db.Policy(ctx)
		return &intake.Judge{Rules: rules, Profile: db.Profile, Thread: db.Thread}, err
	}
	s, err := a.settings()
	if err != nil {
		return nil, err
	}
	laid, err := policyOf(ctx, nil, s)
	return &intake.Judge{Rules: &policy.Policy{Settings: laid},
		Profile: knownProfiles(nil)}, err
}

func knownProfiles(known map[message.Address]policy.Profile) func(message.Address) (
	policy.Profile, error) {
	return func(a message.Address) (policy.Profile, error) { return known[a], nil }
}

// A verdict is a decision as scripts read it. Every key is always there.
type verdict struct {
	Decision string   `json:"decision"`
	Cause    *string  `json:"cause"`
	CauseID  *int     `json:"cause_id"`
	Sender   string   `json:"sender"`
	ReplyTo  []string `json:"reply_to"`
	Rule     *string  `json:"rule"`
	Why      string   `json:"why"`

	Authentication string `json:"authentication"` // pass, fail, none or temperror
}

// mailOf is a message whose octets are at hand.
func mailOf(raw []byte, env *message.Envelope) policy.Mail {
	m := message.Parse(raw)
	return policy.Mail{Message: m, Envelope: env,
		Body: func() io.Reader { return bytes.NewReader(raw[m.Size:]) }}
}

// mailIn is a message of a file: its header section is in memory, its body is not.
func mailIn(p *mailfile.Entry, env *message.Envelope) (policy.Mail, error) {
	head, err := io.ReadAll(io.LimitReader(p.OnWire(), message.MaxHeader+1))
	m := message.Parse(head)
	return policy.Mail{Message: m, Envelope: env, Body: func() io.Reader {
		in := p.OnWire()
		if _, err := io.CopyN(io.Discard, in, int64(m.Size)); err != nil {
			return brokenReader{err}
		}
		return in
	}}, err
}

// A brokenReader gives an error that came before it was read.
type brokenReader struct{ err error }

func (b brokenReader) Read([]byte) (int, error) { return 0, b.err }

func newVerdict(f *policy.Facts, d *policy.Decision) verdict {
	sender, _ := f.Requester()
	v := verdict{Decision: d.Action.String(), Sender: cmp.Or(sender.Address.String(), f.Sender.Text), ReplyTo: []string{},
		Rule: orNull(d.RuleText()), Why: d.Why(), Authentication: f.Proof().String()}
	for _, to := range f.ReplyTo {
		v.ReplyTo = append(v.ReplyTo, to.String())
	}
	v.Cause, v.CauseID = causeOf(d)
	return v
}

// causeOf is the cause of a decision; a ticket, a comment and a reject have none.
func causeOf(d *policy.Decision) (name *string, id *int) {
	if d.Action != policy.Suspend {
		return nil, nil
	}
	if n, ok := d.Cause.ID(); ok {
		id = &n
	}
	return orNull(d.Cause.String()), id
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// overrides are lists and profiles given as flags in place of those of the database.
type overrides struct {
	allow, block, known *string // as text; nil if not given
}

func (s *overrides) add(flags *pflag.FlagSet) {
	for _, f := range []struct {
		name, usage string
		text        **string
	}{
		{"allowlist", "judge by this allowlist, as `text`", &s.allow},
		{"blocklist", "judge by this blocklist, as `text`", &s.block},
		{"known", "judge with these profiles only: `addresses`, suspended:ADDRESS for a " +
			"suspended one", &s.known},
	} {
		flags.Func(f.name, f.usage, func(text string) error {
			*f.text = &text
			return nil
		})
	}
}

func (s *overrides) given() bool { return s.allow != nil || s.block != nil || s.known != nil }

// apply puts what was given in the place of what the judge has. A list that cannot be taken
// is refused whole, with all that is wrong in it.
func (s *overrides) apply(j *intake.Judge) error {
	allow, errAllow := overrideList(policy.Allow, s.allow, j.Rules.Allow)
	block, errBlock := overrideList(policy.Block, s.block, j.Rules.Block)
	if err := errors.Join(errAllow, errBlock); err != nil {
		return err
	}
	j.Rules = &policy.Policy{Allow: allow, Block: block, Settings: j.Rules.Settings}
	if s.known == nil {
		return nil
	}
	known, err := parseKnown(*s.known)
	j.Profile = knownProfiles(known)
	return err
}

func overrideList(name policy.ListName, text *string, list *policy.List) (*policy.List, error) {
	if text == nil {
		return list, nil
	}
	entries, err := policy.ParseList(name, *text)
	return policy.Compile(slices.Values(entries)), err
}

// parseKnown reads addresses separated by white space, the suspended ones marked.
func parseKnown(text string) (map[message.Address]policy.Profile, error) {
	known := map[message.Address]policy.Profile{}
	var errs []error
	for word := range strings.FieldsSeq(text) {
		address, suspended := strings.CutPrefix(word, "suspended:")
		a, err := message.ParseAddress(address)
		if err != nil {
			errs = append(errs, badAddress("known ", address, err))
			continue
		}
		known[a] = policy.Profile{Known: true, Suspended: suspended}
	}
	return known, errors.Join(errs...)
}

func badAddress(what, text string, err error) error {
	return no("%saddress %q: %w", what, text, err)
}
