package settings

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Handoffs are where messages are carried on to, by the names of targets.
type Handoffs map[string]*Handoff

// Handoff is one target: [handoff.NAME] in the configuration file. It is declared there, and
// each of its values may be in the environment: GATEPOST_HANDOFF_DESK_PASSWORD. Those that not
// every kind has say which do.
type Handoff struct {
	Kind         string `toml:"kind"`
	Address      string `toml:"address" for:"smtp lmtp"`
	Allow        Words  `toml:"allow" for:"smtp lmtp http webhook"`
	Events       Words  `toml:"events"`
	Recipients   Words  `toml:"recipients"`
	To           string `toml:"to" for:"smtp lmtp"`
	MailFrom     string `toml:"mail_from" for:"smtp lmtp"`
	TLS          string `toml:"tls" for:"smtp lmtp"`
	TLSCA        string `toml:"tls_ca" for:"smtp lmtp http webhook"`
	Username     string `toml:"username" for:"smtp lmtp http"`
	Password     Secret `toml:"password" for:"smtp lmtp http"`
	PasswordFile string `toml:"password_file" for:"smtp lmtp http"`

	Preset     string `toml:"preset" for:"http"`
	URL        URL    `toml:"url" for:"http webhook"`
	Queue      string `toml:"queue" for:"http"`
	Project    string `toml:"project" for:"http"`
	Auth       string `toml:"auth" for:"http"`
	Key        Secret `toml:"secret" for:"http webhook"`
	KeyFile    string `toml:"secret_file" for:"http webhook"`
	Body       string `toml:"body" for:"http"`
	Field      string `toml:"field" for:"http"`
	FieldType  string `toml:"field_type" for:"http"`
	Base64     Toggle `toml:"field_base64" for:"http"`
	Fields     Words  `toml:"fields" for:"http"`
	Headers    Words  `toml:"headers" for:"http"`
	Done       string `toml:"done" for:"http"`
	DoneBody   string `toml:"done_body" for:"http"`
	FailBody   string `toml:"fail_body" for:"http"`
	RetryBody  string `toml:"retry_body" for:"http"`
	Pause      string `toml:"pause" for:"http"`
	Inline     Size   `toml:"inline" for:"webhook"`
	Links      string `toml:"links" for:"webhook"`
	LinkLife   Span   `toml:"link_life" for:"webhook"`
	Program    string `toml:"program" for:"command"`
	Args       Words  `toml:"args" for:"command"`
	Env        Words  `toml:"env" for:"command"`
	Dir        string `toml:"dir" for:"command"`
	Path       string `toml:"path" for:"maildir"`
	Create     Toggle `toml:"create" for:"maildir"`
	FileMode   string `toml:"file_mode" for:"maildir"`
	FolderMode string `toml:"folder_mode" for:"maildir"`

	Retry        string `toml:"retry" for:"http command"`
	RetrySome    string `toml:"retry_some" for:"http command"`
	SomeAttempts Number `toml:"some_attempts" for:"http command"`
	ReplyTo      string `toml:"reply_to" for:"smtp lmtp http command maildir"`
	ReplyToken   Toggle `toml:"reply_token"`
	ReturnPath   Toggle `toml:"return_path" for:"http command maildir"`
	Trace        Toggle `toml:"trace" for:"http command maildir"`
	UnixEnds     Toggle `toml:"unix_ends" for:"http command maildir"`
	Parallel     Number `toml:"parallel"`
	Timeout      Span   `toml:"timeout"`
	RetryUnknown Toggle `toml:"retry_unknown"`
}

// What becomes of Reply-To where a message is carried.
const (
	KeepReplyTo   = "keep"
	RemoveReplyTo = "remove"
)

// A handoffKind is a kind of target, but for its settings, which the tags of Handoff name.
type handoffKind struct {
	name  string
	place func(*Handoff) string // where a target leads, as people are shown it
	smtp  bool                  // it is spoken to by SMTP or LMTP
	tells string                // an event that no other kind can be told of
	set   func(*Handoff)        // the defaults that are not those of every kind; may be nil
}

// handoffKinds are all of them. What carries to each is in cmd/gatepost/targets.go.
func handoffKinds() []handoffKind {
	address := func(h *Handoff) string { return h.Address }
	url := func(h *Handoff) string { // without its query, which may be secret
		place, _, _ := strings.Cut(string(h.URL), "?")
		return place
	}
	return []handoffKind{
		{name: "smtp", place: address, smtp: true, tells: digestEvent},
		{name: "lmtp", place: address, smtp: true},
		{name: "http", place: url},
		{name: "webhook", place: url, tells: quietEvent,
			set: func(h *Handoff) { // its receiver is told a key, by which it knows the second
				h.Timeout, h.RetryUnknown = Span(30*time.Second), true
			}},
		{name: "command", place: func(h *Handoff) string { return h.Program }},
		{name: "maildir", place: func(h *Handoff) string { return h.Path }},
	}
}

// HandoffKinds are the names of the kinds of target.
func HandoffKinds() (names []string) {
	for _, k := range handoffKinds() {
		names = append(names, k.name)
	}
	return names
}

// kindOf is the kind of that name. One that is not known leads nowhere.
func kindOf(name string) handoffKind {
	for _, k := range handoffKinds() {
		if k.name == name {
			return k
		}
	}
	return handoffKind{place: func(*Handoff) string { return "" }}
}

// newHandoff is a target of a kind whose table has nothing else.
func newHandoff(kind string) *Handoff {
	h := &Handoff{
		// What it may connect to beside public addresses and an address that it names itself:
		// addresses, prefixes, and names of hosts.
		Allow: nil,
		// What it tells of: ticket.created, comment.created, message.suspended, message.recovered.
		Events: Words{"ticket.created", "comment.created"},
		// Of whose mail: addresses and whole domains. Empty: everybody's.
		Recipients: nil,
		// Up to what size a message stands in the JSON of a webhook.
		Inline: 256 << 10,
		// How long the link to a larger one lasts, from each try on.
		LinkLife:   Span(24 * time.Hour),
		FileMode:   "0600",
		FolderMode: "0700",
		// How often what may never be taken is tried.
		SomeAttempts: 5,
		ReplyTo:      KeepReplyTo,
		// Whether it is given an address to which replies are known to be of the ticket.
		ReplyToken: false,
		ReturnPath: true,
		// Tries at once. Help desks take two or three messages a second.
		Parallel: 2,
		// How long it may be silent within a try. A help desk with a locked database is so for
		// a minute, and makes the ticket all the same.
		Timeout: Span(3 * time.Minute),
		// Whether what may have arrived is carried again, and may be there twice then.
		RetryUnknown: false,
	}
	if set := kindOf(kind).set; set != nil {
		set(h)
	}
	return h
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
		table, isTable := targets[name].(map[string]any)
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
			kind, _ := table["kind"].(string)
			s.Handoff[name] = newHandoff(kind)
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
