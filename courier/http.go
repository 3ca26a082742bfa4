package courier

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"
)

// How a message stands in the body of a request.
const (
	BodyMessage    = "message"    // the whole body is the message, of the type message/rfc822
	BodyMultipart  = "multipart"  // it is a field of multipart/form-data, without a file name
	BodyURLEncoded = "urlencoded" // it is a field of application/x-www-form-urlencoded
)

// HTTPConfig is a target that takes messages by HTTP, as desks' mail gateways do.
type HTTPConfig struct {
	// URL takes the POST: http or https, without a name or password in it.
	URL string
	// Body is BodyMessage if it is empty. BodyMultipart is better than BodyURLEncoded for a field:
	// programs that refuse large forms take large parts, and it is not three times as long.
	Body string
	// Field is the name of the field that holds the message, where Body is a form.
	Field string
	// FieldType is the type of that field in multipart; none is said if it is empty.
	FieldType string
	// FieldBase64 puts the message into its field as base64 (RFC 4648, section 4).
	FieldBase64 bool
	// Fields are further fields of the form.
	Fields []Field
	// Headers are further fields of the request, as in X-API-Key.
	Headers []Field
	// Username and Password are sent as Basic (RFC 7617) if one is given, Bearer as RFC 6750 has
	// it. One way at most.
	Username, Password, Bearer string
	Answers                    Answers
	Wrapping                   Wrapping
	HTTPLimits
	// Dialer connects; it must be given.
	Dialer *Dialer
	// Now is the clock for Retry-After; nil is time.Now.
	Now func() time.Time
}

// HTTPLimits are how long a request may take, and by whom certificates are signed.
type HTTPLimits struct {
	// Answer is how long to wait for an answer behind the last octet, and for its end behind its
	// header; 180 seconds if it is 0. A desk may make the ticket of an answer that came too late.
	Answer time.Duration
	// Write is how long the other side may take none of the message; 60 seconds if it is 0.
	Write time.Duration
	// Total is for everything from the look-up to the end of the answer; 15 minutes if it is 0.
	Total time.Duration
	// Roots sign the certificate of the other side; nil are the system's.
	Roots *x509.CertPool
}

// A Field is a field of a form or of a header.
type Field struct {
	Name, Value string
	Secret      bool // the value is never shown
}

// An HTTP carrier posts messages to a URL.
type HTTP struct {
	config HTTPConfig
	rules  answerRules
	poster *poster
}

// NewHTTP checks the settings.
func NewHTTP(c HTTPConfig) (*HTTP, error) {
	if c.Body == "" {
		c.Body = BodyMessage
	}
	rules, err := c.Answers.rules()
	if err = errors.Join(err, c.check()); err != nil {
		return nil, err
	}
	poster, err := newPoster(c.URL, c.Dialer, c.HTTPLimits, c.Now)
	if err != nil {
		return nil, err
	}
	poster.secrets = c.secrets()
	return &HTTP{config: c, rules: rules, poster: poster}, nil
}

func newPoster(text string, d *Dialer, limits HTTPLimits, now func() time.Time) (*poster, error) {
	to, err := targetURL(text)
	if err != nil {
		return nil, err
	}
	if d == nil {
		return nil, errors.New("dialer: there is none: give what NewDialer returns")
	}
	p := &poster{url: to, dialer: d, tls: &tls.Config{RootCAs: limits.Roots}, now: now}
	for _, l := range []struct {
		key      string
		given    time.Duration
		standard time.Duration
		to       *time.Duration
	}{
		{"answer", limits.Answer, answerTime, &p.answer},
		{"write", limits.Write, writeTime, &p.write},
		{"total", limits.Total, totalTime, &p.total},
	} {
		if *l.to = l.given; l.given == 0 {
			*l.to = l.standard
		}
		if l.given < 0 {
			return nil, fmt.Errorf("%s: %s is less than nothing: write it as in %s",
				l.key, l.given, l.standard)
		}
	}
	if p.now == nil {
		p.now = time.Now
	}
	return p, nil
}

func targetURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "", u.Opaque != "":
		// What was given may hold a secret.
		return nil, errors.New("url: it is no address of a page: write it as in " +
			"https://desk.example.com/mail")
	case u.User != nil:
		return nil, errors.New("url: there is a name or password in it, which would be shown: " +
			"set username and password")
	case u.Fragment != "":
		return nil, fmt.Errorf("url: #%s is never sent: leave it out", u.Fragment)
	}
	return u, nil
}

