package main

import (
	"errors"
	"net/netip"

	"github.com/spf13/cobra"

	"gatepost/httpd"
	"gatepost/policy"
	"gatepost/store"
)

func inBrackets(name string) string {
	if name == "" {
		return ""
	}
	return " (" + name + ")"
}

// An accessAnswer is what `access check --json` prints.
type accessAnswer struct {
	Client  string        `json:"client"`
	Role    *string       `json:"role"`
	Allowed bool          `json:"allowed"`
	Why     string        `json:"why"`
	Trail   []policy.Step `json:"trail"`
}

func newAccessCheck(a *app) *cobra.Command {
	var role string
	cmd := &cobra.Command{
		Use:   "check IP",
		Short: "whether somebody may come from an address, and why; exit 1 if not",
		Long: "Says whether somebody may come from an address, and which rule says so; exit 1 if\n" +
			"not. Without --role that is somebody who is not signed in.",
		Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			visit, err := newVisit(args[0], role)
			if err != nil {
				return err
			}
			return a.withStore(cmd.Context(), false, func(db *store.DB) error {
				access, err := db.Access(cmd.Context())
				if err != nil {
					return err
				}
				return a.answerVisit(visit, access.Decide(visit))
			})
		},
	}
	cmd.Flags().StringVar(&role, "role", "", "as somebody who is signed in: end-user, agent or admin")
	return cmd
}

func newVisit(client, role string) (v policy.Visit, err error) {
	if v.Client, err = netip.ParseAddr(client); err != nil {
		return v, no("%q is no network address: write one, such as 192.0.2.1 or 2001:db8::1", client)
	}
	v.Client = v.Client.Unmap().WithZone("")
	if role == "" {
		return v, nil
	}
	v.Known = true
	v.Role, err = parseRole(role)
	return v, err
}

func (a *app) answerVisit(v policy.Visit, p policy.Passage) error {
	answer := accessAnswer{Client: v.Client.String(), Allowed: p.Allowed, Why: p.Why(),
		Trail: p.Trail()}
	decision, role := "refused", "nobody is signed in"
	if p.Allowed {
		decision = "allowed"
	}
	if v.Known {
		role = v.Role.String()
		answer.Role = &role
	}
	var err error
	if a.json {
		err = a.printJSON(answer)
	} else {
		err = errors.Join(a.printSection("", [][2]string{{"decision", decision}, {"why", answer.Why},
			{"client", answer.Client}, {"role", role}}),
			a.printSection("what was asked, in order (> decided)", stepRows(answer.Trail)))
	}
	if err == nil && !p.Allowed {
		return no("") // what is printed says all of it
	}
	return err
}

func newAccessExempt(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "exempt",
		Short: "list what answers from anywhere, and why",
		Args:  takes(0, 0),
		RunE: func(*cobra.Command, []string) error {
			return printList(a, rowsOf(withParts(&httpd.Server{}).Exempt()), []string{"ENDPOINT", "WHY"},
				func(e httpd.Exemption) []string { return []string{e.Endpoint, e.Reason} })
		},
	}
}
