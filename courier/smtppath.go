package courier

import (
	"fmt"
	"strings"
)

// envelope is the recipient and the reverse-path, as they are written between < and >.
func (s *SMTP) envelope(p *Parcel) (to, from string, err error) {
	from = p.MailFrom
	switch s.MailFrom {
	case "":
	case "<>":
		from = ""
	default:
		from = s.MailFrom
	}
	switch {
	case p.Event == digestEvent && len(p.Recipients) == 1: // for one person, whatever desk the target leads to
		to = p.Recipients[0]
	case s.To != "":
		to = s.To
	case len(p.Recipients) == 1:
		to = p.Recipients[0]
	default:
		return "", "", fmt.Errorf("the message has %d recipients, and one is carried: say who gets "+
			"it with `to`", len(p.Recipients))
	}
	if to, err = path(to); err == nil && from != "" {
		from, err = path(from)
	}
	return to, from, err
}

// path writes an address as RFC 5321, section 4.1.2 has it: the server that received it has
// taken the quotation marks off.
func path(address string) (string, error) {
	at := strings.LastIndexByte(address, '@')
	if at < 1 {
		return "", fmt.Errorf("%q is no address", address)
	}
	local, domain := address[:at], address[at+1:]
	if strings.ContainsAny(address, "\r\n\x00") || strings.ContainsAny(domain, "<> \t\"") {
		return "", fmt.Errorf("%q cannot stand in an envelope", address)
	}
	if isDotString(local) || len(local) > 1 && local[0] == '"' && local[len(local)-1] == '"' {
		return address, nil
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(local) + `"@` + domain, nil
}

func isDotString(local string) bool {
	for atom := range strings.SplitSeq(local, ".") {
		if atom == "" || strings.ContainsAny(atom, " \t()<>[]:;@\\,\"") {
			return false
		}
		for _, r := range atom {
			if r < ' ' || r == 0x7f {
				return false
			}
		}
	}
	return true
}
