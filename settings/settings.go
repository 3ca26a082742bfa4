// Package settings reads what an operator has set: a configuration file, over that the
// environment, over that flags. It says where each value came from, checks all of them at once
// and gives them as the types that the rooms take. It never opens a database or a port, and
// nothing it refuses is half taken.
package settings

import (
	"time"

	"gatepost/message"
	"gatepost/policy"
	"gatepost/smtpd"
)

// Settings have the shape of the configuration file. A setting's key is its path in the
// file (smtp.listen), and GATEPOST_SMTP_LISTEN its name in the environment.
type Settings struct {
	DB         Database   `toml:"db"`
	Node       string     `toml:"node"`
	Replicated Toggle     `toml:"replicated"`
	SMTP       SMTP       `toml:"smtp"`
	Auth       Auth       `toml:"auth"`
	Causes     Causes     `toml:"causes"`
	Rate       Rate       `toml:"rate"`
	Replies    Replies    `toml:"replies"`
	ClamAV     ClamAV     `toml:"clamav"`
	Rspamd     Rspamd     `toml:"rspamd"`
	HTTP       HTTP       `toml:"http"`
	Suspended  Suspended  `toml:"suspended"`
	Tickets    Tickets    `toml:"tickets"`
	Tombstones Tombstones `toml:"tombstones"`
	Digest     Digest     `toml:"digest"`
	Handoff    Handoffs   `toml:"handoff"`
	Log        Log        `toml:"log"`

	File string // the configuration file; empty if there was none

	from    map[string]string // where each value came from, by key
	renamed []string          // what was found by its old name, and where
}

// SMTP says where mail is taken, whose, from whom, and how much at once.
type SMTP struct {
	Listen                   Words  `toml:"listen"`
	ListenTLS                Words  `toml:"listen_tls"`
	Hostname                 string `toml:"hostname"`
	Recipients               Words  `toml:"recipients"`
	Clients                  Words  `toml:"clients"`
	Relays                   Words  `toml:"relays"`
	OnlyRelays               Toggle `toml:"only_relays"`
	AuthservID               Words  `toml:"authserv_id"`
	Filter                   Words  `toml:"filter"`
	Proxies                  Words  `toml:"proxies"`
	TLSCert                  string `toml:"tls_cert"`
	TLSKey                   string `toml:"tls_key"`
	MaxMessageSize           Size   `toml:"max_message_size"`
	MaxHeaderSize            Size   `toml:"max_header_size"`
	MaxRecipients            Number `toml:"max_recipients"`
	MaxConnections           Number `toml:"max_connections"`
	MaxConnectionsPerAddress Number `toml:"max_connections_per_address"`
	MaxArriving              Number `toml:"max_arriving"`
	IdleTimeout              Span   `toml:"idle_timeout"`
	TransactionTimeout       Span   `toml:"transaction_timeout"`
	MinRate                  Size   `toml:"min_rate"`
	Patience                 Span   `toml:"patience"`
	Grace                    Span   `toml:"grace"`
	MinFreeSpace             Size   `toml:"min_free_space"`
	DuplicateWindow          Span   `toml:"duplicate_window"`
}

// Auth says what is believed of who a message is from.
type Auth struct {
	Trust    string `toml:"trust"`
	Loopback string `toml:"loopback"`
	Resolver string `toml:"resolver"`
	Sealers  Words  `toml:"sealers"`
}

// Causes have a switch under the name of each cause that the policy has one for; and one for
// mailing lists, which are none.
type Causes struct {
	On          Switches
	MailingList Toggle `toml:"mailing_list"`
}

// Switches are by cause.
type Switches [policy.CauseCount]Toggle

// Rate says how much one sender may send.
type Rate struct {
	PerHour Limit `toml:"per_hour"`
}

// Replies say what a reply finds its ticket by beside the messages that it names.
type Replies struct {
	Tokens    string `toml:"tokens"`
	TokenLife Span   `toml:"token_life"`
}

// Whether replies bear tokens: the values of replies.tokens.
const (
	TokensOff     = "off"
	TokensAccept  = "accept"
	TokensRequire = "require"
)

