package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"gatepost/policy"
	"gatepost/settings"
	"gatepost/store"
)

// A report is what status prints.
type report struct {
	Version       string `json:"version"`
	UptimeSeconds *int64 `json:"uptime_seconds"` // of the server; null if none runs
	store.Status
	Replication *store.Replication `json:"replication,omitempty"` // of PostgreSQL
	Restricted  bool               `json:"ip_restrictions"`       // people may sign in from some ranges only
	Digests     digests            `json:"digest"`
	Warnings    []string           `json:"warnings"`

	access  policy.Access
	targets []store.TargetStatus
}

func newStatusCommand(a *app) *cobra.Command {
	var healthy bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "what runs, what was decided lately, what is held, what to look at",
		Args:  takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := a.status(cmd.Context())
			if err != nil {
				return err
			}
			if err := a.printStatus(r); err != nil || !healthy {
				return err
			}
			return a.checkServing(cmd.Context(), r)
		},
	}
	cmd.Flags().BoolVar(&healthy, "check", false,
		"exit 1 unless a server runs on the database, and is ready if it speaks HTTP")
	return cmd
}

func (a *app) status(ctx context.Context) (*report, error) {
	s, err := a.settings()
	if err != nil {
		return nil, err
	}
	r := &report{Version: built().Version, Warnings: []string{}}
	err = a.withStore(ctx, false, func(db *store.DB) error {
		if r.Status, err = db.Status(ctx); err != nil {
			return err
		}
		if r.Replication, err = db.Replication(ctx); err != nil {
			return err
		}
		r.access, err = db.Access(ctx)
		r.Restricted = r.access.Enabled
		if err != nil {
			return err
		}
		if r.targets, err = db.Targets(ctx); err != nil {
			return err
		}
		d, err := a.digester(ctx, db, s)
		if err == nil {
			r.Digests = newDigests(d)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, counts := range []store.Counts{r.Hour, r.Day} {
		for _, kind := range []string{"ticket", "comment", "suspend", "reject:address", "reject:domain"} {
			counts[kind] += 0
		}
	}
	if r.StartedAt != nil {
		up := max(int64(a.now().Sub(*r.StartedAt).Seconds()), 0)
		r.UptimeSeconds = &up
	}
	r.Warnings = append(r.Warnings, a.warnings(s, r)...)
	r.Warnings = append(r.Warnings, a.targetWarnings(r.targets)...)
	return r, nil
}

// warnings are what an operator should look at.
func (a *app) warnings(s *settings.Settings, r *report) (all []string) {
	if !r.Serving {
		all = append(all, "no server runs on this database")
	}
	all = append(all, nameWarnings(r.Nodes)...)
	if bool(s.Replicated) && r.Replication != nil && !r.Replication.Waits {
		all = append(all, store.ErrNotReplicated.Error())
	}
	if ends := r.NextExpiry; ends != nil && ends.Sub(a.now()) < 24*time.Hour {
		all = append(all, fmt.Sprintf("held messages expire soon, the first at %s", stamp(*ends)))
	}
	if r.Expired > 0 && r.Ahead > 0 {
		all = append(all, fmt.Sprintf("%s by the clock, which is %s ahead of the time that was "+
			"seen to pass: nothing expires by it before it has said the same for a day; set it "+
			"right if it is wrong", overTime(int(r.Expired)),
			age(time.Duration(r.Ahead)*time.Second)))
	} else if r.Expired > 0 && bool(s.Suspended.KeepUnseen) {
		all = append(all, fmt.Sprintf("%s and not deleted yet: look at them with `gatepost "+
			"suspended list`; what nobody had seen stays for a day after that",
			overTime(int(r.Expired))))
	}
	if r.UndeclaredRelay > 0 {
		all = append(all, fmt.Sprintf("%s of the last day came through a mail server on this "+
			"machine that smtp.relays does not name: nobody can tell who sent them; name it "+
			"there by its address, such as 127.0.0.1",
			count(int(r.UndeclaredRelay), "message", "messages")))
	}
	if r.Overlooked > 0 {
		all = append(all, fmt.Sprintf("%s of the last day bore fields that a relay may have written, "+
			"and that were not read: `gatepost explain` of one of them names the setting that "+
			"reads them", count(int(r.Overlooked), "message", "messages")))
	}
	if err := enoughSpace(diskOf(s.DB), int64(s.SMTP.MinFreeSpace)); err != nil {
		all = append(all, err.Error())
	}
	return all
}

// diskOf is a folder on the disk of a database; of one of PostgreSQL, whose disk is the server's, that
// of what is temporary, where mail is while it comes.
func diskOf(db settings.Database) string {
	if db.IsServer() {
		return os.TempDir()
	}
	return filepath.Dir(string(db))
}

// enoughSpace reports whether the disk of a folder has a floor of octets free.
func enoughSpace(dir string, floor int64) error {
	var fs syscall.Statfs_t
	err := syscall.Statfs(dir, &fs)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("the folder %s is missing: make it, or name another database with --db",
			dir)
	}
	if err != nil {
		return fmt.Errorf("free space of %s: %w", dir, os.NewSyscallError("statfs", err))
	}
	if free := int64(fs.Bavail) * fs.Bsize; free < floor {
		return fmt.Errorf("the disk of %s is nearly full: %d MiB free, smtp.min_free_space "+
			"is %s", dir, free>>20, settings.Size(floor))
	}
	return nil
}

func (a *app) printStatus(r *report) error {
	if a.json {
		return a.printJSON(r)
	}
	serving := "not running"
	switch {
	case r.UptimeSeconds == nil:
	case r.StartedAt.After(a.now()):
		serving = "running since " + stamp(*r.StartedAt) + ", when the clock was ahead of now"
	default:
		serving = "running for " + age(time.Duration(*r.UptimeSeconds)*time.Second)
	}
	oldest := ""
	if r.OldestHeld != nil {
		oldest = ", the oldest since " + stamp(*r.OldestHeld)
	}
	s, err := a.settings()
	if err != nil {
		return err
	}
	recipients := "" // a server may have others, as a flag
	if !r.Serving && len(s.SMTP.Recipients) == 0 {
		recipients = "anybody's, from this machine only: smtp.recipients is empty"
	}
	fields := [][2]string{
		{"gatepost", r.Version},
		{"server", serving},
		{"nodes", nodeWords(r.Nodes)},
		{"recipients", recipients},
		{"rules", "generation " + strconv.FormatInt(r.Generation, 10)},
		{"sign-in", accessWords(r.access)},
		{"last hour", countWords(r.Hour)},
		{"last 24 h", countWords(r.Day)},
		{"held", strconv.FormatInt(r.Held, 10) + oldest},
		{"tickets", strconv.FormatInt(r.Tickets, 10)},
		{"comments", strconv.FormatInt(r.Comments, 10)},
		{"profiles", strconv.FormatInt(r.Users, 10)},
	}
	if r.Replication != nil {
		fields = append(fields, [2]string{"replication", r.Replication.String()})
	}
	for _, name := range slices.Sorted(maps.Keys(r.Scanners)) {
		n := r.Scanners[name]
		fields = append(fields, [2]string{name, fmt.Sprintf("found something in %d of the last day, "+
			"nothing in %d; %d not scanned; %.2f s each", n.Found, n.Nothing, n.None, n.Seconds)})
	}
	if next := r.Digests.NextAt; next != nil {
		fields = append(fields, [2]string{"next digest", stamp(*next) + ", to " +
			count(len(r.Digests.To), "person", "people")})
	}
	for _, w := range r.Warnings {
		fields = append(fields, [2]string{"warning", w})
	}
	return a.printFields(fields)
}

// nodeWords say of each node whether it is there; empty where there is but one server.
func nodeWords(nodes []store.Node) string {
	all := make([]string, len(nodes))
	for i, n := range nodes {
		unseen := age(time.Duration(n.Unseen) * time.Second)
		all[i] = fmt.Sprintf("%s (%s, since %s, seen %s ago)", n.Name, n.Version, stamp(n.StartedAt), unseen)
		if !n.Serving {
			all[i] = fmt.Sprintf("%s (%s, gone: not seen since %s)", n.Name, n.Version, stamp(n.SeenAt))
		}
	}
	return strings.Join(all, ", ")
}

// countWords is `ticket 3, suspend 1, reject:domain 2`, the kinds in a fixed order.
func countWords(c store.Counts) string {
	kinds := slices.SortedFunc(maps.Keys(c), func(a, b string) int {
		return strings.Compare(countOrder(a), countOrder(b))
	})
	parts := make([]string, len(kinds))
	for i, kind := range kinds {
		parts[i] = kind + " " + strconv.FormatInt(c[kind], 10)
	}
	return strings.Join(parts, ", ")
}

func countOrder(kind string) string {
	for i, first := range []string{"ticket", "comment", "suspend"} {
		if kind == first {
			return strconv.Itoa(i)
		}
	}
	return "9" + kind
}

// checkServing is the health check of a container.
func (a *app) checkServing(ctx context.Context, r *report) error {
	if !r.Serving {
		return no("no server runs on this database")
	}
	s, err := a.settings()
	if err != nil || s.HTTP.Listen == "" {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	url := "http://" + s.HTTP.Listen + "/readyz"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return no("the server does not answer: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		err = no("the server is not ready: %s", resp.Status)
	}
	return errors.Join(err, resp.Body.Close())
}
