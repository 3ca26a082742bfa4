package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"charm.land/lipgloss/v2"
	"github.com/spf13/cobra"

	"gatepost/terminal"
)

// How bad a finding is.
const (
	findingOK      = "ok"
	findingWarning = "warning"
	findingFault   = "fault"
)

// A finding is one thing that doctor looked at.
type finding struct {
	Check string `json:"check"` // what was looked at
	Level string `json:"level"`
	What  string `json:"what"`
	Mend  string `json:"mend,omitempty"` // what to do, a command if there is one
}

func sound(check, format string, args ...any) finding {
	return finding{check, findingOK, fmt.Sprintf(format, args...), ""}
}

// warn and fault say what is wrong, and mend what to do about it.
func warn(check, mend, format string, args ...any) finding {
	return finding{check, findingWarning, fmt.Sprintf(format, args...), mend}
}

func fault(check, mend, format string, args ...any) finding {
	return finding{check, findingFault, fmt.Sprintf(format, args...), mend}
}

func newDoctorCommand(a *app) *cobra.Command {
	var online bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "find what is wrong with the database, the machine and the settings",
		Long: "Looks at the database (what became of the mail, every page, every row, every\n" +
			"content), the disk, the clock, certificates, and relays that hide their clients;\n" +
			"with --online also at the DNS. Changes nothing. Each finding is ok, a warning or a\n" +
			"fault, and says how to mend it; with a fault the exit code is 1.",
		Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.doctor(cmd.Context(), online) },
	}
	cmd.Flags().BoolVar(&online, "online", false,
		"also ask the DNS: for the MX of recipients, and for the name of this machine")
	cmd.AddCommand(newDoctorSetAside(a), newDoctorSalvage(a), newDoctorWriteOff(a))
	return cmd
}

func (a *app) doctor(ctx context.Context, online bool) error {
	s, err := a.settings()
	if err != nil {
		return err
	}
	all := []finding{a.examineDisk(s)}
	if late := a.examineFiles(s); late != nil {
		all = append(all, *late)
	}
	db, err := a.openDB(ctx, false)
	if err != nil {
		all = append(all, fault("database", a.mendDatabase(err), "%v", err))
	} else {
		all = append(all, a.examine(ctx, db, s)...)
		if err := db.Close(); err != nil {
			all = append(all, fault("database", "", "close: %v", err))
		}
	}
	all = append(all, a.examineCertificates(s)...)
	if online {
		all = append(all, a.examineDNS(ctx, s)...)
	}
	return a.printFindings(all)
}

// printFindings prints each, and is exit 1 if there is a fault.
func (a *app) printFindings(all []finding) (err error) {
	if a.json || !terminal.Is(a.stdout) {
		err = printList(a, rowsOf(all), nil, func(f finding) []string {
			return []string{f.Level, f.Check, f.What, f.Mend}
		})
	} else {
		err = a.drawFindings(all)
	}
	faults := 0
	for _, f := range all {
		if f.Level == findingFault {
			faults++
		}
	}
	if err == nil && faults > 0 {
		return no("%s", count(faults, "fault", "faults"))
	}
	return err
}

// Cells on a terminal before what a finding says: its level and what was looked at.
const (
	levelWidth = 9
	checkWidth = 14
)

// drawFindings prints them for a terminal: what to do stands under what is wrong.
func (a *app) drawFindings(all []finding) error {
	width, _ := terminal.Width(a.stdout)
	for _, f := range all {
		if _, err := io.WriteString(a.stdout, a.drawFinding(f, width)); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) drawFinding(f finding, width int) string {
	level := fmt.Sprintf("%-*s", levelWidth, f.Level)
	if a.colour() {
		colours := map[string]string{findingOK: "2", findingWarning: "3", findingFault: "1"}
		level = lipgloss.NewStyle().Foreground(lipgloss.Color(colours[f.Level])).Render(level)
	}
	indent := strings.Repeat(" ", levelWidth+checkWidth)
	said := f.What
	if f.Mend != "" {
		said += "\n" + f.Mend
	}
	lines := lipgloss.Wrap(terminal.VisibleText(said), max(width-len(indent), 20), " ")
	lines = strings.ReplaceAll(lines, "\n", "\n"+indent)
	return level + fmt.Sprintf("%-*s", checkWidth, f.Check) + lines + "\n"
}
