package main

import (
	"context"
	"iter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gatepost/policy"
	"gatepost/store"
)

// flagWords are what the values of flags may be, by the name of the flag, with no database.
func (a *app) flagWords() map[string]func() []string {
	return map[string]func() []string{
		"cause": causeWords, "finding": findingNames, "made-by": origins, "role": roleWords, "setting": a.triables,
		"state":   store.HandoffStates,
		"subject": func() []string { return append(listWords(), "access") },
	}
}

// flagFinds are those that are in the database.
func flagFinds() map[string]completion {
	return map[string]completion{"entry": entriesOfBoth, "target": targets}
}

// fileFlags are those whose value is a file, or a folder.
func fileFlags() map[string]cobra.ShellCompDirective {
	const file, folder = cobra.ShellCompDirectiveDefault, cobra.ShellCompDirectiveFilterDirs
	return map[string]cobra.ShellCompDirective{"allow": file, "block": file, "config": file, "db": file,
		"dns": file, "expect": file, "mbox": file, "eml": folder}
}

// completeFlags gives the flags of all commands what completes their values: no shell offers files
// where there is no place for one.
func (a *app) completeFlags(cmd *cobra.Command) {
	const noFiles = cobra.ShellCompDirectiveNoFileComp
	words, finds, files := a.flagWords(), flagFinds(), fileFlags()
	complete := func(f *pflag.Flag) {
		given := cobra.FixedCompletions(nil, noFiles)
		if all := words[f.Name]; all != nil {
			given = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
				return all(), noFiles
			}
		} else if find := finds[f.Name]; find != nil {
			given = a.completer(find, noFiles)
		} else if directive, is := files[f.Name]; is {
			given = cobra.FixedCompletions(nil, directive)
		}
		if _, has := cmd.GetFlagCompletionFunc(f.Name); !has && f.Value.Type() != "bool" {
			_ = cmd.RegisterFlagCompletionFunc(f.Name, given) // which fails for no flag that there is
		}
	}
	cmd.LocalFlags().VisitAll(complete)
	for _, sub := range cmd.Commands() {
		a.completeFlags(sub)
	}
}

// causeWords are the causes that hold mail, each with what it says.
func causeWords() (all []string) {
	for c := range policy.EachCause() {
		all = append(all, c.String()+"\t"+c.Label())
	}
	return all
}

// triables are the settings that `rules try` takes, up to their values.
func (a *app) triables() (all []string) {
	s, err := a.settings()
	if err != nil {
		return nil
	}
	for _, l := range s.Lines() {
		if isTriable(l.Setting) {
			all = append(all, l.Setting+"=")
		}
	}
	return all
}

func entriesOfBoth(ctx context.Context, db *store.DB, _ []string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, list := range listWords() {
			for word, err := range entriesOf(ctx, db, policy.ListName(list)) {
				if !yield(word, err) {
					return
				}
			}
		}
	}
}

func roleWords() []string { return []string{"end-user", "agent", "admin"} }
