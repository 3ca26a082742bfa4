package courier

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"golang.org/x/net/http/httpguts"
)

const (
	inlineSize    = 256 << 10 // octets of a message that stand in the JSON
	largestInline = 10 << 20  // the JSON is held whole to be signed
	linkLife      = 24 * time.Hour
	secretMark    = "whsec_"
	leastSecret   = 24 // octets, as the specification has it
	largestSecret = 64
	hookTime      = 30 * time.Second // as the specification advises
)

// WebhookConfig is a target that is told of tickets by signed JSON, per the Standard Webhooks
// specification.
type WebhookConfig struct {
	// URL takes the POST: http or https, without a name or password in it.
	URL string
	// Secrets sign: whsec_ and 24 to 64 octets in base64. With several, for the time in which one
	// takes the place of another, each signs.
	Secrets []string
	// Inline is up to how many octets the message stands in the JSON; 256 KiB if it is 0, 10 MiB at
	// most, none if it is less than 0.
	Inline int64
	// Link makes a link to a message that does not stand in the JSON, which ends at a time. Nil
	// makes none.
	Link func(p *Parcel, until time.Time) string
	// LinkLife is how long such a link lasts from the attempt on; 24 hours if it is 0.
	LinkLife time.Duration
	// HTTPLimits: Answer is 30 seconds if it is 0.
	HTTPLimits
	// Dialer connects; it must be given.
	Dialer *Dialer
	// Now is the clock that signatures and links are made by; nil is time.Now.
	Now func() time.Time
}

// A Webhook carrier tells a URL of tickets.
type Webhook struct {
	config WebhookConfig
	keys   []*standardwebhooks.Webhook
	rules  answerRules
	poster *poster
}

// NewWebhook checks the settings.
func NewWebhook(c WebhookConfig) (*Webhook, error) {
	if c.Answer == 0 {
		c.Answer = hookTime
	}
	if c.Inline == 0 {
		c.Inline = inlineSize
	}
	if c.LinkLife == 0 {
		c.LinkLife = linkLife
	}
	switch {
	case c.Inline > largestInline:
		return nil, fmt.Errorf("inline: %d is too much: give at most %d octets, and let the "+
			"receiver fetch what is larger", c.Inline, largestInline)
	case c.LinkLife < 0:
		return nil, fmt.Errorf("link_life: %s is less than nothing: write it as in 24h", c.LinkLife)
	}
	w := &Webhook{config: c}
	err := w.takeSecrets()
	if err != nil {
		return nil, err
	}
	// 410 asks for no more of this (Standard Webhooks, delivery success and failure).
	pause := "3xx, 401, 403-405, 407, 410, 415, 426, 501, 505"
	if w.rules, err = (Answers{Pause: pause}).rules(); err != nil {
		return nil, err
	}
	w.poster, err = newPoster(c.URL, c.Dialer, c.HTTPLimits, c.Now)
	if err != nil {
		return nil, err
	}
	w.poster.secrets = c.Secrets
	return w, nil
}

// takeSecrets checks them here: the library signs with an empty one too.
func (w *Webhook) takeSecrets() error {
	if len(w.config.Secrets) == 0 {
		return errors.New("secret: there is none: make one with \"openssl rand -base64 32\", put " +
			secretMark + " before it, and give it to the receiver too")
	}
	for i, secret := range w.config.Secrets {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, secretMark))
		switch {
		case err != nil, strings.ContainsAny(secret, "\r\n"):
			return fmt.Errorf("secret %d: it is not %s and standard base64 with padding (RFC "+
				"4648, section 4): make one with \"openssl rand -base64 32\"", i+1, secretMark)
		case len(key) < leastSecret || len(key) > largestSecret:
			return fmt.Errorf("secret %d: it has %d octets, and must have %d to %d: make one with "+
				"\"openssl rand -base64 32\"", i+1, len(key), leastSecret, largestSecret)
		}
		signer, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			return fmt.Errorf("secret %d: the library does not take it", i+1)
		}
		w.keys = append(w.keys, signer)
	}
	return nil
}

// Carry posts the JSON of a ticket. Its webhook-id is the Parcel's Key, by which the receiver
// knows a second delivery; each attempt is signed anew.
func (w *Webhook) Carry(ctx context.Context, p *Parcel, dialogue io.Writer) Result {
	if p.Key == "" || !httpguts.ValidHeaderFieldValue(p.Key) {
		return Result{Outcome: Fail, Said: fmt.Sprintf("the key %q cannot be a webhook-id", p.Key)}
	}
	now := w.poster.now()
	body, err := w.payload(p, now)
	if err != nil {
		return Result{Said: err.Error()}
	}
	header, err := w.sign(p.Key, now, body)
	if err != nil {
		return Result{Said: fmt.Sprintf("sign: %s", err)}
	}
	a, failed := w.poster.post(ctx, request{
		header: header,
		size:   int64(len(body)),
		open: func() (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(body)), nil
		},
		shown: []string{"", string(body[:min(len(body), shownJSON)])},
	}, dialogue)
	if failed != nil {
		return *failed
	}
	outcome, pause := w.rules.read(a, p.Attempt)
	return w.poster.result(a, outcome, pause)
}

// shownJSON is how much of the body the dialogue shows, in octets.
const shownJSON = 4 << 10

func (w *Webhook) sign(id string, now time.Time, body []byte) (http.Header, error) {
	var signatures []string
	for _, key := range w.keys {
		s, err := key.Sign(id, now, body)
		if err != nil {
			return nil, err
		}
		signatures = append(signatures, s)
	}
	header := http.Header{}
	header.Set("Content-Type", "application/json")
	header.Set(standardwebhooks.HeaderWebhookID, id)
	header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	header.Set(standardwebhooks.HeaderWebhookSignature, strings.Join(signatures, " "))
	return header, nil
}

// payload is the JSON, in one line.
func (w *Webhook) payload(p *Parcel, now time.Time) ([]byte, error) {
	event := newWebhookEvent(p)
	switch {
	case p.Size <= w.config.Inline:
		raw, err := w.raw(p)
		if err != nil {
			return nil, err
		}
		event.Data.Message.Raw = raw
	case w.config.Link != nil:
		until := now.Add(w.config.LinkLife).UTC().Truncate(time.Second)
		if link := w.config.Link(p, until); link != "" {
			event.Data.Message.Link, event.Data.Message.LinkEnds = link, &until
		}
	}
	var b bytes.Buffer
	to := json.NewEncoder(&b)
	to.SetEscapeHTML(false)
	if err := to.Encode(event); err != nil {
		return nil, fmt.Errorf("write the JSON: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// raw reads the message whole: Inline bounds it.
func (w *Webhook) raw(p *Parcel) ([]byte, error) {
	in, err := p.Open()
	if err != nil {
		return nil, fmt.Errorf("open the message: %w", err)
	}
	raw, err := io.ReadAll(io.LimitReader(in, w.config.Inline+1))
	if err = errors.Join(err, in.Close()); err != nil {
		return nil, fmt.Errorf("read the message: %w", err)
	}
	if int64(len(raw)) != p.Size {
		return nil, fmt.Errorf("read the message: it has %d octets, and should have %d",
			len(raw), p.Size)
	}
	return raw, nil
}

// Close has nothing to end: each request has a connection of its own.
func (w *Webhook) Close() error { return nil }