// HTTP says where the console and the API are answered, and to whom.
type HTTP struct {
	Listen    string `toml:"listen"`
	TLSCert   string `toml:"tls_cert"`
	TLSKey    string `toml:"tls_key"`
	BehindTLS Toggle `toml:"behind_tls"`
	Hosts     Words  `toml:"hosts"`
	Proxies   Words  `toml:"proxies"`
	Metrics   Words  `toml:"metrics"`
	IPs       Words  `toml:"ips"`
}

// Suspended says how long held messages are kept.
type Suspended struct {
	Keep       Span   `toml:"keep"`
	KeepCauses Words  `toml:"keep_causes"`
	KeepUnseen Toggle `toml:"keep_unseen"`
	Undelete   Span   `toml:"undelete"`
}

// Tickets says how long tickets are kept.
type Tickets struct {
	KeepHandedOff Span `toml:"keep_handed_off"`
}

// Tombstones say for how long it is known what became of a message that is gone.
type Tombstones struct {
	Keep Span `toml:"keep"`
}

// Forms of the log: the values of log.format.
const (
	LogAuto = "auto" // for people on a terminal, JSON elsewhere
	LogText = "text" // key=value
	LogJSON = "json"
)

// Log says how the log looks.
type Log struct {
	Format string `toml:"format"`
}

