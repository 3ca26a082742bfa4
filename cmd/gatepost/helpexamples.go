package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// helpExamples are what --help and the man page of each command show, by the command: a line each,
// without "gatepost" where it begins with that.
func helpExamples() map[string]string {
	return map[string]string{
		"":                      "serve --recipients help.example.com\nsuspended list",
		"serve":                 "serve --smtp 127.0.0.1:2525 --http 127.0.0.1:8025",
		"status":                "status\nstatus --check",
		"replay":                "replay archive.mbox\nreplay Maildir --expect expected.jsonl",
		"find":                  "find ann@shop.example\nfind shop.example invoice --on tuesday",
		"explain":               "explain 7\nexplain message.eml\nexplain blocklisted",
		"check":                 "check ann@shop.example",
		"ingest":                "ingest --mail-from ann@shop.example --rcpt support@example.com < message.eml",
		"rules":                 "rules show block",
		"rules show":            "rules show\nrules show allow --json",
		"rules add":             "rules add block junk.example reject:spam.example\nrules add block shop.example --expires 30d",
		"rules remove":          "rules remove block junk.example",
		"rules set":             "rules set allow 'example.org partner.example'",
		"rules history":         "rules history --entry junk.example",
		"rules diff":            "rules diff 0",
		"rules revert":          "rules revert 0",
		"rules stale":           "rules stale --since 90d",
		"rules import":          "rules import block blocklist.txt",
		"rules shadow":          "rules shadow set --add 'block *' --add 'allow shop.example'\nrules shadow diff",
		"rules shadow set":      "rules shadow set --add 'block *'\nrules shadow set --block blocklist.txt",
		"rules shadow show":     "rules shadow show",
		"rules shadow diff":     "rules shadow diff --by-domain",
		"rules shadow promote":  "rules shadow promote",
		"rules shadow drop":     "rules shadow drop",
		"user":                  "user list",
		"org":                   "org list",
		"org list":              "org list",
		"org show":              "org show Acme",
		"org add":               "org add Acme acme.example ann@shop.example",
		"org remove":            "org remove Acme shop.example",
		"org import":            "org import organizations.json",
		"import":                "import zendesk exported",
		"import zendesk":        "import zendesk exported",
		"digest":                "digest",
		"rules lint":            "rules lint",
		"user list":             "user list --json",
		"user show":             "user show ann@shop.example",
		"user add":              "user add ann@shop.example --name Ann\nuser add root@example.com --role admin",
		"user remove":           "user remove ann@shop.example",
		"user suspend":          "user suspend ann@shop.example",
		"user unsuspend":        "user unsuspend ann@shop.example",
		"user role":             "user role ann@shop.example agent",
		"user password":         "user password root@example.com",
		"user import":           "user import people.csv",
		"suspended":             "suspended list",
		"suspended list":        "suspended list --from shop.example\nsuspended list --cause blocklisted --ids",
		"suspended show":        "suspended show 7\nsuspended show 7 --raw > message.eml",
		"suspended recover":     "suspended recover 7\nsuspended list --from shop.example --ids | gatepost suspended recover -",
		"suspended delete":      "suspended delete 7 8",
		"suspended undelete":    "suspended undelete 7",
		"suspended export":      "suspended export > queue.csv",
		"suspended purge":       "suspended purge",
		"ticket":                "ticket list",
		"ticket list":           "ticket list --from shop.example",
		"ticket show":           "ticket show 3\nticket show 3 --raw > message.eml",
		"ticket export":         "ticket export > tickets.csv",
		"handoff":               "handoff targets",
		"handoff targets":       "handoff targets",
		"handoff list":          "handoff list --target desk\nhandoff list --state failed --ids",
		"handoff show":          "handoff show 4",
		"handoff retry":         "handoff retry 4\nhandoff list --state failed --ids | gatepost handoff retry -",
		"handoff discard":       "handoff discard 4",
		"handoff pause":         "handoff pause desk --why 'it is being upgraded'",
		"handoff resume":        "handoff resume desk",
		"handoff test":          "handoff test desk --to support@desk.example.com",
		"loop":                  "loop list",
		"loop list":             "loop list",
		"loop reset":            "loop reset robot@shop.example",
		"access":                "access show",
		"access show":           "access show",
		"access set":            "access set --ranges '192.0.2.0/24 2001:db8::/32' --enable",
		"access check":          "access check 192.0.2.7",
		"access exempt":         "access exempt",
		"token":                 "token list",
		"token list":            "token list",
		"token add":             "token add root@example.com",
		"token revoke":          "token revoke 2",
		"audit":                 "audit list",
		"audit list":            "audit list --json",
		"audit undo":            "audit undo 12",
		"doctor":                "doctor\ndoctor --online",
		"doctor salvage":        "doctor salvage new.db",
		"doctor set-aside":      "doctor set-aside 7",
		"doctor write-off":      "doctor write-off missing 1",
		"backup":                "backup /var/backups/gatepost",
		"restore":               "restore /var/backups/gatepost",
		"db":                    "db copy gatepost.db postgres://gatepost@db.example/gatepost",
		"db copy":               "db copy gatepost.db postgres://gatepost@db.example/gatepost\ndb copy postgres://gatepost@db.example/gatepost gatepost.db",
		"config":                "config check",
		"config show":           "config show",
		"config check":          "config check --config gatepost.toml",
		"version":               "version --json",
		"man":                   "man docs/man",
		"completion":            "completion bash",
		"completion bash":       "completion bash > /etc/bash_completion.d/gatepost",
		"completion fish":       "completion fish > ~/.config/fish/completions/gatepost.fish",
		"completion zsh":        "completion zsh > ~/.zfunc/_gatepost",
		"completion powershell": "completion powershell > gatepost.ps1",
	}
}

// giveExamples gives each command its examples.
func giveExamples(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	all := helpExamples()
	var give func(*cobra.Command)
	give = func(cmd *cobra.Command) {
		path := strings.TrimSpace(strings.TrimPrefix(cmd.CommandPath(), root.Name()))
		if lines := all[path]; lines != "" {
			cmd.Example = "  gatepost " + strings.ReplaceAll(lines, "\n", "\n  gatepost ")
		}
		for _, sub := range cmd.Commands() {
			give(sub)
		}
	}
	give(root)
}
