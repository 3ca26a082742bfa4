package settings

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"gatepost/message"
)

// Check finds what is wrong with any target, whatever its kind.
func (h Handoffs) Check() error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(h)) {
		if err := h[name].Check(); err != nil {
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

// Check finds what is wrong with one, as far as that can be seen in the settings alone.
func (h *Handoff) Check() error {
	var errs []error
	events := []string{"ticket.created", "comment.created", "message.suspended", "message.recovered",
		digestEvent, quietEvent}
	if len(h.Events) == 0 {
		errs = append(errs, errors.New("events: there are none: write ticket.created"))
	}
	for _, event := range h.Events {
		if !slices.Contains(events, event) {
			errs = append(errs, fmt.Errorf("events: %q: write %s", event, strings.Join(events, ", ")))
		}
		for _, k := range handoffKinds() {
			if k.tells != "" && event == k.tells && h.Kind != k.name {
				errs = append(errs, fmt.Errorf("events: %s is for targets of the kind %s", event, k.name))
			}
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
	if h.Key != "" && h.KeyFile != "" {
		errs = append(errs, errors.New("secret_file: there is a secret, too: give one of both"))
	}
	if h.ReplyTo != KeepReplyTo && h.ReplyTo != RemoveReplyTo {
		errs = append(errs, fmt.Errorf("reply_to: %q: write %s or %s", h.ReplyTo, KeepReplyTo,
			RemoveReplyTo))
	}
	return errors.Join(append(errs, h.checkKind())...)
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

// checkKind finds what is set and is for other kinds.
func (h *Handoff) checkKind() error {
	kinds := strings.Join(HandoffKinds(), ", ")
	switch {
	case h.Kind == "":
		return errors.New("kind: it is missing: write one of " + kinds)
	case !slices.Contains(HandoffKinds(), h.Kind):
		return fmt.Errorf("kind: %q: write one of %s", h.Kind, kinds)
	}
	var errs []error
	is, unset := reflect.ValueOf(h).Elem(), reflect.ValueOf(newHandoff(h.Kind)).Elem()
	for i := range is.NumField() {
		field := is.Type().Field(i)
		if !has(field, h.Kind) && fmt.Sprint(is.Field(i)) != fmt.Sprint(unset.Field(i)) {
			errs = append(errs, fmt.Errorf("%s: a target of the kind %s has none, but %s: take it out",
				field.Tag.Get("toml"), h.Kind, strings.ReplaceAll(field.Tag.Get("for"), " ", ", ")))
		}
	}
	return errors.Join(errs...)
}

// IsSMTP reports whether a target takes messages by SMTP or LMTP.
func (h *Handoff) IsSMTP() bool { return kindOf(h.Kind).smtp }

// Place is where a target leads, as people are shown it: without what may be secret.
func (h *Handoff) Place() string { return kindOf(h.Kind).place(h) }

// has reports whether targets of a kind have a setting.
func has(field reflect.StructField, kind string) bool {
	kinds, some := field.Tag.Lookup("for")
	return !some || slices.Contains(strings.Fields(kinds), kind)
}

// shows reports whether a setting of a target, by its key, is for its kind: the others are not
// shown unless they are set.
func (h Handoffs) shows(key string) bool {
	rest, of := strings.CutPrefix(key, "handoff.")
	name, setting, _ := strings.Cut(rest, ".")
	if !of || h[name] == nil {
		return true
	}
	kind := reflect.TypeFor[Handoff]()
	for i := range kind.NumField() {
		if field := kind.Field(i); field.Tag.Get("toml") == setting {
			return has(field, h[name].Kind)
		}
	}
	return true
}
