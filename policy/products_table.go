package policy

import "strings"

// products are in the order of their names.
var products = [...]Product{
	{
		Name: "amavis", Title: "amavis",
		Results: Above, Marks: Above, Spam: assassin(),
		Source: "seen: amavis 2.13 behind Postfix",
	},
	{
		Name: "barracuda", Title: "Barracuda Email Security Gateway",
		Marks: End,
		Spam: []Mark{saying("X-Barracuda-Spam-Flag", "Yes", "true"),
			saying("X-Barracuda-Spam-Status", "Yes", "true")},
		Source: "public samples; wiki.umiacs.umd.edu for the meaning",
	},
	{
		Name: "bogofilter", Title: "bogofilter",
		Marks: End, Spam: []Mark{saying("X-Bogosity", "Spam", "Yes")},
		Source: "bogofilter(1); public samples",
	},
	{
		// X-IronPort-Anti-Spam-Filtered says that it was looked at, and the result is not
		// for customers to read.
		Name: "cisco", Title: "Cisco Secure Email",
		Results: Above,
		Source:  "AsyncOS user guide; Cisco technote 118900; public samples for the results",
	},
	{
		// Its X-CF-SpamH-Score has no threshold.
		Name: "cloudflare", Title: "Cloudflare Email Routing",
		Results: Below, IDs: []string{"mx.cloudflare.net"},
		Source: "public samples of 2025 and 2026",
	},
	{
		Name: "crm114", Title: "CRM114",
		Marks: End, Spam: []Mark{saying("X-CRM114-Status", "SPAM")},
		Source: "public samples",
	},
	{
		Name: "dspam", Title: "DSPAM",
		Marks: End, Spam: []Mark{saying("X-DSPAM-Result", "Spam", "Blacklisted", "Blocklisted")},
		Source: "public samples",
	},
	{
		Name: "eset", Title: "ESET Mail Security",
		Marks: End,
		Spam: []Mark{
			listing("X-ESET-AS", "R=SPAM", ";", func(name, value string) bool {
				return name == "R" && value == "SPAM"
			}),
			saying("X-ESET-Antispam", "SPAM")},
		Source: "public samples",
	},
	{
		// It takes X-MS-Exchange-Organization-SCL off what it hands to other organisations.
		Name: "exchange-online", Title: "Exchange Online (Microsoft 365)",
		Results: Above, IDs: []string{""}, Remarks: true,
		Marks: End, Spam: []Mark{scoring("X-MS-Exchange-Organization-SCL", 5), forefront()},
		Inner: exchangeInner,
		Source: "learn.microsoft.com: anti-spam-spam-confidence-level-scl-about, " +
			"message-headers-eop-mdo; public samples",
	},
	{
		Name: "exim", Title: "Exim (${authresults})",
		Results: Above,
		Source:  "seen: Exim 4.96",
	},
	{
		// X-Spam-known-sender: yes is the opposite of spam, and X-Spam-score a number.
		Name: "fastmail", Title: "Fastmail",
		Results: Above, IDs: []string{"*.messagingengine.com"},
		Source: "public samples",
	},
	{
		Name: "filter-rspamd", Title: "OpenSMTPD's filter-rspamd",
		Results: Above,
		Marks:   Above, Spam: assassin(saying("X-Spam", "Yes", "true")),
		Source: "seen: OpenSMTPD 6.8.0p2, filter-rspamd 0.1.7",
	},
	{
		Name: "gandi", Title: "Gandi",
		Marks: Open, Spam: []Mark{saying("X-GND-Status", "SPAM"), saying("X-Spam-Flag", "Yes", "true")},
		Source: "public samples",
	},
	{
		// Of X-GMX-Antispam only 0, no spam, has a meaning that is published.
		Name: "gmx", Title: "GMX, web.de, IONOS",
		Results: Above, IDs: []string{"gmx.net", "kundenserver.de"},
		Marks: End, Spam: []Mark{saying("X-Spam-Flag", "Yes", "true")},
		Source: "public samples; the service's help for the mark",
	},
	{
		Name: "google", Title: "Gmail, Google Workspace",
		Results: Below, IDs: []string{"mx.google.com"},
		Marks: End, Spam: []Mark{saying("X-Gm-Spam", "1"), saying("X-Gm-Phishy", "1")},
		Source: "support.google.com: Workspace admin help; public samples",
	},
	{
		Name: "haraka", Title: "Haraka",
		Results: Above, Removes: true,
		Source: "seen: Haraka 3.3.4, which keeps a sender's as Original-Authentication-Results",
	},
	{
		Name: "hmailserver", Title: "hMailServer",
		Marks: Open, Spam: []Mark{saying("X-hMailServer-Spam", "YES")},
		Source: "its source, which replaces a sender's",
	},
	{
		Name: "icloud", Title: "iCloud Mail",
		Results: Below, IDs: []string{"bimi.icloud.com", "arc.icloud.com", "dmarc.icloud.com",
			"dkim-verifier.icloud.com", "spf.icloud.com"},
		Source: "public samples",
	},
	{
		Name: "kaspersky", Title: "Kaspersky Secure Mail Gateway",
		Marks: Open, Spam: []Mark{phrases("X-Spamtest-Status", "SPAM", "Probable Spam")},
		Source: "public samples",
	},
	{
		Name: "mailgun", Title: "Mailgun",
		Marks: Open, Spam: []Mark{saying("X-Mailgun-Sflag", "Yes")},
		Source: "documentation.mailgun.com, where spam_action is tag",
	},
	{
		// Its X-Spam says undefined or Not detected.
		Name: "mailru", Title: "Mail.ru",
		Results: Above, IDs: []string{"mxs.mail.ru"},
		Source: "public samples",
	},
	{
		// X-Mimecast-Spam-Signature: yes is on ordinary mail of lists.
		Name: "mimecast", Title: "Mimecast",
		Results: End, IDs: []string{"relay.mimecast.com"},
		Marks: End, Spam: []Mark{scoring("X-Mimecast-Spam-Score", 28)},
		Source: "the vendor's pages, 28 and more is rejected; public samples",
	},
	{
		Name: "opendkim", Title: "OpenDKIM",
		Results: Above, Removes: true,
		Source: "seen: OpenDKIM 2.11 as a milter of Postfix and Sendmail",
	},
	{
		Name: "opendmarc", Title: "OpenDMARC",
		Results: Above,
		Source:  "seen: OpenDMARC 1.4.2 as a milter of Postfix and Sendmail",
	},
	{
		Name: "outlook", Title: "Outlook.com",
		Marks: End,
		Spam: []Mark{listing("X-Microsoft-Antispam-Mailbox-Delivery", "dest:J", "; \t",
			func(name, value string) bool { return name == "dest" && value == "J" })},
		Source: "public samples",
	},
	{
		Name: "ovh", Title: "OVHcloud",
		Results: Below, IDs: []string{"mx.mail.ovh.net"},
		Marks: End, Spam: []Mark{saying("X-VR-SPAMSTATE", "SPAM"), saying("X-Ovh-Spam-Status", "SPAM"),
			saying("X-Spam-Tag", "YES")},
		Source: "public samples",
	},
	{
		Name: "policyd-spf", Title: "policyd-spf",
		Results: Above,
		Source:  "seen: policyd-spf 3.0.4 behind Postfix",
	},
	{
		Name: "postal", Title: "Postal",
		Marks: Above, Spam: []Mark{saying("X-Postal-Spam", "yes")},
		Source: "the source of Postal 3.3.6",
	},
	{
		Name: "postmark", Title: "Postmark",
		Marks: Above, Spam: []Mark{saying("X-Spam-Status", "Yes")},
		Source: "public samples; postmarkapp.com",
	},
	{
		// score=100 and classifier=spam are in ordinary mail.
		Name: "proofpoint", Title: "Proofpoint",
		Results: Above, IDs: []string{"ppops.net"},
		Marks: End,
		Spam: []Mark{listing("X-Proofpoint-Spam-Details", "rule=spam", "; \t",
			func(name, value string) bool {
				return name == "rule" && (value == "spam" || strings.HasSuffix(value, "_spam"))
			})},
		Source: "public samples; its syslog for the rule",
	},
	{
		Name: "proton", Title: "Proton Mail",
		Results: Below, IDs: []string{"mail.protonmail.ch"},
		Source: "public samples",
	},
	{
		// X-SPAM-LEVEL is on all mail.
		Name: "proxmox", Title: "Proxmox Mail Gateway",
		Source: "the source of pmg-api; public samples",
	},
	{
		Name: "rspamd", Title: "rspamd as a milter",
		Results: Below, Removes: true,
		Marks: End,
		Spam: []Mark{saying("X-Spam", "Yes", "true"), saying("X-Spam-Status", "Yes", "true"),
			phrases("X-Rspamd-Action", "add header", "rewrite subject", "reject")},
		Source: "seen: rspamd 3.4 as a milter of Postfix and Sendmail; rspamd.com: milter_headers",
	},
	{
		Name: "ses", Title: "Amazon SES",
		Results: Below, IDs: []string{"amazonses.com"}, Remarks: true,
		Marks: Below, Spam: []Mark{saying("X-SES-Spam-Verdict", "FAIL")},
		Source: "docs.aws.amazon.com: receiving-email-notifications-contents; public samples",
	},
	{
		Name: "spamass-milter", Title: "spamass-milter",
		Marks: End, Spam: assassin(),
		Source: "seen: spamass-milter 0.4.0 behind Postfix and Sendmail",
	},
	{
		Name: "spamassassin", Title: "SpamAssassin (spamc) in a pipe",
		Marks: Above, Spam: assassin(),
		Source: "seen: SpamAssassin 4.0.1 in a Postfix pipe",
	},
	{
		Name: "stalwart", Title: "Stalwart",
		Results: Below,
		Marks:   Below, Spam: []Mark{saying("X-Spam-Score", "spam"), saying("X-Spam-Status", "Yes")},
		Source: "the source of Stalwart 0.16.19",
	},
	{
		Name: "symantec", Title: "Symantec Email Security.cloud",
		Marks: Open, Spam: []Mark{saying("X-Spam-Flag", "Yes", "true")},
		Source: "public samples",
	},
	{
		Name: "trend-micro", Title: "Trend Micro",
		Marks: End, Spam: []Mark{phrases("X-TM-AS-Result", "Yes-")},
		Source: "Trend Micro KA-0001462; public samples",
	},
	{
		Name: "yahoo", Title: "Yahoo Mail, AOL",
		Results: Above, IDs: []string{"*.yahoo.com"},
		Source: "public samples of 2019 to 2025",
	},
	{
		// X-Yandex-Spam: 1 is no spam.
		Name: "yandex", Title: "Yandex",
		Results: Below, IDs: []string{"*.yandex.net"},
		Marks: Below, Spam: []Mark{saying("X-Yandex-Spam", "4")},
		Source: "comments of its NwSMTP configuration; public samples",
	},
	{
		Name: "zoho", Title: "Zoho Mail",
		Results: Above, IDs: []string{"mx.zohomail.com"},
		Source: "public samples",
	},
}
