package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// flagError says what a flag takes where its library repeats what a parser of numbers said.
func flagError(_ *cobra.Command, err error) error {
	var bad *pflag.InvalidValueError
	if !errors.As(err, &bad) {
		return err
	}
	name := "--" + bad.GetFlag().Name
	switch kind := bad.GetFlag().Value.Type(); {
	case strings.HasPrefix(kind, "int"):
		return misuse("%s %q: write a whole number, such as 10", name, bad.GetValue())
	case kind == "bool":
		return misuse("%s=%s: write true or false", name, bad.GetValue())
	}
	return misuse("%s %q: %w", name, bad.GetValue(), bad.Unwrap())
}

// alsoCalled are the words that other programs have for a verb of ours.
func alsoCalled(verb string) []string {
	switch verb {
	case "list":
		return []string{"ls", "show"}
	case "show":
		return []string{"list", "ls", "get", "view", "cat"}
	case "add":
		return []string{"new", "create"}
	case "remove":
		return []string{"delete", "del", "rm"}
	case "delete", "revoke":
		return []string{"remove", "delete", "del", "rm"}
	}
	return nil
}

// onlyLooks reports whether a verb changes nothing, and so may be named on a weak hint.
func onlyLooks(verb string) bool { return verb == "list" || verb == "show" }

func unknownVerb(cmd *cobra.Command, verb string) error {
	hint := fmt.Sprintf("`%s --help` lists them", cmd.CommandPath())
	if near := nearest(cmd.Commands(), verb); near != "" {
		hint = fmt.Sprintf("did you mean %s?", near)
	}
	return misuse("there is no %q in `%s`: %s", verb, cmd.CommandPath(), hint)
}

// nearest is the verb that somebody meant, "" if none is near. What may be meant for list or
// show is never taken for a verb that changes something: `rules lst` is not `rules set`.
func nearest(verbs []*cobra.Command, typed string) (name string) {
	var best suggestion
	for _, v := range verbs {
		l, near := suggestionOf(v, typed)
		if near && v.IsAvailableCommand() && (name == "" || l.before(best)) {
			name, best = v.Name(), l
		}
	}
	return name
}

// A suggestion is how far what was typed is from a verb.
type suggestion struct {
	letters int  // between what was typed and the nearest word for the verb
	looks   bool // the verb changes nothing
}

// before orders suggestions: none at all, then the verbs that change nothing.
func (l suggestion) before(m suggestion) bool {
	switch sure := l.letters == 0; {
	case sure != (m.letters == 0):
		return sure
	case l.looks != m.looks:
		return l.looks
	}
	return l.letters < m.letters
}

// suggestionOf compares what was typed with the words for a verb: it is near with two letters that
// differ and half of them right, or for the names list and show with one right.
func suggestionOf(v *cobra.Command, typed string) (l suggestion, near bool) {
	l.looks = onlyLooks(v.Name())
	if len(typed) > 1 && strings.HasPrefix(v.Name(), typed) {
		return l, true
	}
	words := append([]string{v.Name()}, v.SuggestFor...)
	for _, word := range words {
		short := min(len(word), len(typed))
		most := min(2, short/2)
		if onlyLooks(word) {
			most = min(2, short-1)
		}
		far := levenshtein.ComputeDistance(word, typed)
		if far <= most && (!near || far < l.letters) {
			l.letters, near = far, true
		}
	}
	return l, near
}
