package main

import (
	"cmp"
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"gatepost/message"
	"gatepost/policy"
	"gatepost/store"
)

func newUserAdd(a *app) *cobra.Command {
	var name, role string
	var fromStdin bool
	cmd := &cobra.Command{
		Use:   "add EMAIL",
		Short: "make a profile",
		Args:  takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			u, err := newUser(args[0], name, role)
			if err != nil {
				return err
			}
			if fromStdin {
				password, err := a.readPassword(true)
				if err != nil {
					return err
				}
				u.Password = store.HashPassword(password)
			}
			return a.addUser(cmd.Context(), u)
		},
	}
	a.yesFlag(cmd)
	cmd.Flags().StringVar(&name, "name", "", "the name of the person")
	cmd.Flags().StringVar(&role, "role", "end-user", "end-user, agent or admin")
	cmd.Flags().BoolVar(&fromStdin, "password-stdin", false, "read a password from stdin")
	return cmd
}

func newUser(email, name, role string) (store.NewUser, error) {
	address, err := userAddress(email)
	if err != nil {
		return store.NewUser{}, err
	}
	u := store.NewUser{Email: address, Name: name, MadeBy: "cli"}
	if u.Role, err = parseRole(role); err != nil {
		return u, err
	}
	return u, nil
}

func parseRole(s string) (policy.Role, error) {
	role, err := policy.ParseRole(s)
	if err != nil {
		return role, misuse("there is no role %q: write end-user, agent or admin", s)
	}
	return role, nil
}

func (a *app) addUser(ctx context.Context, u store.NewUser) error {
	return a.withStore(ctx, true, func(db *store.DB) error {
		err := a.editor(db).AddUser(ctx, u)
		if errors.Is(err, store.ErrExists) {
			return no("there is a profile of %s already: nothing was changed", u.Email)
		}
		if err != nil {
			return err
		}
		added, err := db.User(ctx, u.Email)
		if err != nil {
			return err
		}
		return a.noteUser("has a profile now: " + added.Role)(added)
	})
}

func newUserRole(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "role EMAIL end-user|agent|admin",
		Short: "give a profile another role",
		Args:  takes(2, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			role, err := parseRole(args[1])
			if err != nil {
				return err
			}
			ctx := cmd.Context()
			return a.withUser(ctx, args[0], func(db *store.DB, address message.Address) error {
				return userErr(a.editor(db).SetRole(ctx, address, role), address)
			}, a.noteUser("is "+role.String()+" now"))
		},
	}
	a.yesFlag(cmd)
	return cmd
}

// userErr puts the refusals of the store into words.
func userErr(err error, address message.Address) error {
	switch {
	case errors.Is(err, store.ErrLastAdmin):
		return no("%w, with `user role` or `user password`", err)
	case errors.Is(err, store.ErrNotFound):
		return no("there is no profile of %s: nothing was changed", address)
	}
	return err
}

func newUserSuspend(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "suspend EMAIL",
		Short: "hold all mail of a profile",
		Args:  takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return a.withUser(ctx, args[0], func(db *store.DB, address message.Address) error {
				return userErr(a.editor(db).SetSuspended(ctx, address, true), address)
			}, a.noteUser("is suspended: all its mail is held, and its tokens are revoked"))
		},
	}
	a.yesFlag(cmd)
	return cmd
}

func newUserUnsuspend(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "unsuspend EMAIL",
		Short: "let the mail of a profile be judged by the lists again",
		Args:  takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return a.withUser(ctx, args[0], func(db *store.DB, address message.Address) error {
				return userErr(a.editor(db).SetSuspended(ctx, address, false), address)
			}, a.noteUser("is not suspended any more"))
		},
	}
	a.yesFlag(cmd)
	return cmd
}

func newUserRemove(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "remove EMAIL",
		Short: "remove a profile: its address is a stranger's again",
		Args:  takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			address, err := userAddress(args[0])
			if err != nil {
				return err
			}
			return a.withStore(cmd.Context(), false, func(db *store.DB) error {
				return a.removeUser(cmd.Context(), db, address)
			})
		},
	}
	a.yesFlag(cmd)
	return cmd
}

// removeUser looks first, so that nobody is asked about what is not there.
func (a *app) removeUser(ctx context.Context, db *store.DB, address message.Address) error {
	u, err := db.User(ctx, address)
	if err != nil {
		return userErr(err, address)
	}
	line := strings.Join([]string{u.Email, cmp.Or(u.Name, "(no name)"), u.Role, state(u),
		"made by " + u.MadeBy}, "  ")
	if err := a.confirm("remove the profile of "+u.Email, line); err != nil {
		return err
	}
	if err := a.editor(db).RemoveUser(ctx, address); err != nil {
		return userErr(err, address)
	}
	if a.json {
		return a.printJSON(map[string]string{"removed": address.String()})
	}
	a.note("the profile of %s is removed: it is a stranger now", address)
	return nil
}

func newUserPassword(a *app) *cobra.Command {
	var fromStdin, revoke bool
	cmd := &cobra.Command{
		Use:   "password EMAIL",
		Short: "give a profile a password",
		Args:  takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return a.withUser(ctx, args[0], func(db *store.DB, address message.Address) error {
				if _, err := db.User(ctx, address); err != nil {
					return userErr(err, address)
				}
				password, err := a.readPassword(fromStdin)
				if err != nil {
					return err
				}
				return userErr(a.setPassword(ctx, db, address, password, revoke), address)
			}, a.noteUser("has a new password"))
		},
	}
	a.yesFlag(cmd)
	cmd.Flags().BoolVar(&fromStdin, "password-stdin", false, "read the password from stdin")
	cmd.Flags().BoolVar(&revoke, "revoke-tokens", false, "revoke the tokens of the profile too")
	return cmd
}

// setPassword ends the tokens of a profile with its old password, or names those that stand on.
func (a *app) setPassword(ctx context.Context, db *store.DB, owner message.Address,
	password string, revoke bool) error {
	hand := a.editor(db)
	if revoke {
		n, err := hand.RevokeTokens(ctx, owner)
		if err != nil {
			return err
		}
		a.note("%s revoked", count(n, "token", "tokens"))
	}
	if err := hand.SetPassword(ctx, owner, store.HashPassword(password)); err != nil {
		return err
	}
	var stand []string
	for t, err := range db.Tokens(ctx) {
		if err != nil {
			return err
		}
		if t.Owner == owner.String() && t.Stands(a.now()) {
			stand = append(stand, strconv.FormatInt(t.ID, 10))
		}
	}
	if stand != nil {
		a.note("its tokens remain valid; to revoke them: gatepost token revoke %s",
			strings.Join(stand, " "))
	}
	return nil
}
