package main

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"gatepost/settings"
	"gatepost/store"
)

func newTokenCommand(a *app) *cobra.Command {
	return group("token", "let programs use the API in the name of a profile",
		newTokenAdd(a), newTokenList(a), newTokenRevoke(a))
}

func newTokenAdd(a *app) *cobra.Command {
	var name, expires string
	cmd := &cobra.Command{
		Use:   "add EMAIL",
		Short: "make a token with the role of a profile, and print it: it is shown this once",
		Long: "Makes a token with the role that the profile has at the time it is used, and prints\n" +
			"it. It is kept as a hash, so that nobody can read it again. Without --expires it\n" +
			"stands until it is revoked.",
		Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			owner, err := userAddress(args[0])
			if err != nil {
				return err
			}
			t := store.NewToken{Owner: owner, Name: name}
			if t.Expires, err = after(a.now(), "--expires", expires); err != nil {
				return err
			}
			return a.withStore(cmd.Context(), false, func(db *store.DB) error {
				return a.addToken(cmd.Context(), db, t)
			})
		},
	}
	a.yesFlag(cmd)
	cmd.Flags().StringVar(&name, "name", "", "what it is for, for whoever reads the list later")
	cmd.Flags().StringVar(&expires, "expires", "", "how `long` it stands: 90d, 12h")
	return cmd
}

// after is the time as long after now as s says, the zero time if s is empty.
func after(now time.Time, flag, s string) (time.Time, error) {
	var length settings.Span
	if s == "" {
		return time.Time{}, nil
	}
	if err := length.UnmarshalText([]byte(s)); err != nil {
		return time.Time{}, misuse("%s %w", flag, err)
	}
	return now.Add(time.Duration(length)), nil
}

func (a *app) addToken(ctx context.Context, db *store.DB, n store.NewToken) error {
	token, secret, err := a.editor(db).AddToken(ctx, n)
	switch {
	case errors.Is(err, store.ErrExpiry):
		return misuse("--expires: a token must stand for some time, such as 90d")
	case err != nil:
		return notFound(err, "there is no profile of %s: make one with `user add`", n.Owner)
	case a.json:
		return a.printJSON(struct {
			ID    int64  `json:"id"`
			Token string `json:"token"`
		}{token.ID, secret})
	}
	a.note("token %d of %s; it is not shown again:", token.ID, token.Owner)
	return a.print("%s", secret)
}

func newTokenList(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "list the tokens, those too that stand no more",
		Args:  takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withStore(cmd.Context(), false, func(db *store.DB) error {
				tokens := orNone(a, db.Tokens(cmd.Context()), "there are no tokens")
				headers := []string{"ID", "OWNER", "NAME", "STATE", "ENDS", "LAST USED", "FROM", "AGE"}
				return printList(a, tokens, headers, a.tokenCells)
			})
		},
	}
}

func (a *app) tokenCells(t store.Token) []string {
	used, ends := "", ""
	if t.LastUsedAt != nil {
		used = a.when(*t.LastUsedAt)
	}
	if t.ExpiresAt != nil {
		ends = a.when(*t.ExpiresAt)
	}
	return []string{strconv.FormatInt(t.ID, 10), t.Owner, t.Name, a.tokenState(t), ends, used,
		t.LastClient, a.when(t.CreatedAt)}
}

func (a *app) tokenState(t store.Token) string {
	switch {
	case t.RevokedAt != nil:
		return "revoked"
	case t.ExpiresAt != nil && !t.ExpiresAt.After(a.now()):
		return "expired"
	}
	return "active"
}

func newTokenRevoke(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "revoke ID…|-",
		Short: "end tokens for good",
		Args:  takes(1, -1),
		RunE:  a.withIDs(a.revokeTokens),
	}
	a.yesFlag(cmd)
	return cmd
}

// revokeTokens looks first, so that nobody is asked about what is not there.
func (a *app) revokeTokens(ctx context.Context, db *store.DB, ids []int64) error {
	tokens := map[int64]store.Token{}
	for t, err := range db.Tokens(ctx) {
		if err != nil {
			return err
		}
		tokens[t.ID] = t
	}
	var doomed []string
	for _, id := range ids {
		t, ok := tokens[id]
		if !ok {
			return no("there is no token %d: nothing was revoked", id)
		}
		doomed = append(doomed, strconv.FormatInt(id, 10)+"  "+t.Owner+inBrackets(t.Name)+"  "+
			a.tokenState(t))
	}
	if err := a.confirm("revoke "+count(len(ids), "token", "tokens"), doomed...); err != nil {
		return err
	}
	for _, id := range ids {
		if err := a.editor(db).RevokeToken(ctx, id); err != nil {
			return notFound(err, "there is no token %d any more", id)
		}
	}
	if a.json {
		return a.printJSON(map[string]int{"revoked": len(ids)})
	}
	a.note("%s revoked", count(len(ids), "token", "tokens"))
	return nil
}
