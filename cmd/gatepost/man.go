package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// newManCommand is for packagers, and hidden: docs/man has what it writes.
func newManCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "man FOLDER", Short: "write a man page for each command into a folder", Hidden: true,
		Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			pages, err := manPages(cmd.Root())
			if err != nil {
				return err
			}
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return fmt.Errorf("make the folder: %w", err)
			}
			for name, page := range pages {
				if err := os.WriteFile(filepath.Join(args[0], name), page, 0o644); err != nil {
					return fmt.Errorf("write a man page: %w", err)
				}
			}
			a.note("%d man pages in %s", len(pages), args[0])
			return nil
		},
	}
}

// manPages are those of a command and of all below it that --help shows, by the name of the
// file. They bear no date, so that the same commands give the same pages.
func manPages(cmd *cobra.Command) (map[string][]byte, error) {
	cmd.InitDefaultHelpFlag()
	cmd.DisableAutoGenTag = true
	name := strings.ReplaceAll(cmd.CommandPath(), " ", "-")
	var page bytes.Buffer
	header := doc.GenManHeader{Title: strings.ToUpper(name), Section: "1", Date: &time.Time{},
		Source: "Gatepost", Manual: "Gatepost"}
	if err := doc.GenMan(cmd, &header, &page); err != nil {
		return nil, fmt.Errorf("man page of %s: %w", cmd.CommandPath(), err)
	}
	pages := map[string][]byte{name + ".1": undated(page.Bytes())}
	for _, sub := range cmd.Commands() {
		if !sub.IsAvailableCommand() || sub.IsAdditionalHelpTopicCommand() {
			continue
		}
		below, err := manPages(sub)
		if err != nil {
			return nil, err
		}
		for name, page := range below {
			pages[name] = page
		}
	}
	return pages, nil
}

// undated takes out the date of the title line, which is that of the zero time.
func undated(page []byte) []byte {
	return bytes.Replace(page, []byte(`"`+time.Time{}.Format("Jan 2006")+`"`), []byte(`""`), 1)
}
