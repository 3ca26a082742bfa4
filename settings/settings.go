// Package settings reads what an operator has set: a configuration file, over that the
// environment, over that flags. It says where each value came from, checks all of them at once
// and gives them as the types that the rooms take. It never opens a database or a port, and
// nothing it refuses is half taken.
package settings

import (
	"encoding"
	"reflect"
	"time"

	"gatepost/message"
	"gatepost/policy"
	"gatepost/smtpd"
)

// Settings have the shape of the configuration file. A setting's key is its path in the
// file (smtp.listen), and GATEPOST_SMTP_LISTEN its name in the environment.
type Settings struct {
	DB        string    `toml:"db"`
	SMTP      SMTP      `toml:"smtp"`
	Auth      Auth      `toml:"auth"`
	Causes    Causes    `toml:"causes"`
	Loop      Loop      `toml:"loop"`
	HTTP      HTTP      `toml:"http"`
	Suspended Suspended `toml:"suspended"`
	Log       Log       `toml:"log"`

	File string // the configuration file; empty if there was none

	from map[string]string // where each value came from, by key
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

// Loop says how much one sender may send.
type Loop struct {
	PerHour Limit `toml:"per_hour"`
}

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
	KeepUnseen Toggle `toml:"keep_unseen"`
	Undelete   Span   `toml:"undelete"`
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
// the door's own.
func Defaults() *Settings {
	door := smtpd.New()
	return &Settings{
		// The database file. Large contents lie in a folder beside it.
		DB: "gatepost.db",
		SMTP: SMTP{
			// Where SMTP is spoken: an address with its port, or several.
			Listen: Words{"127.0.0.1:2525"},
			// Where it is spoken inside TLS from the first octet (RFC 8314, section 3).
			ListenTLS: nil,
			// What we call ourselves in the greeting. Empty: the name of this machine.
			Hostname: "",
			// Whose mail is taken: addresses and whole domains. Nobody else's is.
			// Empty: anybody's, but only if every listener is on loopback.
			Recipients: nil,
			// Who may speak SMTP to us, as ranges. Empty: everybody.
			Clients: nil,
			// Machines of ours that hand mail on to us, as ranges, and whether mail that
			// comes from elsewhere is held. server_lock has no other switch.
			Relays: nil, OnlyRelays: false,
			// What relays call themselves in the Authentication-Results fields they write
			// (RFC 8601, section 2.5). Without it theirs are not read.
			AuthservID: nil,
			// What they run, or are, by the names of policy.Products: their fields are read
			// where they write them.
			Filter: nil,
			// Load balancers that say with the PROXY protocol who the client is, as ranges.
			Proxies: nil,
			// Certificate chain and key, PEM files that are read anew when they change.
			TLSCert: "", TLSKey: "",
			// The largest message, told to clients as SIZE (RFC 1870).
			MaxMessageSize: Size(door.MaxMessage),
			// The largest header section that is read as mail.
			MaxHeaderSize: message.MaxHeader,
			// Recipients of one message.
			MaxRecipients: Number(door.MaxRecipients),
			// Connections at once, in all and from one address (loopback excepted).
			MaxConnections:           Number(door.MaxConnections),
			MaxConnectionsPerAddress: Number(door.MaxPerAddress),
			// Contents under way at once. Each needs about 128 KiB of memory.
			MaxArriving: Number(door.MaxArriving),
			// How long a client may be silent.
			IdleTimeout: Span(door.Idle),
			// How long a message may take from MAIL to its end.
			TransactionTimeout: Span(door.Transaction),
			// Octets a second that a content must bring, once it has used up our
			// patience in waiting beyond that.
			MinRate: Size(door.MinRate), Patience: Span(door.Patience),
			// How long contents under way may take when we are told to stop.
			Grace: Span(door.Grace),
			// With less space on the disk than this no mail is taken.
			MinFreeSpace: 256 << 20,
			// How long the same message again is one with the first, whose reply its sender
			// may not have heard (RFC 1047). 0: each is stored.
			DuplicateWindow: Span(24 * time.Hour),
		},
		Auth: Auth{
			// What proof a profile or an entry of the allowlist asks for: aligned, strict
			// or claimed.
			Trust: policy.TrustAligned.String(),
			// What becomes of claims where only this machine can connect: take or check.
			Loopback: takeClaims,
			// The name server to ask, with its port. Empty: those of this machine.
			Resolver: "",
			// Domains whose ARC chains (RFC 8617) stand for a DMARC that failed on the way.
			// Without it no chain is looked at.
			Sealers: nil,
		},
		// What shows a cause holds a message.
		Causes: Causes{On: allCauses(), MailingList: false},
		// How many messages of one sender pass within an hour. 0: any number.
		Loop: Loop{PerHour: 20},
		HTTP: HTTP{
			// Where the console, the API, health and metrics are answered. Empty: nowhere.
			Listen: "",
			// Certificate chain and key, PEM files that are read anew when they change; and
			// whether a proxy in front has them instead. What can be reached from outside
			// needs one of both.
			TLSCert: "", TLSKey: "", BehindTLS: false,
			// Names that people call us by, beside localhost and any address: a page
			// elsewhere may have its own name lead here (DNS rebinding).
			Hosts: nil,
			// Proxies of ours, as ranges, that say in X-Forwarded-For who the client is.
			Proxies: nil,
			// Who may read /metrics, as ranges. Empty: this machine.
			Metrics: nil,
			// What /ips shows: the addresses of ours that a firewall should know.
			IPs: nil,
		},
		// How long a suspended message is kept, and whether it is beyond that while nobody has
		// looked at the queue, and for a day after somebody has; for how long what
		// somebody deletes can be restored.
		Suspended: Suspended{Keep: Span(14 * 24 * time.Hour), KeepUnseen: false,
			Undelete: Span(24 * time.Hour)},
		// The form of the log on stderr: text, json, or auto (text on a terminal).
		Log: Log{Format: "auto"},

		from: map[string]string{},
	}
}

func allCauses() (on Switches) {
	for c := range policy.EachCause() {
		on[c] = true
	}
	return on
}

// Each visits every setting in the order above.
func (s *Settings) Each(visit func(key string, v reflect.Value)) {
	walk("", reflect.ValueOf(s).Elem(), visit)
}

func walk(prefix string, v reflect.Value, visit func(string, reflect.Value)) {
	for i := range v.NumField() {
		name := v.Type().Field(i).Tag.Get("toml")
		switch field := v.Field(i); {
		case field.Type() == reflect.TypeFor[Switches]():
			walkCauses(prefix, field, visit)
		case name == "":
		case field.Kind() == reflect.Struct:
			walk(prefix+name+".", field, visit)
		default:
			visit(prefix+name, field)
		}
	}
}

// walkCauses visits the switches in the order of the causes.
func walkCauses(prefix string, on reflect.Value, visit func(string, reflect.Value)) {
	for c := range policy.EachCause() {
		if c.HasSwitch() {
			visit(prefix+c.String(), on.Index(int(c)))
		}
	}
}

// assign sets one setting from text, as flags and the environment have it.
func assign(v reflect.Value, text string) error {
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(text))
	}
	v.SetString(text)
	return nil
}
