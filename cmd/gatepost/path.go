package main

import (
	"errors"
	"net/netip"
	"strings"
	"unicode/utf8"

	"gatepost/message"
)

// maxPath is the longest path, in octets without its angle brackets (RFC 5321, section
// 4.5.3.1.3).
const maxPath = 254

// parseReversePath reads a sender as a mail server hands it on, with its angle brackets or
// without. The null reverse-path may be empty, <>, or what Postfix puts in its place
// (pipe(8), null_sender).
func parseReversePath(text string) (string, error) {
	if text == "" || text == "<>" || strings.EqualFold(text, "MAILER-DAEMON") {
		return "", nil
	}
	return parsePath(text)
}

// parseForwardPath reads a recipient in the same way. The postmaster needs no domain (RFC
// 5321, section 4.5.1): it is that of this host.
func parseForwardPath(text, host string) (string, error) {
	if strings.EqualFold(text, "postmaster") || strings.EqualFold(text, "<postmaster>") {
		return "postmaster@" + host, nil
	}
	return parsePath(text)
}

// parsePath takes whatever the SMTP door takes. A local part that a mail server took the
// quotation marks off gets them back.
func parsePath(text string) (string, error) {
	path := withoutRoute(text)
	if err := checkOctets(path); err != nil {
		return "", err
	}
	at := strings.LastIndexByte(path, '@')
	if at < 0 {
		return "", errors.New("there is no @: an address is name@domain")
	}
	local := unquoted(path[:at])
	if local == "" {
		return "", errors.New("there is nothing before the @")
	}
	if strings.ContainsAny(local, " \t\"(),:;<>@[\\]") {
		local = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(local) + `"`
	}
	return local + path[at:], checkHost(path[at+1:])
}

// withoutRoute takes off the angle brackets and a source route, which means nothing any
// more (RFC 5321, appendix C).
func withoutRoute(text string) string {
	if inner, ok := strings.CutPrefix(text, "<"); ok {
		text = strings.TrimSuffix(inner, ">")
	}
	if strings.HasPrefix(text, "@") {
		if _, path, ok := strings.Cut(text, ":"); ok {
			return path
		}
	}
	return text
}

func checkOctets(path string) error {
	if len(path) > maxPath {
		return errors.New("it is too long")
	}
	if !utf8.ValidString(path) {
		return errors.New("it is not UTF-8")
	}
	for _, r := range path {
		if r < ' ' || 0x7f <= r && r < 0xa0 {
			return errors.New("it holds a control character")
		}
	}
	return nil
}

// unquoted is a local part without its quotation marks. One that is not well quoted is
// taken as it stands.
func unquoted(local string) string {
	if len(local) < 2 || local[0] != '"' {
		return local
	}
	var b strings.Builder
	for i := 1; i < len(local); i++ {
		switch local[i] {
		case '"':
			if i == len(local)-1 {
				return b.String()
			}
			return local
		case '\\':
			if i++; i == len(local) {
				return local
			}
		}
		b.WriteByte(local[i])
	}
	return local
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
		return errors.New("there is no IP address between the brackets")
	}
	return nil
}
