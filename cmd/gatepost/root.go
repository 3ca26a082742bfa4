package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// newRootCommand is the table of contents of the program.
func newRootCommand(a *app) *cobra.Command {
	root := group("gatepost", "an inbound mail filter: ticket, suspend or reject",
		newServeCommand(a),
		newStatusCommand(a),
		newReplayCommand(a),
		newFindCommand(a),
		newExplainCommand(a),
		newCheckCommand(a),
		newIngestCommand(a),
		newRulesCommand(a),
		newOrgCommand(a),
		newUserCommand(a),
		newImportCommand(a),
		newSuspendedCommand(a),
		newTicketCommand(a),
		newHandoffCommand(a),
		newDigestCommand(a),
		newLoopCommand(a),
		newAccessCommand(a),
		newTokenCommand(a),
		newAuditCommand(a),
		newDoctorCommand(a),
		newBackupCommand(a),
		newRestoreCommand(a),
		newDBCommand(a),
		newConfigCommand(a),
		newVersionCommand(a),
		newManCommand(a),
	)
	root.SetFlagErrorFunc(flagError)
	root.SilenceUsage, root.SilenceErrors = true, true
	root.Version = built().Version
	root.SetVersionTemplate("gatepost {{.Version}} " + built().Go + "\n")
	cobra.AddTemplateFunc("plainly", plainly)
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), "Flags.FlagUsages", "Flags.FlagUsages | plainly"))
	giveExamples(root)
	a.complete(root)
	root.PersistentPreRun = func(*cobra.Command, []string) { a.started = true }
	flags := root.PersistentFlags()
	flags.StringVar(&a.configPath, "config", "",
		"configuration `file` (default gatepost.toml here, then /etc/gatepost/gatepost.toml)")
	a.settingFlag(flags, "db", "db", "database `file` (default gatepost.db here), or postgres:// URL")
	flags.BoolVar(&a.json, "json", false, "print JSON, an object a line")
	flags.BoolVarP(&a.quiet, "quiet", "q", false, "print results and errors only")
	flags.BoolVarP(&a.verbose, "verbose", "v", false, "say more")
	a.completeFlags(root)
	return root
}

// plainly leaves out of a list of flags what pflag says of each switch, in the same columns: it
// is given, or it is not.
func plainly(flags string) string {
	const values = "[=true|false]"
	return strings.ReplaceAll(flags, values, strings.Repeat(" ", len(values)))
}

// yesFlag adds --yes to a command that changes something without asking, so that every
// such command takes it.
func (a *app) yesFlag(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&a.yes, "yes", false, "do not ask")
}
