package main

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gatepost/message"
	"gatepost/store"
)

func newUserCommand(a *app) *cobra.Command {
	return group("user", "show and change the known profiles",
		newUserList(a), newUserShow(a), newUserAdd(a), newUserImport(a), newUserRole(a),
		newUserSuspend(a), newUserUnsuspend(a), newUserRemove(a), newUserPassword(a))
}

// origins are the ways a profile is made.
func origins() []string { return []string{"mail", "recover", "import", "cli"} }

func newUserList(a *app) *cobra.Command {
	var madeBy string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "list the profiles by address",
		Args:  takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if madeBy != "" && !slices.Contains(origins(), madeBy) {
				return misuse("no profile is made by %q: write %s", madeBy,
					strings.Join(origins(), ", "))
			}
			return a.withStore(cmd.Context(), false, func(db *store.DB) error {
				words := "there are no profiles"
				if madeBy != "" {
					words = "no profile was made by " + madeBy
				}
				users := orNone(a, db.Users(cmd.Context(), madeBy), words)
				return printList(a, users, userHeaders(), a.userCells)
			})
		},
	}
	cmd.Flags().StringVar(&madeBy, "made-by", "",
		"only those made in this way: "+strings.Join(origins(), ", "))
	return cmd
}

func userHeaders() []string {
	return []string{"EMAIL", "NAME", "ROLE", "STATE", "MADE BY", "AGE"}
}

func (a *app) userCells(u store.User) []string {
	return []string{a.sender(u.Email), u.Name, u.Role, state(u), u.MadeBy, a.when(u.CreatedAt)}
}

func state(u store.User) string {
	if u.Suspended {
		return "suspended"
	}
	return "active"
}

func newUserShow(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "show EMAIL",
		Short: "show one profile",
		Args:  takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withUser(cmd.Context(), args[0], func(*store.DB, message.Address) error {
				return nil
			}, a.printUser)
		},
	}
}

// withUser changes the profile of an address, which must be there, and shows what it is
// then.
func (a *app) withUser(ctx context.Context, email string,
	change func(*store.DB, message.Address) error, report func(store.User) error) error {
	address, err := userAddress(email)
	if err != nil {
		return err
	}
	return a.withStore(ctx, false, func(db *store.DB) error {
		if err := change(db, address); err != nil {
			return err
		}
		u, err := db.User(ctx, address)
		if err != nil {
			return notFound(err, "there is no profile of %s", address)
		}
		return report(u)
	})
}

func userAddress(s string) (message.Address, error) {
	address, err := message.ParseAddress(s)
	if err != nil {
		return address, no("%q is not an address: %w", s, err)
	}
	return address, nil
}

func (a *app) printUser(u store.User) error {
	if a.json {
		return a.printJSON(u)
	}
	return a.printFields([][2]string{
		{"Email", u.Email},
		{"Name", u.Name},
		{"Role", u.Role},
		{"State", state(u)},
		{"Made by", u.MadeBy},
		{"Created", stamp(u.CreatedAt)},
		{"Updated", stamp(u.UpdatedAt)},
	})
}

// noteUser says what became of a profile: with --json the profile itself, else a line that
// starts with its address.
func (a *app) noteUser(became string) func(store.User) error {
	return func(u store.User) error {
		if a.json {
			return a.printJSON(u)
		}
		a.note("%s %s", u.Email, became)
		return nil
	}
}
