package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"

	"github.com/spf13/cobra"

	"gatepost/httpd"
	"gatepost/policy"
	"gatepost/store"
)

// rangesRoom is how many octets of ranges are read from stdin: some 50,000 of them.
const rangesRoom = 1 << 20

func newAccessCommand(a *app) *cobra.Command {
	return group("access", "say from where people may sign in and programs use the API",
		newAccessShow(a), newAccessSet(a), newAccessCheck(a), newAccessExempt(a))
}

// An accessRecord is the IP restrictions as JSON. ShutOut is what a change may break.
type accessRecord struct {
	Enabled         bool          `json:"enabled"`
	Ranges          string        `json:"ranges"`
	CustomersBypass bool          `json:"customers_bypass"`
	Generation      int64         `json:"generation"` // moves with every change
	ShutOut         []store.Token `json:"shut_out,omitempty"`
}

func newAccessShow(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "show",
		Short: "show the IP restrictions",
		Args:  takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withStore(cmd.Context(), false, func(db *store.DB) error {
				access, generation, err := db.AccessAt(cmd.Context())
				if err != nil {
					return err
				}
				return a.printAccess(access, generation, nil)
			})
		},
	}
}

func (a *app) printAccess(access policy.Access, generation int64, shutOut []store.Token) error {
	if a.json {
		return a.printJSON(accessRecord{access.Enabled, access.Ranges.String(),
			access.CustomersBypass, generation, shutOut})
	}
	return a.printFields([][2]string{
		{"Enabled", yesNo(access.Enabled)},
		{"Ranges", strings.Join(strings.Fields(access.Ranges.String()), " ")},
		{"Customers bypass", yesNo(access.CustomersBypass)},
	})
}

// An accessChange is what the flags of `access set` say.
type accessChange struct {
	enable, disable, bypass bool
	ranges                  string
	since                   int64
}

func newAccessSet(a *app) *cobra.Command {
	var c accessChange
	cmd := &cobra.Command{
		Use:   "set",
		Short: "change the IP restrictions; what no flag says stays as it is",
		Long: "Changes the IP restrictions; what no flag says stays as it is. Ranges are separated\n" +
			"by white space: 192.0.2.0/24, 192.0.2.*, 2001:db8::/32, or one address; - reads them\n" +
			"from stdin. They hold for the next request, also of whoever is signed in. Commands\n" +
			"on this machine are never restricted. It is refused if the restrictions were changed\n" +
			"since the generation that --since names, which `access show --json` prints.",
		Args:    takes(0, 0),
		PreRunE: oneOf("enable", "disable"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			given := cmd.Flags().Changed
			if !given("enable") && !given("disable") && !given("ranges") &&
				!given("customers-bypass") {
				return misuse("nothing is to be changed: give --enable, --disable, --ranges or " +
					"--customers-bypass")
			}
			return a.setAccess(cmd, c)
		},
	}
	a.yesFlag(cmd)
	flags := cmd.Flags()
	flags.BoolVar(&c.enable, "enable", false, "restrict who may sign in to the ranges")
	flags.BoolVar(&c.disable, "disable", false, "let everybody sign in, and keep the ranges")
	flags.StringVar(&c.ranges, "ranges", "",
		"`text` of the ranges to allow, in place of those there are")
	flags.BoolVar(&c.bypass, "customers-bypass", false,
		"let end-users in from anywhere, or not (=false)")
	sinceFlag(cmd, &c.since)
	return cmd
}

func (a *app) setAccess(cmd *cobra.Command, c accessChange) error {
	seen, err := seenSince(cmd, c.since)
	if err != nil {
		return err
	}
	given := cmd.Flags().Changed
	var ranges *policy.Ranges
	if given("ranges") {
		if ranges, err = a.readRanges(c.ranges); err != nil {
			return err
		}
	}
	change := func(access policy.Access) policy.Access {
		if ranges != nil {
			access.Ranges = ranges
		}
		if given("customers-bypass") {
			access.CustomersBypass = c.bypass
		}
		if given("enable") || given("disable") {
			access.Enabled = c.enable || given("disable") && !c.disable
		}
		return access
	}
	return a.withStore(cmd.Context(), true, func(db *store.DB) error {
		return a.saveAccess(cmd.Context(), db, seen, change)
	})
}

// readRanges reads ranges from text, or from stdin if that is -.
func (a *app) readRanges(text string) (*policy.Ranges, error) {
	if text == "-" {
		in, err := io.ReadAll(io.LimitReader(a.stdin, rangesRoom+1))
		if err != nil {
			return nil, fmt.Errorf("read stdin: %w", err)
		}
		if len(in) > rangesRoom {
			return nil, no("more than %d octets of ranges: write networks, such as 192.0.2.0/24, "+
				"in place of their addresses", rangesRoom)
		}
		err = something(in, "the IP restrictions stay as they were; `gatepost access set --ranges "+
			"''` empties the ranges")
		if err != nil {
			return nil, err
		}
		text = string(in)
	}
	ranges, err := policy.ParseRanges(text)
	if err != nil {
		return nil, no("%w\nthe IP restrictions stay as they were", err)
	}
	return ranges, nil
}

// saveAccess changes the restrictions, and names what they may break.
func (a *app) saveAccess(ctx context.Context, db *store.DB, seen int64,
	change func(policy.Access) policy.Access) error {
	access, generation, err := a.editor(db).ChangeAccess(ctx, seen, change, netip.Addr{}, policy.Admin,
		false)
	switch {
	case errors.Is(err, store.ErrNoRanges):
		return no("enabled without a range, nobody could sign in: give the ranges with --ranges")
	case errors.Is(err, store.ErrAccessChanged):
		return no("the IP restrictions were changed meanwhile: read them again (gatepost access " +
			"show), then set them; gatepost audit list says who did what\nthey stay as they are")
	case err != nil:
		return err
	}
	shutOut, err := a.noteAccess(ctx, db, access)
	if err != nil || !a.json {
		return err
	}
	return a.printAccess(access, generation, shutOut)
}

// noteAccess says what the restrictions are now, and names the programs that they may break.
func (a *app) noteAccess(ctx context.Context, db *store.DB, access policy.Access) (
	[]store.Token, error) {
	shutOut, err := httpd.ShutOut(ctx, db, access, a.now())
	if err != nil {
		return nil, err
	}
	a.noteShutOut(shutOut)
	if !a.json {
		a.note("%s", accessWords(access))
	}
	return shutOut, nil
}

// accessWords say who may sign in from where.
func accessWords(access policy.Access) string {
	switch from := count(len(strings.Fields(access.Ranges.String())), "range", "ranges"); {
	case !access.Enabled:
		return "IP restrictions are not enabled: people may sign in from anywhere"
	case access.CustomersBypass:
		return "agents and admins may sign in from " + from + ", end-users from anywhere"
	default:
		return "people may sign in from " + from
	}
}

// noteShutOut names the programs that the restrictions may break.
func (a *app) noteShutOut(tokens []store.Token) {
	for _, t := range tokens {
		a.note("token %d of %s%s was last used from %s: it is shut out", t.ID, t.Owner,
			inBrackets(t.Name), t.LastClient)
	}
}
