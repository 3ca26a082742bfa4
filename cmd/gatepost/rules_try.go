package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gatepost/policy"
	"gatepost/settings"
	"gatepost/store"
	"gatepost/terminal"
	"gatepost/trial"
)

// A try is what `rules try` is asked.
type try struct {
	*app
	allow, block string   // files
	add, remove  []string // "allow acme.test"
	set          []string // KEY=VALUE
	since        string
	byDomain     bool
}

func newRulesTry(a *app) *cobra.Command {
	t := &try{app: a}
	cmd := &cobra.Command{
		Use:   "try",
		Short: "say what other lists or settings would have done to the mail that came",
		Long: "Decides each message that was stored again, as things stand and by other lists or\n" +
			"settings, and says which would become something else: how many, from what to what,\n" +
			"by sender, and with their ids. Nothing is changed. Each is decided on the facts that\n" +
			"were kept with it when it came, deleted and expired ones as well for as long as\n" +
			"tombstones.keep: what its header fields show, who it is proven to be from, the\n" +
			"profile of its sender then. Of silent rejections nothing is known.\n" +
			"--allow and --block have a file in the place of a whole list, as `rules import` reads\n" +
			"it. Settings are those of [causes], auth.trust, rate.per_hour and smtp.only_relays: by\n" +
			"others a message is read otherwise, and `gatepost replay` tries them on files.",
		Example: "  gatepost rules try --add 'block *' --since 30d\n" +
			"  gatepost rules try --remove 'allow acme.test' --setting causes.blank=false\n" +
			"  gatepost rules show block | grep -v old.test | gatepost rules try --block -",
		Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withStore(cmd.Context(), false, func(db *store.DB) error {
				return t.run(cmd.Context(), db)
			})
		},
	}
	t.listFlags(cmd)
	t.domainFlag(cmd)
	flags := cmd.Flags()
	flags.StringArrayVar(&t.set, "setting", nil, "another `key=value`: causes.blank=false")
	flags.StringVar(&t.since, "since", "", "only what came at this `date` or later: "+datesHelp)
	return cmd
}

// listFlags are for lists that are not saved.
func (t *try) listFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&t.allow, "allow", "", "an allowlist, from a `file` or - for stdin")
	flags.StringVar(&t.block, "block", "", "a blocklist, from a `file` or - for stdin")
	flags.StringArrayVar(&t.add, "add", nil, "put an `entry` on a list: \"allow acme.test\"")
	flags.StringArrayVar(&t.remove, "remove", nil, "take an `entry` off a list: \"block acme.test\"")
}

func (t *try) domainFlag(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&t.byDomain, "by-domain", false,
		"a line for each domain in place of each sender")
}

// listsGiven reports whether other lists were given.
func (t *try) listsGiven() bool { return t.allow+t.block != "" || len(t.add)+len(t.remove) > 0 }

// mostMemory is how much the runtime tries to do with, in octets: half of it is what a million
// changes take, and what is thrown away between them need not lie about.
const mostMemory = 64 << 20

func (t *try) run(ctx context.Context, db *store.DB) error {
	since, err := parseDate(t.now(), "--since", t.since)
	if err != nil {
		return err
	}
	now, err := db.Policy(ctx)
	if err != nil {
		return err
	}
	then, err := t.then(now)
	if err != nil {
		return err
	}
	debug.SetMemoryLimit(mostMemory)
	p := t.progress(nil)
	diff, err := trial.Trial{Now: now, Then: then, Since: since, Tell: p.Messages}.Run(ctx, db)
	p.End()
	if err != nil {
		return err
	}
	return t.tell(diff, since)
}

// tell says what would change.
func (t *try) tell(diff *trial.Diff, since time.Time) error {
	if t.json {
		out := bufio.NewWriter(t.stdout)
		err := diff.WriteJSON(terminal.JSONWriter(out))
		_, _ = out.WriteString("\n") // whose error Flush says
		return errors.Join(err, out.Flush())
	}
	return t.print(diff, since)
}

// then is the policy that is tried.
func (t *try) then(now *policy.Policy) (*policy.Policy, error) {
	if !t.listsGiven() && len(t.set) == 0 {
		return nil, misuse("say what to try: --allow, --block, --add, --remove or --setting")
	}
	if t.allow == "-" && t.block == "-" {
		return nil, misuse("--allow - and --block - both read stdin: give one of them a file")
	}
	then, err := *now, error(nil)
	if then.Settings, err = t.settingsThen(now.Settings); err != nil {
		return nil, err
	}
	for _, l := range []struct {
		name policy.ListName
		file string
		list **policy.List
	}{{policy.Allow, t.allow, &then.Allow}, {policy.Block, t.block, &then.Block}} {
		if *l.list, err = t.listThen(l.name, l.file, *l.list); err != nil {
			return nil, err
		}
	}
	return &then, nil
}

