package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"gatepost/courier"
	"gatepost/settings"
)

// http posts messages to a URL, as a preset has it or as the settings say each thing.
func (m *maker) http() (courier.Carrier, error) {
	c, err := m.preset()
	if err != nil {
		return nil, err
	}
	for _, set := range []func(*courier.HTTPConfig) error{m.form, m.answers, m.authenticate} {
		err = errors.Join(err, set(&c))
	}
	if err != nil {
		return nil, err
	}
	c.Wrapping = m.wrapping()
	if c.Dialer, c.HTTPLimits, err = m.web(); err != nil {
		return nil, err
	}
	return carrierOf(courier.NewHTTP(c))
}

// preset is what a help desk asks for whose name is known.
func (m *maker) preset() (c courier.HTTPConfig, err error) {
	switch m.Preset {
	case "":
		c.URL = string(m.URL)
	case "rt":
		c = courier.RequestTracker(string(m.URL), orDefault(m.Queue, "General"))
	case "redmine":
		if c, err = m.redmine(); err != nil {
			return c, err
		}
	default:
		return c, fmt.Errorf("preset: %q: write rt or redmine, or none and each setting", m.Preset)
	}
	if m.Queue != "" && m.Preset != "rt" {
		err = errors.New(`queue: it is for preset = "rt": take it out`)
	}
	if m.Project != "" && m.Preset != "redmine" {
		err = errors.Join(err, errors.New(`project: it is for preset = "redmine": take it out`))
	}
	return c, err
}

func (m *maker) redmine() (c courier.HTTPConfig, err error) {
	key, err := m.APIKey()
	if err == nil && key == "" {
		err = errors.New("secret: it is missing: give the key of Redmine's settings for incoming " +
			"mail, or the file that holds it as secret_file")
	}
	if m.Project == "" {
		err = errors.Join(err, errors.New("project: it is missing: give the identifier of the project"))
	}
	return courier.Redmine(string(m.URL), key, m.Project), err
}

func orDefault(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// form says how a message stands in a request, and what stands beside it.
func (m *maker) form(c *courier.HTTPConfig) error {
	own := m.Body != "" || m.Field != "" || m.FieldType != "" || bool(m.Base64)
	if m.Preset != "" && own {
		return fmt.Errorf("body: preset %q says how a message stands in a request: take body and "+
			"field out", m.Preset)
	}
	if own {
		c.Body, c.Field, c.FieldType = m.Body, m.Field, m.FieldType
		c.FieldBase64 = bool(m.Base64)
	}
	fields, errFields := m.FormFields()
	headers, errHeaders := m.HeaderFields()
	c.Fields = append(c.Fields, fieldsOf(fields)...)
	c.Headers = fieldsOf(headers)
	return errors.Join(errFields, errHeaders)
}

func fieldsOf(all []settings.Pair) (fields []courier.Field) {
	for _, p := range all {
		fields = append(fields, courier.Field{Name: p.Name, Value: p.Value})
	}
	return fields
}

// answers lays what the settings say over what the preset does.
func (m *maker) answers(c *courier.HTTPConfig) error {
	a := &c.Answers
	for _, s := range []struct {
		value string
		to    *string
	}{{m.Done, &a.Done}, {m.DoneBody, &a.DoneBody}, {m.FailBody, &a.FailBody},
		{m.RetryBody, &a.RetryBody}, {m.Retry, &a.Retry}, {m.RetrySome, &a.RetrySome},
		{m.Handoff.Pause, &a.Pause}} {
		if s.value != "" {
			*s.to = s.value
		}
	}
	a.SomeAttempts = int(m.SomeAttempts)
	return nil
}

// authenticate puts what is secret to where the other side looks for it.
func (m *maker) authenticate(c *courier.HTTPConfig) error {
	c.Username, c.Password = m.Username, m.password
	key, err := m.APIKey()
	if err != nil || m.Preset == "redmine" && m.Auth == "" {
		return err
	}
	way, name, _ := strings.Cut(strings.TrimSpace(m.Auth), " ")
	name = strings.TrimSpace(name)
	switch {
	case m.Auth == "" && key == "":
		return nil
	case m.Auth == "":
		return errors.New("auth: there is a secret, and nothing says where it is to stand: write " +
			"bearer, header NAME or field NAME")
	case key == "":
		return fmt.Errorf("secret: it is missing, and auth is %q: give it, or the file that holds it "+
			"as secret_file", m.Auth)
	case way == "bearer" && name == "":
		c.Bearer = key
	case way == "header" && name != "":
		c.Headers = append(c.Headers, courier.Field{Name: name, Value: key, Secret: true})
	case way == "field" && name != "":
		c.Fields = append(c.Fields, courier.Field{Name: name, Value: key, Secret: true})
	default:
		return fmt.Errorf("auth: %q: write bearer, header NAME or field NAME; for Basic give username "+
			"and password", m.Auth)
	}
	return nil
}

// wrapping is what is put on top of a message and what is taken off.
func (m *maker) wrapping() courier.Wrapping {
	return courier.Wrapping{WithoutReturnPath: !bool(m.ReturnPath), Trace: bool(m.Trace),
		WithoutReplyTo: m.ReplyTo == settings.RemoveReplyTo, UnixEnds: bool(m.UnixEnds)}
}

// webhook tells a URL of tickets and held messages.
func (m *maker) webhook() (courier.Carrier, error) {
	c := courier.WebhookConfig{URL: string(m.URL), Secrets: m.secrets, Inline: int64(m.Inline),
		LinkLife: time.Duration(m.LinkLife)}
	if m.Inline == 0 {
		c.Inline = -1
	}
	if m.LinkLife < settings.Span(time.Minute) {
		return nil, errors.New("link_life: 1m at least: nobody could fetch the message")
	}
	var err error
	if c.Dialer, c.HTTPLimits, err = m.web(); err != nil {
		return nil, err
	}
	if m.Links != "" {
		links, err := courier.NewLinks(m.Links, m.linkKey)
		if err != nil {
			return nil, fmt.Errorf("links: %s", strings.TrimPrefix(err.Error(), "base: "))
		}
		c.Link = func(p *courier.Parcel, until time.Time) string {
			return links.Sign(linkedPath(p.DecisionID), until)
		}
	}
	return carrierOf(courier.NewWebhook(c))
}
