package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gatepost/settings"
	"gatepost/store"
)

func newBackupCommand(a *app) *cobra.Command {
	var verify bool
	cmd := &cobra.Command{
		Use:   "backup DIR",
		Short: "copy the database and the contents into a folder, or verify what is there",
		Long: "Copies the database, in use or not, and the contents beside it into a folder that\n" +
			"has nothing else in it. Contents that are there already and whole are not copied\n" +
			"again. All is read back and compared before it takes the place of the last backup,\n" +
			"which is whole until then, also if this one is interrupted.",
		Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			began, p := a.now(), a.progress(nil)
			if verify {
				b, err := store.VerifyBackup(cmd.Context(), args[0], p.Octets)
				p.End()
				return a.printBackup(b, began, err, "verified in "+args[0]+wholeness(b))
			}
			s, err := a.databaseSettings()
			if err != nil {
				return err
			}
			b, err := store.BackUp(cmd.Context(), string(s.DB), args[0], p.Octets)
			p.End()
			return a.printBackup(b, began, err, fmt.Sprintf("in %s: contents %d new, %d kept, %d removed; "+
				"%.1f MB written in %s", args[0], b.New, b.Kept, b.Removed, float64(b.Bytes)/1e6,
				a.now().Sub(began).Round(10*time.Millisecond)))
		},
	}
	cmd.Flags().BoolVar(&verify, "verify", false, "only read the backup that is there, all of it")
	return cmd
}

func newRestoreCommand(a *app) *cobra.Command {
	var o store.RestoreOptions
	cmd := &cobra.Command{
		Use:   "restore DIR",
		Short: "make the database and the contents of a backup",
		Long: "Makes the database of the settings, or of --db, with its contents from the backup in\n" +
			"a folder. Nothing is overwritten, and no server may run there. The backup is read\n" +
			"whole before anything is made.",
		Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := a.databaseSettings()
			if err != nil {
				return err
			}
			began, p := a.now(), a.progress(nil)
			o.Progress = p.Octets
			b, err := store.Restore(cmd.Context(), args[0], string(s.DB), o)
			p.End()
			if errors.Is(err, store.ErrIncomplete) {
				return fmt.Errorf("%s: %w; --incomplete restores what is whole", args[0], err)
			}
			err = a.printBackup(b, began, err, "restored to "+string(s.DB)+" from "+args[0]+wholeness(b))
			if b.Waiting > 0 {
				a.note("%s when the backup was made: a server carries them, also those that have arrived "+
					"since; to look first, `gatepost handoff pause TARGET` before it starts",
					count(int(b.Waiting), "hand-off waited", "hand-offs waited"))
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&o.Incomplete, "incomplete", false,
		"restore what is whole, also if the contents of some messages are not")
	a.yesFlag(cmd)
	return cmd
}

// databaseSettings are the settings if they name the file of a database.
func (a *app) databaseSettings() (*settings.Settings, error) {
	s, err := a.settings()
	if err != nil {
		return nil, err
	}
	if err := settings.CheckFile(s.DB); err != nil {
		return nil, fmt.Errorf("db: %w", err)
	}
	return s, nil
}

// printBackup says what was done, and is exit 1 if the content of a message is missing.
func (a *app) printBackup(b store.Backup, began time.Time, err error, done string) error {
	if err != nil {
		return err
	}
	if a.json {
		err = a.printJSON(struct {
			store.Backup
			Seconds float64 `json:"seconds"`
		}{b, a.now().Sub(began).Seconds()})
	} else {
		a.note("%s %s", count(int(b.Messages), "message", "messages"), done)
	}
	if err == nil && len(b.Damaged) > 0 {
		return no("the contents of these messages are missing or not what was received: %s",
			someIDs(b.Damaged))
	}
	return err
}

// wholeness says what was found of the contents.
func wholeness(b store.Backup) string {
	found := "all as received"
	if n := len(b.Damaged); n > 0 {
		found = count(n, "content", "contents") + " not as received"
	}
	return ": " + count(b.New+b.Kept, "large content", "large contents") + ", " + found
}

// someIDs names the first of many.
func someIDs(ids []int64) string {
	text := strings.Trim(fmt.Sprint(ids[:min(len(ids), mostNamed)]), "[]")
	if more := len(ids) - mostNamed; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