// check looks at what goes into a request.
func (c HTTPConfig) check() error {
	forms := []string{BodyMultipart, BodyURLEncoded}
	form := slices.Contains(forms, c.Body)
	switch {
	case c.Body != BodyMessage && !form:
		return fmt.Errorf("body: %q is no form of a request: choose %s, %s or %s", c.Body,
			BodyMessage, BodyMultipart, BodyURLEncoded)
	case form && c.Field == "":
		return fmt.Errorf("field: it is empty, and body is %s: give the name of the field that "+
			"takes the message, as in email", c.Body)
	case !form && (c.Field != "" || c.FieldType != "" || c.FieldBase64 || len(c.Fields) > 0):
		return fmt.Errorf("field: the body is the message alone, without fields: set body to %s, "+
			"or take the fields out", BodyMultipart)
	case c.FieldType != "" &&
		(c.Body != BodyMultipart || !httpguts.ValidHeaderFieldValue(c.FieldType)):
		return fmt.Errorf("field_type: %q cannot be said: it is for body %s, and one line",
			c.FieldType, BodyMultipart)
	case c.Bearer != "" && c.Username+c.Password != "":
		return errors.New("bearer: there is a username or password too: give one of them")
	case strings.Contains(c.Username, ":"):
		return errors.New("username: there is a : in it, which Basic cannot say (RFC 7617): " +
			"take the name without it")
	}
	return errors.Join(c.checkFields(), c.checkHeaders())
}

func (c HTTPConfig) checkFields() error {
	seen := map[string]bool{c.Field: true}
	for _, f := range c.Fields {
		if f.Name == "" || seen[f.Name] {
			return fmt.Errorf("fields: %q is empty or there twice: give each field one name of "+
				"its own", f.Name)
		}
		seen[f.Name] = true
	}
	return nil
}

func (c HTTPConfig) checkHeaders() error {
	if !httpguts.ValidHeaderFieldValue(c.Bearer) {
		return errors.New("bearer: there is a line end or control octet in it: check its file")
	}
	ours := []string{"Content-Type", "Content-Length", "Transfer-Encoding", "Host", "Connection",
		"Expect", "User-Agent", "Trailer", "Upgrade", "Te", "Idempotency-Key"}
	for _, h := range c.Headers {
		name := http.CanonicalHeaderKey(h.Name)
		switch {
		case !httpguts.ValidHeaderFieldName(h.Name):
			return fmt.Errorf("headers: %q is no name of a field: write it as in X-API-Key", h.Name)
		case !httpguts.ValidHeaderFieldValue(h.Value):
			return fmt.Errorf("headers: the value of %s has a line end or control octet in it: "+
				"check its file", h.Name)
		case slices.Contains(ours, name):
			return fmt.Errorf("headers: %s is said by the request itself: take it out", name)
		case name == "Authorization" && c.Username+c.Password+c.Bearer != "":
			return errors.New("headers: Authorization is there, and a password or bearer too: " +
				"give one of them")
		}
	}
	return nil
}

func (c HTTPConfig) secrets() (list []string) {
	for _, f := range slices.Concat(c.Fields, c.Headers) {
		if f.Secret {
			list = append(list, f.Value, url.QueryEscape(f.Value))
		}
	}
	list = append(list, c.Password, c.Bearer)
	if c.Password != "" {
		list = append(list, c.basic())
	}
	return slices.DeleteFunc(list, func(s string) bool { return s == "" })
}

func (c HTTPConfig) basic() string {
	return base64.StdEncoding.EncodeToString([]byte(c.Username + ":" + c.Password))
}

// Carry posts the message.
func (h *HTTP) Carry(ctx context.Context, p *Parcel, dialogue io.Writer) Result {
	r, err := h.config.request(p)
	if err != nil {
		return Result{Said: err.Error()}
	}
	a, failed := h.poster.post(ctx, r, dialogue)
	if failed != nil {
		return *failed
	}
	outcome, pause := h.rules.read(a, p.Attempt)
	return h.poster.result(a, outcome, pause)
}

// result says what an answer was, and for how long it asks to be left alone.
func (p *poster) result(a *answer, outcome Outcome, pause bool) Result {
	r := Result{Outcome: outcome, Pause: pause, Said: p.said(a)}
	if outcome == Retry {
		r.After = retryAfter(a, p.now())
	}
	switch to := a.header.Get("Location"); {
	case a.status >= 300 && a.status < 400 && to != "":
		r.Said = p.hide(a.text + ": it leads to " + words(p.led(to)) +
			", and is not followed: set url to where messages are taken")
	case outcome == Unknown:
		r.Said += ": the answer broke off: it may have been taken"
	case a.early && a.status < 300:
		r.Said += ": it was answered before it was sent whole"
	}
	return r
}

// led is where a redirect leads.
func (p *poster) led(location string) string {
	to, err := p.url.Parse(location)
	if err != nil {
		return location
	}
	return to.Redacted()
}

// Close has nothing to end: each request has a connection of its own.
func (h *HTTP) Close() error { return nil }
