package courier

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Exit codes that tell of a mistake in the settings: two of sysexits.h, and those of a shell or
// of env for a program that they could not run.
const (
	exUsage       = 64
	exConfig      = 78
	notExecutable = 126
	notFound      = 127
)

// codeName is an exit code with its name in sysexits.h.
func codeName(code int) string {
	names := map[int]string{
		64: "EX_USAGE, wrong arguments", 65: "EX_DATAERR, the message is not as it should be",
		66: "EX_NOINPUT, a file is missing", 67: "EX_NOUSER, no such recipient",
		68: "EX_NOHOST, no such host", 69: "EX_UNAVAILABLE, a service is not available",
		70: "EX_SOFTWARE, a fault in the program", 71: "EX_OSERR, the system refused",
		72: "EX_OSFILE, a file of the system is missing", 73: "EX_CANTCREAT, a file cannot be made",
		74: "EX_IOERR, reading or writing failed", 75: "EX_TEMPFAIL, later perhaps",
		76: "EX_PROTOCOL, the other side made no sense", 77: "EX_NOPERM, not permitted",
		78:            "EX_CONFIG, a mistake in its settings",
		notExecutable: "what it should run is not executable",
		notFound:      "what it should run was not found",
	}
	if name := names[code]; name != "" {
		return fmt.Sprintf("exit %d (%s)", code, name)
	}
	return fmt.Sprintf("exit %d", code)
}

const everyRecipient = "{recipients}"

// values are what the placeholders stand for.
func values(p *Parcel) map[string]string {
	recipient := ""
	if len(p.Recipients) > 0 {
		recipient = p.Recipients[0]
	}
	return map[string]string{
		"sender": p.MailFrom, "recipient": recipient, "email": p.Email,
		"ticket": strconv.FormatInt(p.Ticket, 10), "attempt": strconv.Itoa(p.Attempt),
		"key": p.Key, "event": p.Event, "decision": p.DecisionID, "cause": p.Cause,
		"message_id": p.MessageID, "reply_address": p.ReplyAddress,
	}
}

// checkArg looks for placeholders that there are not.
func checkArg(arg string) error {
	known := values(&Parcel{})
	for _, found := range placeholder().FindAllString(arg, -1) {
		_, ok := known[strings.Trim(found, "{}")]
		switch {
		case found == everyRecipient && arg != found:
			return fmt.Errorf("args: in %q there is %s with something beside it: let it be an "+
				"argument of its own", arg, found)
		case !ok && found != everyRecipient:
			return fmt.Errorf("args: %s in %q stands for nothing: there are {sender}, "+
				"{recipient}, {recipients}, {email}, {ticket}, {key}, {event}, {decision}, {cause}, "+
				"{message_id}, {reply_address} and {attempt}", found, arg)
		}
	}
	if strings.Contains(arg, "\x00") {
		return fmt.Errorf("args: %q has a NUL in it, which no argument can: take it out", arg)
	}
	return nil
}

func placeholder() *regexp.Regexp { return regexp.MustCompile(`\{[a-z_]+\}`) }

// args are the arguments for a message, or an error if one would be an option that the message
// has chosen.
func (c CommandConfig) args(p *Parcel) (list []string, err error) {
	known, literal := values(p), false
	for _, arg := range c.Args {
		filled := []string{placeholder().ReplaceAllStringFunc(arg, func(found string) string {
			return noNUL(known[strings.Trim(found, "{}")])
		})}
		if arg == everyRecipient {
			filled = nil
			for _, recipient := range p.Recipients {
				filled = append(filled, noNUL(recipient))
			}
		}
		for _, text := range filled {
			if strings.HasPrefix(text, "-") && strings.HasPrefix(arg, "{") && !literal {
				return nil, fmt.Errorf("%q, from the message, would be an option of %s: put -- "+
					"before %s in args if the program knows it, or name an option for it, as in "+
					"--to={recipient}", text, c.Program, arg)
			}
		}
		literal = literal || arg == "--"
		list = append(list, filled...)
	}
	return list, nil
}

func noNUL(text string) string { return strings.ReplaceAll(text, "\x00", "") }

// environment is all that the program sees: nothing of our own, which may hold secrets.
func (c CommandConfig) environment(p *Parcel) []string {
	known := values(p)
	list := []string{
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8",
		"SENDER=" + known["sender"], "RECIPIENT=" + known["recipient"],
		"GATEPOST_RECIPIENTS=" + strings.Join(p.Recipients, "\n"),
		"GATEPOST_SIZE=" + strconv.FormatInt(p.Size, 10),
	}
	for _, name := range []string{"email", "ticket", "attempt", "key", "event", "decision", "cause",
		"message_id", "reply_address"} {
		list = append(list, "GATEPOST_"+strings.ToUpper(name)+"="+known[name])
	}
	for i, variable := range list {
		list[i] = noNUL(variable)
	}
	return append(list, c.Env...)
}
