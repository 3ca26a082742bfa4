package main

import (
	"cmp"
	"fmt"
	"net/netip"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gatepost/message"
	"gatepost/smtpd/mailauth"
)

// envelopeFlags are what an SMTP transaction would have said.
type envelopeFlags struct {
	client, helo string
	mailFrom     *string // nil if not given: it is not known
	rcpt         []string
	smtputf8     bool

	sender    bool   // SENDER stands in for --mail-from
	recipient string // the variable that stands in for --rcpt, or ""
}

func (e *envelopeFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&e.client, "client", "", "IP `address` of the client")
	flags.StringVar(&e.helo, "helo", "", "`name` the client gave in EHLO")
	flags.Func("mail-from", "reverse-path, an `address`; empty, <> or MAILER-DAEMON for <>, "+
		"unknown if nobody knows it",
		func(text string) error {
			e.mailFrom = &text
			return nil
		})
	flags.StringArrayVar(&e.rcpt, "rcpt", nil, "recipient, an `address`; may be repeated")
	flags.BoolVar(&e.smtputf8, "smtputf8", false,
		"the client announced SMTPUTF8; what has no --client is read as if one had")
}

// fillIn takes from the environment what the flags leave out, as mail servers set it for a
// program that they pipe a message into: SENDER, empty for <>, and RECIPIENT (Exim, pipe
// transport; OpenSMTPD, mda; Courier, dot-courier(5); Postfix, local(8)).
func (e *envelopeFlags) fillIn(environ []string) {
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		switch {
		case name == "SENDER" && e.mailFrom == nil:
			e.sender, e.mailFrom = true, &value
		case name == "RECIPIENT" && value != "" && len(e.rcpt) == 0:
			e.recipient, e.rcpt = name, []string{value}
		}
	}
}

// to is what an error calls a recipient.
func (e *envelopeFlags) to() string { return cmp.Or(e.recipient, "--rcpt") }

// envelope checks the flags and makes the envelope of them.
func (e *envelopeFlags) envelope(a *app) (*message.Envelope, error) {
	s, err := a.settings()
	if err != nil {
		return nil, err
	}
	env := &message.Envelope{Helo: e.helo, ReceivedAt: a.now(),
		SMTPUTF8: e.smtputf8 || e.client == ""}
	if err := e.parseClient(env); err != nil {
		return nil, err
	}
	if err := e.parseMailFrom(env); err != nil {
		return nil, err
	}
	for _, text := range e.rcpt {
		to, err := parseForwardPath(text, s.Hostname())
		if err != nil {
			return nil, badAddress(e.to()+" ", text, err)
		}
		env.Recipients = append(env.Recipients, to)
	}
	return env, nil
}

func (e *envelopeFlags) parseClient(env *message.Envelope) error {
	if e.client == "" {
		return nil
	}
	client, err := netip.ParseAddr(e.client)
	if err != nil {
		return no("--client %q is no IP address", e.client)
	}
	env.Client = client.Unmap()
	return nil
}

func (e *envelopeFlags) parseMailFrom(env *message.Envelope) (err error) {
	if e.mailFrom == nil || isUnknown(*e.mailFrom) {
		return nil
	}
	if env.MailFrom, err = parseReversePath(*e.mailFrom); err != nil {
		if e.sender { // a stranger's choice, and no reason to keep the message for ever
			return nil
		}
		return badAddress("--mail-from ", *e.mailFrom, err)
	}
	env.NullPath = env.MailFrom == ""
	return nil
}

// proofFlags say whom to ask who a message is from. Without them nobody is asked.
type proofFlags struct {
	zone   string // --dns
	online bool
}

func (p *proofFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.zone, "dns", "",
		"ask who a message is from, of the records in `FILE`; needs --client")
	cmd.Flags().BoolVar(&p.online, "online", false,
		"ask who a message is from, of the DNS; needs --client")
	cmd.PreRunE = oneOf("dns", "online")
}

// given reports whether anybody is to be asked.
func (p *proofFlags) given() bool { return p.zone != "" || p.online }

// checker asks as the flags say; nil without them. It is to be closed.
func (p *proofFlags) checker(a *app, e *envelopeFlags) (*mailauth.Checker, error) {
	switch {
	case !p.given():
		return nil, nil
	case e.client == "":
		return nil, misuse("who a message is from depends on who handed it over: give the " +
			"address of that client with --client")
	}
	s, err := a.settings()
	if err != nil {
		return nil, err
	}
	if p.online {
		return newCheckerOf(s, mailauth.System(s.Auth.Resolver)), nil
	}
	f, err := os.Open(p.zone)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	zone, err := mailauth.ReadZone(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.zone, err)
	}
	return newCheckerOf(s, zone), nil
}
