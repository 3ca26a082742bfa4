package smtpd

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/emersion/go-smtp"

	"gatepost/message"
)

// maxPath is the longest path, in octets without its angle brackets (RFC 5321, section
// 4.5.3.1.3). Its 64 octets for a local part are exceeded by honest bounce addresses.
const maxPath = 254

// Recipients are the addresses and whole domains that mail is taken for. A nil
// *Recipients takes mail for anyone.
type Recipients struct {
	addresses map[message.Address]bool
	whole     map[message.Domain]bool // every address of it, none of its subdomains
	ours      map[message.Domain]bool // of either: where postmaster must be taken
	below     bool                    // subaddresses of the addresses are taken, too
}

// ParseRecipients reads addresses (support@acme.test) and domains (help.acme.test, every
// address of it) between white space. The error names the entry at fault and the remedy.
func ParseRecipients(text string) (*Recipients, error) {
	r := &Recipients{
		addresses: make(map[message.Address]bool),
		whole:     make(map[message.Domain]bool),
		ours:      make(map[message.Domain]bool),
	}
	for i, entry := range strings.Fields(text) {
		if err := r.add(entry); err != nil {
			return nil, fmt.Errorf("recipients, entry %d, %q: %w; write "+
				"support@acme.test, or help.acme.test for every address of it", i+1, entry, err)
		}
	}
	if len(r.ours) == 0 {
		return nil, fmt.Errorf("recipients: there are none; write " +
			"support@acme.test, or help.acme.test for every address of it")
	}
	return r, nil
}

func (r *Recipients) add(entry string) error {
	if !strings.Contains(entry, "@") {
		d, err := message.ParseDomain(entry)
		if err == nil {
			r.whole[d], r.ours[d] = true, true
		}
		return err
	}
	a, err := message.ParseAddress(entry)
	if err == nil {
		r.addresses[a], r.ours[a.Domain()] = true, true
	}
	return err
}

// WithSubaddresses also takes mail for what stands before the + of a listed address and any part
// behind it (RFC 5233): whether that means anything is nothing that a client is told.
func (r *Recipients) WithSubaddresses() *Recipients {
	if r == nil {
		return nil
	}
	all := *r
	all.below = true
	return &all
}

// Addresses are the full addresses among them; whole domains are not.
func (r *Recipients) Addresses() map[message.Address]bool {
	if r == nil {
		return nil
	}
	return r.addresses
}

// Accept reports whether mail is taken for an address: a listed one, one of a whole
// domain, or the postmaster of any of these domains (RFC 5321, section 4.5.1).
func (r *Recipients) Accept(a message.Address) bool {
	switch {
	case r == nil || r.addresses[a]:
		return true
	case isRouted(a.Local()):
		return false
	case r.whole[a.Domain()]:
		return true
	case r.below && slices.ContainsFunc(a.Bases(), func(b message.Address) bool { return r.addresses[b] }):
		return true
	}
	return a.Local() == "postmaster" && r.ours[a.Domain()]
}

// accept is Accept for a path that checkPath has passed; own is the server's domain,
// which has a postmaster too.
func (r *Recipients) accept(path string, own message.Domain) bool {
	if r == nil {
		return true
	}
	a, err := message.ParseAddress(path)
	if err != nil {
		return false
	}
	return r.Accept(a) || a.Local() == "postmaster" && a.Domain() == own
}

// isRouted finds the local parts in which old relays look for the next host, such as
// victim%example.com: those who test for an open relay must see us refuse them.
func isRouted(local string) bool { return strings.ContainsAny(local, "%!@") }

// A pathFault is what is wrong with a path.
type pathFault struct {
	utf8 bool // it needs SMTPUTF8
	why  string
}

// reply is the answer: which is "sender" or "recipient", detail the enhanced code for a
// path of bad syntax (RFC 3463, section 3.2).
func (f *pathFault) reply(which string, detail int) *smtp.SMTPError {
	if f.utf8 {
		return refuse(553, 5, 6, 7, "The "+which+" address needs SMTPUTF8")
	}
	return refuse(501, 5, 1, detail, "Bad "+which+" address: "+f.why)
}

// ParsePath reads a path that a mail server hands on outside SMTP: without angle brackets,
// its local part without the quotation marks it may have had, UTF-8 allowed. It returns it
// in the form of RFC 5321, or says what is wrong with it.
func ParsePath(path string) (string, error) {
	if !strings.Contains(path, "@") {
		return "", errors.New("there is no @: an address is name@domain")
	}
	parsed, fault := checkPath(path, []byte(`"`), true)
	if fault != nil {
		return "", errors.New(fault.why)
	}
	return parsed, nil
}

// checkPath checks a path as go-smtp gives it, which checks hardly anything and takes the
// quotation marks off a local part; command tells whether there were any. It returns the
// path in the form of RFC 5321, in the letters it was sent in, empty for <>.
func checkPath(path string, command []byte, smtputf8 bool) (string, *pathFault) {
	if path == "" {
		return "", nil
	}
	if fault := checkOctets(path, smtputf8); fault != nil {
		return "", fault
	}
	at := strings.LastIndexByte(path, '@')
	local, domain := path[:at], path[at+1:]
	if !isPlain(local) {
		if !strings.Contains(string(command), `"`) {
			return "", &pathFault{why: "the part before the last @ must be quoted"}
		}
		local = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(local) + `"`
	}
	if err := checkHost(domain); err != nil {
		return "", &pathFault{why: err.Error()}
	}
	return local + path[at:], nil
}

func checkOctets(path string, smtputf8 bool) *pathFault {
	if len(path) > maxPath {
		return &pathFault{why: "it is too long"}
	}
	for _, r := range path {
		switch {
		case r < ' ' || 0x7f <= r && r < 0xa0:
			return &pathFault{why: "it holds a control character"}
		case r >= utf8.RuneSelf && !smtputf8:
			return &pathFault{utf8: true}
		}
	}
	if !utf8.ValidString(path) {
		return &pathFault{why: "it is not UTF-8"}
	}
	return nil
}

// isPlain reports whether a local part can stand without quotation marks. Dots side by
// side are let pass: there are telephone companies that give out such addresses.
func isPlain(local string) bool {
	return !strings.ContainsAny(local, " \t\"(),:;<>@[\\]")
}

// checkHost checks what stands behind the @: a domain, or an address in brackets.
func checkHost(host string) error {
	inner, ok := strings.CutPrefix(host, "[")
	if !ok {
		_, err := message.ParseDomain(host)
		return err
	}
	inner = strings.TrimPrefix(strings.TrimSuffix(inner, "]"), "IPv6:")
	if _, err := netip.ParseAddr(inner); err != nil {
		return fmt.Errorf("there is no IP address between the brackets")
	}
	return nil
}