// Defaults are the settings where nobody says otherwise. The limits of a connection are
// smtpd's own. The comments are what docs/settings.md and docs/gatepost.toml say of each.
func Defaults() *Settings {
	limits := smtpd.New()
	return &Settings{
		// The database file. Large contents are in a folder beside it, or beside the file that
		// a symbolic link names; a file with a second hard link is refused. Or the URL of a
		// database of PostgreSQL, such as "postgres://gatepost@db.example/gatepost".
		DB: "gatepost.db",
		// What this machine is called among those that have one database of PostgreSQL open, of which
		// each has its own name: `gatepost status` lists them, and each decision names the one that made
		// it. Empty: the name of the machine.
		Node: "",
		// Whether mail is put off with `451`, and no server starts, unless PostgreSQL has each commit
		// wait for a [synchronous standby](operations.md#postgresql-in-the-place-of-the-file).
		Replicated: false,
		SMTP: SMTP{
			// Where SMTP is spoken: an address with its port, or several.
			Listen: Words{"127.0.0.1:2525"},
			// Where SMTP is spoken in TLS from the first octet (RFC 8314, section 3).
			ListenTLS: nil,
			// What Gatepost calls itself in the greeting. Empty: the name of this machine. To a
			// client that says the same name (a mail server on this machine) it says `gatepost.`
			// in front of it, or that client would find that it talks to itself.
			Hostname: "",
			// Whose mail is accepted: addresses and whole domains. Empty: anybody's, but only
			// if every listener is on loopback.
			Recipients: nil,
			// Who may connect: addresses, `192.0.2.0/24`, `192.0.2.*`. Empty: everybody.
			Clients: nil,
			// Machines of yours that hand on what comes from elsewhere, as ranges.
			// `smtp.max_connections_per_address` does not apply to them.
			Relays: nil,
			// Whether mail that does not come through one of the relays is held, as 17
			// `server_lock`, which has no other switch.
			OnlyRelays: false,
			// What relays call themselves in the Authentication-Results fields they write
			// (RFC 8601, section 2.5). Fields of others are not read.
			AuthservID: nil,
			// What the relays run, or are: names of [a table](relays.md#what-is-known). Their
			// fields are read where they write them.
			Filter: nil,
			// Load balancers that say with the PROXY protocol who the client is, as ranges.
			Proxies: nil,
			// Certificate chain and key, PEM files that are read again when they change. With
			// them STARTTLS is offered.
			TLSCert: "", TLSKey: "",
			// The largest message, announced as SIZE (RFC 1870).
			MaxMessageSize: Size(limits.MaxMessage),
			// The largest header section that is read as mail. A message with a larger one is
			// held as unreadable.
			MaxHeaderSize: message.MaxHeader,
			// Recipients of one message.
			MaxRecipients: Number(limits.MaxRecipients),
			// Connections at once. At the limit one that owes a command is closed with
			// `421 4.3.2`: the one idle longest, or of the network that has most.
			MaxConnections: Number(limits.MaxConnections),
			// Connections at once of one IPv4 address or IPv6 /64. Loopback is not limited.
			MaxConnectionsPerAddress: Number(limits.MaxPerAddress),
			// Transfers in progress at once, of 128 KiB of memory each, up to 400 KiB for a
			// header without end. At the limit the slowest of the network (/24, IPv6 /48) that
			// has most is closed with `421 4.3.2`, or the new one waits and is then answered
			// `452 4.3.1`; relays are not limited. With those that wait for the DNS or the
			// disk, three times as many.
			MaxArriving: Number(limits.MaxArriving),
			// How long a client may be silent.
			IdleTimeout: Span(limits.Idle),
			// How long a message may take from MAIL to its end.
			TransactionTimeout: Span(limits.Transaction),
			// Minimum transfer rate of a message in octets per second, after a grace period.
			MinRate: Size(limits.MinRate), Patience: Span(limits.Patience),
			// How long transfers in progress may take when the server is told to stop.
			Grace: Span(limits.Grace),
			// With less space than this on the disk no mail is accepted: `452 4.3.1`, and exit
			// code 75 of `ingest`.
			MinFreeSpace: 256 << 20,
			// How long the same message again counts as a duplicate of the first, whose reply
			// its sender may not have received (RFC 1047). `0s`: each is stored.
			DuplicateWindow: Span(24 * time.Hour),
		},
		Auth: Auth{
			// What authentication a profile and an allowlist entry ask for: `aligned`,
			// `strict` or `claimed`; see [the rules](rules.md#whose-mail-it-really-is).
			Trust: policy.TrustAligned.String(),
			// If only this machine can connect and there is no relay: `take` what From claims,
			// or `check` it.
			Loopback: takeClaims,
			// The name server to ask, such as `127.0.0.1:53`. Empty: those of this machine.
			Resolver: "",
			// Whose ARC chains (RFC 8617) stand for a DMARC that failed on the way, such as
			// `google.com`; with them all domains below. Empty: no chain is looked at.
			Sealers: nil,
		},
		Causes: Causes{
			// Whether a message that matches [the cause](rules.md#what-else-holds-a-message) is
			// held.
			On: allCauses(),
			// Whether mail of mailing lists is held, as 3 `auto_mailer`.
			MailingList: false,
		},
		Rate: Rate{
			// How many messages of one sender pass within an hour. `0`: any number.
			PerHour: 20,
		},
		Replies: Replies{
			// Whether a reply finds its ticket by a [signed token](rules.md#reply-tokens) in the
			// part of the recipient behind `+`: `accept` reads them, and takes mail for
			// subaddresses of all in `smtp.recipients`; `require` also holds replies without one,
			// as 20 `unauthenticated_email_update`; or `off`.
			Tokens: TokensOff,
			// For how long after its issue a token counts, in whole days.
			TokenLife: Span(365 * 24 * time.Hour),
		},
		ClamAV: ClamAV{
			// Where [ClamAV](scanners.md)'s clamd listens: the path of its socket, or an address
			// with its port. Empty: it is not asked.
			Address: "",
			// What becomes of mail that it could not look into: `pass`, `hold` as 25
			// `malware_detected`, or `defer`: `451 4.3.0`, and the client tries again. What it
			// can never look into, since it is too large or encrypted, is held instead of that.
			OnFailure: "defer",
			// How long it may take, with the wait for others in front of it.
			Timeout: Span(30 * time.Second),
			// The largest message that it is given: StreamMaxLength of clamd.conf at most.
			MaxSize: 25 << 20,
			// How many messages it is given at once.
			MaxScans: 8,
		},
		Rspamd: Rspamd{
			// Where [rspamd](scanners.md)'s normal worker listens, such as
			// `http://127.0.0.1:11333`. Empty: it is not asked.
			URL: "",
			// What becomes of mail that it gave no whole answer on: `pass`, `hold` as 0 `spam`,
			// or `defer`, as above.
			OnFailure: "defer",
			// How long it may take, with the wait for others in front of it.
			Timeout: Span(12 * time.Second),
			// `task_timeout` of rspamd's own options. A scan that took as long is not whole,
			// though rspamd does not say so.
			TaskTimeout: Span(8 * time.Second),
			// From which of its actions a message is held: `add header`, or `reject` only.
			HoldFrom: RspamdMarks,
			// The largest message that it is given: `max_message` of rspamd's own options at most.
			MaxSize: 50 << 20,
			// How many messages it is given at once.
			MaxScans: 8,
		},
		HTTP: HTTP{
			// Where the console, the API, health checks and metrics are answered. Empty: nowhere.
			Listen: "",
			// Certificate chain and key, PEM files that are read again when they change. An
			// address that can be reached from other machines needs them, or `http.behind_tls`.
			TLSCert: "", TLSKey: "",
			// Whether a proxy in front provides TLS.
			BehindTLS: false,
			// Names that people call it by, beside `localhost` and any IP address. Others are
			// refused, since a page elsewhere may have its own name lead here (DNS rebinding).
			Hosts: nil,
			// Proxies of yours that say in X-Forwarded-For who the client is, as ranges; nobody
			// else belongs in them.
			Proxies: nil,
			// Who may read `/metrics`, as ranges. Empty: this machine. An address in
			// `http.proxies`, also of this machine, only if it is named here.
			Metrics: nil,
			// What `/ips` shows: the addresses of yours that a firewall should know.
			IPs: nil,
		},
		Suspended: Suspended{
			// How long a held message is kept.
			Keep: Span(14 * 24 * time.Hour),
			// How long otherwise for causes, as in `spam=3d blocklisted=30d`.
			KeepCauses: nil,
			// Whether one that nobody has seen is kept beyond that, until a day after somebody
			// was shown the queue.
			KeepUnseen: false,
			// For how long what somebody deletes from the queue can be restored. `0s`: not at
			// all.
			Undelete: Span(24 * time.Hour),
		},
		Tickets: Tickets{
			// For how long a ticket is kept once [every target](hand-off.md#keeping-tickets) has it
			// and its comments: `7d` at least. `0s`: for good.
			KeepHandedOff: 0,
		},
		Tombstones: Tombstones{
			// For how long it is known what became of a message that is gone: its id, sender,
			// Message-ID and cause, when it came and went, and who deleted it. `0s`: not at all.
			Keep: Span(90 * 24 * time.Hour),
		},
		Digest: Digest{
			// Who gets a [digest](hand-off.md#digest) of what is held: addresses, each with a time
			// zone of its own behind `=` if need be, as in `bob@example.com=America/New_York`.
			// Empty: nobody.
			To: nil,
			// How often, if there is anything to tell: `10m` at least.
			Every: Span(24 * time.Hour),
			// The time zone of all others, such as `Europe/Berlin`.
			TimeZone: "UTC",
			// Its author's address. Empty: `gatepost` at `smtp.hostname`.
			From: "",
			// Where people reach the console, such as `https://gatepost.example.com`: each message
			// has a link then.
			Links: "",
			// How long before its time is over it warns of a message that nobody has seen. `0s`:
			// not at all.
			WarnBefore: Span(48 * time.Hour),
			// After how long without any mail it says so, and a webhook is told `mail.quiet`. `0s`:
			// never.
			QuietAfter: 0,
			// Whether it gives with a held reply the address of the ticket that it names.
			ReplyToken: false,
		},
		Log: Log{
			// The form of the log on stderr: `text`, `json`, or `auto` for text on a terminal
			// only. Characters that cannot be seen are escaped in each.
			Format: LogAuto,
		},

		from: map[string]string{},
	}
}

func allCauses() (on Switches) {
	for c := range policy.EachCause() {
		on[c] = true
	}
	return on
}
