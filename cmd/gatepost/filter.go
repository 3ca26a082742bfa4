package main

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gatepost/message"
	"gatepost/policy"
	"gatepost/settings"
	"gatepost/store"
)

// A filter is what the flags of a list say. Its zero value is everything, newest first.
type filter struct {
	cause, from, search string
	older, newer        string
	sort                string
	sorts               []string // what sort may be; nil if there is no choice
	limit               int
}

// newFilter gives cmd the flags that select. A cause is only what held mail has.
func newFilter(cmd *cobra.Command) *filter {
	f, flags := &filter{}, cmd.Flags()
	flags.StringVar(&f.from, "from", "", "only of this address, or of this domain and below it")
	flags.StringVar(&f.search, "search", "", "only with these words in subject, author or recipient")
	flags.StringVar(&f.older, "older", "", "only what arrived longer ago than this: 2d, 1h, 30m")
	flags.StringVar(&f.newer, "newer", "", "only what arrived within this time: 2d, 1h, 30m")
	return f
}

func (f *filter) addCause(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.cause, "cause", "", "only held for this cause: its name or its number")
}

// addOrder gives cmd the flags of order and length. The orders are those the list knows.
func (f *filter) addOrder(cmd *cobra.Command, orders []store.Order) {
	for _, o := range orders {
		f.sorts = append(f.sorts, o.Name)
	}
	flags := cmd.Flags()
	flags.StringVar(&f.sort, "sort", f.sorts[0], "order: "+strings.Join(f.sorts, ", "))
	flags.IntVar(&f.limit, "limit", 0, "at most this many; 0 is all")
	_ = cmd.RegisterFlagCompletionFunc("sort", // which fails for no flag that there is
		cobra.FixedCompletions(f.sorts, cobra.ShellCompDirectiveNoFileComp))
}

// query is what the store is asked at the time now.
func (f *filter) query(now time.Time) (store.Query, error) {
	q := store.Query{Search: f.search, Sort: f.sort, Limit: f.limit}
	if f.sorts != nil && !slices.Contains(f.sorts, f.sort) {
		return q, misuse("cannot sort by %q: write %s", f.sort, strings.Join(f.sorts, ", "))
	}
	if f.limit < 0 {
		return q, misuse("--limit %d is below 0: leave it out for all", f.limit)
	}
	var err error
	if q.Cause, err = parseCause(f.cause); err != nil {
		return q, err
	}
	if q.From, err = parseFrom(f.from); err != nil {
		return q, err
	}
	if q.Before, err = ago(now, "--older", f.older); err != nil {
		return q, err
	}
	q.After, err = ago(now, "--newer", f.newer)
	return q, err
}

// none is what to say of an empty list: that there is nothing, or nothing that q selects.
func none(q store.Query, nothing, nothingLike string) string {
	q.Sort, q.Limit = "", 0
	if q == (store.Query{}) {
		return nothing
	}
	return nothingLike
}

// parseCause is the name of a cause that is given by its name or by the vendor's number.
func parseCause(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	var names []string
	for c := range policy.EachCause() {
		id, numbered := c.ID()
		if s == c.String() || numbered && s == strconv.Itoa(id) {
			return c.String(), nil
		}
		names = append(names, c.String())
	}
	return "", misuse("there is no cause %q: write %s", s, strings.Join(names, ", "))
}

// parseFrom reads an address or a domain into its one spelling.
func parseFrom(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	if strings.Contains(s, "@") {
		address, err := message.ParseAddress(s)
		if err != nil {
			return "", no("--from %q: %w", s, err)
		}
		return address.String(), nil
	}
	domain, err := message.ParseDomain(s)
	if err != nil {
		return "", no("--from %q: %w", s, err)
	}
	return string(domain), nil
}

// ago is the time as long before now as s says, the zero time if s is empty.
func ago(now time.Time, flag, s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	var length settings.Span
	if err := length.UnmarshalText([]byte(s)); err != nil {
		return time.Time{}, misuse("%s %w", flag, err)
	}
	return now.Add(-time.Duration(length)), nil
}
