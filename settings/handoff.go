package settings

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"gatepost/message"
)

// Handoffs are where messages are carried on to, by the names of targets.
type Handoffs map[string]*Handoff

// Handoff is one target: [handoff.NAME] in the configuration file. It is declared there, and
// each of its values may be in the environment: GATEPOST_HANDOFF_DESK_PASSWORD.
type Handoff struct {
	Kind         string `toml:"kind"`
	Address      string `toml:"address"`
	Allow        Words  `toml:"allow"`
	Events       Words  `toml:"events"`
	Recipients   Words  `toml:"recipients"`
	To           string `toml:"to"`
	MailFrom     string `toml:"mail_from"`
	TLS          string `toml:"tls"`
	TLSCA        string `toml:"tls_ca"`
	Username     string `toml:"username"`
	Password     Secret `toml:"password"`
	PasswordFile string `toml:"password_file"`
	Parallel     Number `toml:"parallel"`
	Timeout      Span   `toml:"timeout"`
	RetryUnknown Toggle `toml:"retry_unknown"`
}

// newHandoff is a target whose table is empty.
func newHandoff() *Handoff {
	return &Handoff{
		// What it may connect to beside public addresses and an address that it names itself:
		// addresses, prefixes, and names of hosts.
		Allow: nil,
		// What it tells of: ticket.created, message.suspended, message.recovered.
		Events: Words{"ticket.created"},
		// Of whose mail: addresses and whole domains. Empty: everybody's.
		Recipients: nil,
		// Tries at once. Help desks take two or three messages a second.
		Parallel: 2,
		// How long it may be silent within a try. A help desk with a locked database is so for
		// a minute, and makes the ticket all the same.
		Timeout: Span(3 * time.Minute),
		// Whether what may have arrived is carried again, and may be there twice then.
		RetryUnknown: false,
	}
}

// addHandoffs makes a target of each table below handoff.
func (s *Settings) addHandoffs(path string, text []byte, tree map[string]any) error {
	value, there := tree["handoff"]
	if !there {
		return nil
	}
	targets, ok := value.(map[string]any)
	if !ok {
		return fmt.Errorf("%s: handoff: write a table for each target, such as [handoff.desk]", path)
	}
	// Its name is in the environment, too.
	named := regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(targets)) {
		_, isTable := targets[name].(map[string]any)
		line, column := place(text, "handoff."+name)
		switch {
		case !isTable:
			errs = append(errs, fmt.Errorf("%s:%d:%d: handoff.%s: write a table for each target, such "+
				"as [handoff.desk]", path, line, column, name))
		case !named.MatchString(name):
			errs = append(errs, fmt.Errorf("%s: handoff.%q: a target is called by small letters, "+
				"digits and hyphens, a letter first, 40 at most", path, name))
		default:
			if s.Handoff == nil {
				s.Handoff = Handoffs{}
			}
			s.Handoff[name] = newHandoff()
		}
	}
	return errors.Join(errs...)
}

// changed are the keys of the targets that are in one of the two and not in the other so.
func (h Handoffs) changed(next Handoffs) (keys Words) {
	for _, name := range slices.Compact(slices.Sorted(func(yield func(string) bool) {
		for _, all := range []Handoffs{h, next} {
			for name := range all {
				if !yield(name) {
					return
				}
			}
		}
	})) {
		if !reflect.DeepEqual(h[name], next[name]) {
			keys = append(keys, "handoff."+name)
		}
	}
	return keys
}

// Check finds what is wrong with any target, whatever its kind.
func (h Handoffs) Check() error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(h)) {
		if err := h[name].check(); err != nil {
			errs = append(errs, Below("handoff."+name, err))
		}
	}
	return errors.Join(errs...)
}

// Below puts the key of a section in front of each line of an error that begins with a setting.
func Below(section string, err error) error {
	lines := strings.Split(err.Error(), "\n")
	for i, line := range lines {
		lines[i] = section + "." + line
	}
	return errors.New(strings.Join(lines, "\n"))
}

func (h *Handoff) check() error {
	var errs []error
	events := []string{"ticket.created", "message.suspended", "message.recovered"}
	if len(h.Events) == 0 {
		errs = append(errs, errors.New("events: there are none: write ticket.created"))
	}
	for _, event := range h.Events {
		if !slices.Contains(events, event) {
			errs = append(errs, fmt.Errorf("events: %q: write %s", event, strings.Join(events, ", ")))
		}
	}
	if _, err := h.Filter(); err != nil {
		errs = append(errs, err)
	}
	if h.Timeout < Span(time.Second) {
		errs = append(errs, errors.New("timeout: 1s at least: nobody could answer"))
	}
	if h.Parallel > mostParallel {
		errs = append(errs, fmt.Errorf("parallel: %d at most", mostParallel))
	}
	if h.Password != "" && h.PasswordFile != "" {
		errs = append(errs, errors.New("password_file: there is a password, too: give one of both"))
	}
	return errors.Join(errs...)
}

// mostParallel bounds the tries at once: each has a connection and a message.
const mostParallel = 100

// Filter is whose mail a target has, as the store takes it.
func (h *Handoff) Filter() (entries []string, err error) {
	for _, entry := range h.Recipients {
		text := entry
		if strings.Contains(entry, "@") {
			_, err = message.ParseAddress(entry)
		} else {
			var d message.Domain
			d, err = message.ParseDomain(entry)
			text = string(d)
		}
		if err != nil {
			return nil, fmt.Errorf("recipients: %q: %w: write support@acme.test, or help.acme.test for "+
				"every address of it", entry, err)
		}
		entries = append(entries, text)
	}
	return entries, nil
}

// Secret is the password: of the setting, else the first line of the file.
func (h *Handoff) Secret() (string, error) {
	if h.PasswordFile == "" {
		return string(h.Password), nil
	}
	text, err := os.ReadFile(h.PasswordFile)
	if err != nil {
		return "", fmt.Errorf("password_file: %w", err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	if line = strings.TrimSuffix(line, "\r"); line == "" {
		return "", fmt.Errorf("password_file: the first line of %s is empty", h.PasswordFile)
	}
	return line, nil
}
