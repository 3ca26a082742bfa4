package main

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"gatepost/message"
	"gatepost/smtpd"
)

// The settings, in the shape of the configuration file. A setting's key is its path in
// the file (smtp.listen), and GATEPOST_SMTP_LISTEN its name in the environment.
type settings struct {
	DB        string            `toml:"db"`
	SMTP      smtpSettings      `toml:"smtp"`
	HTTP      httpSettings      `toml:"http"`
	Suspended suspendedSettings `toml:"suspended"`
	Log       logSettings       `toml:"log"`

	from map[string]string // where each value came from, by key
}

type smtpSettings struct {
	Listen                   words  `toml:"listen"`
	ListenTLS                words  `toml:"listen_tls"`
	Hostname                 string `toml:"hostname"`
	Recipients               words  `toml:"recipients"`
	Clients                  words  `toml:"clients"`
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
}

type httpSettings struct {
	Listen string `toml:"listen"`
}

type suspendedSettings struct {
	Keep span `toml:"keep"`
}

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
			// Contents being received at once. Each needs about 128 KiB of memory.
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
		},
		// Where /livez and /readyz are answered. Empty: nowhere.
		HTTP: httpSettings{Listen: ""},
		// How long a suspended message is kept.
		Suspended: suspendedSettings{Keep: span(14 * 24 * time.Hour)},
		// The form of the log on stderr: text, json, or auto (text on a terminal).
		Log: logSettings{Format: "auto"},

		from: map[string]string{},
	}
}

// each visits every setting in the order above.
func (s *settings) each(visit func(key string, v reflect.Value)) {
	walk("", reflect.ValueOf(s).Elem(), visit)
}

func walk(prefix string, v reflect.Value, visit func(string, reflect.Value)) {
	for i := range v.NumField() {
		name := v.Type().Field(i).Tag.Get("toml")
		switch field := v.Field(i); {
		case name == "":
		case field.Kind() == reflect.Struct:
			walk(prefix+name+".", field, visit)
		default:
			visit(prefix+name, field)
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

// words are several values in one text, separated by white space.
type words []string

func (w *words) UnmarshalText(text []byte) error {
	*w = strings.Fields(string(text))
	return nil
}

func (w words) String() string { return strings.Join(w, " ") }

// A number counts things, at least one.
type number int

func (n *number) UnmarshalText(text []byte) error {
	i, err := strconv.Atoi(string(text))
	if err != nil || i < 1 {
		return fmt.Errorf("%q is no whole number above 0", text)
	}
	*n = number(i)
	return nil
}

// A size is a number of octets: 512, 64KiB, 25MiB, 2GiB; KB, MB and GB are powers of ten.
type size int64

var errSize = errors.New(`a size is a number and a unit, such as "25MiB"`)

func (s *size) UnmarshalText(text []byte) error {
	n, unit, err := splitUnit(string(text))
	if err != nil {
		return fmt.Errorf("%q: %w", text, errSize)
	}
	for _, u := range sizeUnits() {
		if strings.EqualFold(unit, u.name) && n <= 1<<62/u.factor {
			*s = size(n * u.factor)
			return nil
		}
	}
	return fmt.Errorf("%q: %w", text, errSize)
}

func (s size) String() string {
	for _, u := range sizeUnits() {
		if s != 0 && int64(s)%u.factor == 0 {
			return strconv.FormatInt(int64(s)/u.factor, 10) + u.name
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

type unit struct {
	name   string
	factor int64
}

// sizeUnits are the units of a size, the one to print first.
func sizeUnits() []unit {
	return []unit{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"", 1},
		{"GB", 1e9}, {"MB", 1e6}, {"KB", 1e3}, {"B", 1}}
}

// A span is a length of time: 30s, 5m, 12h, 14d.
type span time.Duration

var errSpan = errors.New(`a length of time is a number and a unit, such as "14d" or "90s"`)

func (s *span) UnmarshalText(text []byte) error {
	if n, unit, err := splitUnit(string(text)); err == nil && unit == "d" && n < 1e5 {
		*s = span(time.Duration(n) * 24 * time.Hour)
		return nil
	}
	if n, unit, err := splitUnit(string(text)); err == nil && unit == "" {
		return fmt.Errorf("%d has no unit: write \"%dd\" for days, or h, m or s after it", n, n)
	}
	d, err := time.ParseDuration(string(text))
	if err != nil || d < 0 {
		return fmt.Errorf("%q: %w", text, errSpan)
	}
	*s = span(d)
	return nil
}

func (s span) String() string {
	d := time.Duration(s)
	if day := 24 * time.Hour; d >= day && d%day == 0 {
		return strconv.Itoa(int(d/day)) + "d"
	}
	text := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = strings.TrimSuffix(text, zero[1:])
		}
	}
	return text
}

// splitUnit parts the whole number at the start of text from what follows.
func splitUnit(text string) (n int64, unit string, err error) {
	end := strings.IndexFunc(text, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(text)
	}
	n, err = strconv.ParseInt(text[:end], 10, 64)
	return n, strings.TrimSpace(text[end:]), err
}