func (t *try) listThen(name policy.ListName, file string, list *policy.List) (*policy.List, error) {
	if file != "" {
		in, err := t.input(file)
		if err != nil {
			return nil, err
		}
		defer in.Close()
		entries, err := readEntries(name, inputName(file), in)
		if err != nil {
			return nil, err
		}
		list = policy.Compile(slices.Values(entries))
	}
	removed, err := namedEntries("--remove", name, t.remove)
	if err != nil {
		return nil, err
	}
	added, err := namedEntries("--add", name, t.add)
	if err != nil {
		return nil, err
	}
	var changes []policy.Change
	for _, e := range removed {
		if !list.Has(e) {
			return nil, no("--remove %s: it is not on the %slist", e, name)
		}
		changes = append(changes, policy.Change{Entry: e, Removed: true})
	}
	for _, e := range added {
		changes = append(changes, policy.Change{Entry: e})
	}
	return list.With(changes), nil
}

// namedEntries are those that a flag names for a list, each as "allow acme.test".
func namedEntries(flag string, list policy.ListName, texts []string) (all []policy.Entry, err error) {
	for _, text := range texts {
		name, entry, _ := strings.Cut(strings.TrimSpace(text), " ")
		to, err := listName(name)
		if err != nil || entry == "" {
			return nil, misuse("%s %q: name the list and an entry, such as \"allow acme.test\"", flag,
				text)
		}
		if to != list {
			continue
		}
		entries, err := policy.ParseEntries(list, entry)
		if err != nil {
			return nil, no("%s: %w", flag, err)
		}
		all = append(all, entries...)
	}
	return all, nil
}

// settingsThen are the settings with others laid over them.
func (t *try) settingsThen(now policy.Settings) (policy.Settings, error) {
	if len(t.set) == 0 {
		return now, nil
	}
	flags := maps.Clone(t.flags)
	for _, text := range t.set {
		key, value, found := strings.Cut(text, "=")
		if !found {
			return now, misuse("--setting %q: write key=value, such as causes.blank=false", text)
		}
		if err := t.triable(key); err != nil {
			return now, err
		}
		flags[key] = settings.Flag{Name: "setting " + key, Text: value}
	}
	s, err := settings.Read(settings.Source{Path: t.configPath, Getenv: t.getenv, Flags: flags})
	if err != nil {
		return now, misuse("%w", err)
	}
	return s.Policy()
}

// triable refuses a setting by which messages are read: what other ones would read was not kept.
func (t *try) triable(key string) error {
	s, err := t.settings()
	if err != nil {
		return err
	}
	isSetting := slices.ContainsFunc(s.Lines(), func(l settings.Line) bool { return l.Setting == key })
	switch {
	case !isSetting:
		return misuse("--setting %s: there is no such setting: gatepost config show lists all", key)
	case isTriable(key):
		return nil
	}
	return misuse("--setting %s: by another value messages are read otherwise, or not at all, and "+
		"what that would show was not kept: try it on files, with gatepost replay", key)
}

// isTriable reports whether a setting decides by nothing but what was kept.
func isTriable(key string) bool {
	return strings.HasPrefix(key, "causes.") || key == "auth.trust" || key == "rate.per_hour" ||
		key == "smtp.only_relays"
}

// print says how much would change, and the groups a line for each move of theirs.
func (t *try) print(d *trial.Diff, since time.Time) error {
	of := count(d.Decided, "message", "messages")
	if !since.IsZero() {
		of += " since " + stamp(since)
	}
	if d.NotKnown > 0 {
		t.note("of %s too little is kept to decide", count(d.NotKnown, "more message", "more messages"))
	}
	if d.Changed == 0 {
		t.note("none of %s would change", of)
		return nil
	}
	t.note("%d of %s would change: %s", d.Changed, of, d.Words())
	if d.Rejected > 0 {
		t.note("of these %s rejected silently: nothing else is known of that",
			count(d.Rejected, "was", "were"))
	}
	groups, name := d.Senders(), "SENDER"
	if t.byDomain {
		groups, name = d.Domains(), "DOMAIN"
	}
	return t.table([]string{"MESSAGES", "FROM", "TO", name, "IDS"}, moveRows(groups))
}

// mostIDs is how many ids stand in a row of the table; --json has all.
const mostIDs = 10

func moveRows(groups iter.Seq[trial.Group]) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		for g := range groups {
			for _, c := range g.Moves {
				ids := fmt.Sprint(c.IDs[:min(len(c.IDs), mostIDs)])
				ids = strings.Trim(ids, "[]")
				if more := len(c.IDs) - mostIDs; more > 0 {
					ids += fmt.Sprintf(" and %d more", more)
				}
				row := []string{strconv.Itoa(c.Messages), c.From.String(), c.To.String(), g.Name, ids}
				if !yield(row, nil) {
					return
				}
			}
		}
	}
}
