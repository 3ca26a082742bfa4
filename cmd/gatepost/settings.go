package main

import (
	"encoding"
	"reflect"
	"time"

	"gatepost/message"
	"gatepost/policy"
	"gatepost/smtpd"
)

// The settings, in the shape of the configuration file. A setting's key is its path in
// the file (smtp.listen), and GATEPOST_SMTP_LISTEN its name in the environment.
type settings struct {
	DB        string            `toml:"db"`
	SMTP      smtpSettings      `toml:"smtp"`
	Auth      authSettings      `toml:"auth"`
	Causes    causesSettings    `toml:"causes"`
	Loop      loopSettings      `toml:"loop"`
	HTTP      httpSettings      `toml:"http"`
	Suspended suspendedSettings `toml:"suspended"`
	Log       logSettings       `toml:"log"`

	from map[string]string // where each value came from, by key
	file string            // the configuration file; empty if there was none
}

type smtpSettings struct {
	Listen                   words  `toml:"listen"`
	ListenTLS                words  `toml:"listen_tls"`
	Hostname                 string `toml:"hostname"`
	Recipients               words  `toml:"recipients"`
	Clients                  words  `toml:"clients"`
	Relays                   words  `toml:"relays"`
	OnlyRelays               toggle `toml:"only_relays"`
	AuthservID               words  `toml:"authserv_id"`
	Filter                   words  `toml:"filter"`
	Proxies                  words  `toml:"proxies"`
	TLSCert                  string `toml:"tls_cert"`
	TLSKey                   string `toml:"tls_key"`
	MaxMessageSize           size   `toml:"max_message_size"`
	MaxHeaderSize            size   `toml:"max_header_size"`
	MaxRecipients            number `toml:"max_recipients"`
	MaxConnections           number `toml:"max_connections"`
	MaxConnectionsPerAddress number `toml:"max_connections_per_address"`
	MaxArriving              number `toml:"max_arriving"`
	IdleTimeout              span   `toml:"idle_timeout"`
	TransactionTimeout       span   `toml:"transaction_timeout"`
	MinRate                  size   `toml:"min_rate"`
	Patience                 span   `toml:"patience"`
	Grace                    span   `toml:"grace"`
	MinFreeSpace             size   `toml:"min_free_space"`
	DuplicateWindow          span   `toml:"duplicate_window"`
}

type authSettings struct {
	Trust    string `toml:"trust"`
	Loopback string `toml:"loopback"`
	Resolver string `toml:"resolver"`
	Sealers  words  `toml:"sealers"`
}

// causesSettings have a switch under the name of each cause that the policy has one for; and
// one for mailing lists, which are none.
type causesSettings struct {
	On          causeSwitches
	MailingList toggle `toml:"mailing_list"`
}

// causeSwitches are by cause.
type causeSwitches [policy.CauseCount]toggle

type loopSettings struct {
	PerHour limit `toml:"per_hour"`
}

type httpSettings struct {
	Listen    string `toml:"listen"`
	TLSCert   string `toml:"tls_cert"`
	TLSKey    string `toml:"tls_key"`
	BehindTLS toggle `toml:"behind_tls"`
	Hosts     words  `toml:"hosts"`
	Proxies   words  `toml:"proxies"`
	Metrics   words  `toml:"metrics"`
	IPs       words  `toml:"ips"`
}

type suspendedSettings struct {
	Keep       span   `toml:"keep"`
	KeepUnseen toggle `toml:"keep_unseen"`
	Undelete   span   `toml:"undelete"`
}

// Forms of the log: the values of log.format.
const (
	logAuto = "auto" // for people on a terminal, JSON elsewhere
	logText = "text" // key=value
	logJSON = "json"
)

type logSettings struct {
	Format string `toml:"format"`
}

// defaults are the settings where nobody says otherwise. The limits of a connection are
// the door's own.
func defaults() *settings {
	door := smtpd.New()
	return &settings{
		// The database file. Large contents lie in a folder beside it.
		DB: "gatepost.db",
		SMTP: smtpSettings{
			// Where SMTP is spoken: an address with its port, or several.
			Listen: words{"127.0.0.1:2525"},
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
			MaxMessageSize: size(door.MaxMessage),
			// The largest header section that is read as mail.
			MaxHeaderSize: message.MaxHeader,
			// Recipients of one message.
			MaxRecipients: number(door.MaxRecipients),
			// Connections at once, in all and from one address (loopback excepted).
			MaxConnections:           number(door.MaxConnections),
			MaxConnectionsPerAddress: number(door.MaxPerAddress),
			// Contents under way at once. Each needs about 128 KiB of memory.
			MaxArriving: number(door.MaxArriving),
			// How long a client may be silent.
			IdleTimeout: span(door.Idle),
			// How long a message may take from MAIL to its end.
			TransactionTimeout: span(door.Transaction),
			// Octets a second that a content must bring, once it has used up our
			// patience in waiting beyond that.
			MinRate: size(door.MinRate), Patience: span(door.Patience),
			// How long contents under way may take when we are told to stop.
			Grace: span(door.Grace),
			// With less space on the disk than this no mail is taken.
			MinFreeSpace: 256 << 20,
			// How long the same message again is one with the first, whose reply its sender
			// may not have heard (RFC 1047). 0: each is stored.
			DuplicateWindow: span(24 * time.Hour),
		},
		Auth: authSettings{
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
		Causes: causesSettings{On: allCauses(), MailingList: false},
		// How many messages of one sender pass within an hour. 0: any number.
		Loop: loopSettings{PerHour: 20},
		HTTP: httpSettings{
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
		Suspended: suspendedSettings{Keep: span(14 * 24 * time.Hour), KeepUnseen: false,
			Undelete: span(24 * time.Hour)},
		// The form of the log on stderr: text, json, or auto (text on a terminal).
		Log: logSettings{Format: "auto"},

		from: map[string]string{},
	}
}

func allCauses() (on causeSwitches) {
	for c := range policy.EachCause() {
		on[c] = true
	}
	return on
}

// each visits every setting in the order above.
func (s *settings) each(visit func(key string, v reflect.Value)) {
	walk("", reflect.ValueOf(s).Elem(), visit)
}

func walk(prefix string, v reflect.Value, visit func(string, reflect.Value)) {
	for i := range v.NumField() {
		name := v.Type().Field(i).Tag.Get("toml")
		switch field := v.Field(i); {
		case field.Type() == reflect.TypeFor[causeSwitches]():
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
