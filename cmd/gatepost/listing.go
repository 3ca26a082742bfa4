package main

import (
	"errors"
	"fmt"
	"iter"
	"strconv"

	"github.com/spf13/cobra"

	"gatepost/store"
)

// listing is how a list is printed other than in full.
type listing struct{ ids, count bool }

func newListing(cmd *cobra.Command) *listing {
	l, flags := &listing{}, cmd.Flags()
	flags.BoolVar(&l.ids, "ids", false, "print ids only, one a line")
	flags.BoolVar(&l.count, "count", false, "print how many there are")
	cmd.PreRunE = oneOf("ids", "count")
	return l
}

// printIDs prints the ids of a list, one a line, to be read back by way of -.
func printIDs[T any](a *app, seq iter.Seq2[T, error], id func(T) int64) error {
	for v, err := range seq {
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintln(a.stdout, id(v)); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) printCount(n int64, err error) error {
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(map[string]int64{"count": n})
	}
	_, err = fmt.Fprintln(a.stdout, strconv.FormatInt(n, 10))
	return err
}

// notFound gives the store's "not found" the words of the thing that was asked for.
func notFound(err error, format string, args ...any) error {
	if errors.Is(err, store.ErrNotFound) {
		return no(format, args...)
	}
	return err
}
