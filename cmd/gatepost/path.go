package main

import (
	"errors"
	"strings"

	"gatepost/smtpd"
)

// isUnknown knows what getmail and others put where they have no sender.
func isUnknown(text string) bool {
	return strings.EqualFold(strings.Trim(text, "<>"), "unknown")
}

// parseReversePath reads a sender as a mail server hands it on, with its angle brackets or
// without. The null reverse-path may be empty, <>, or what Postfix puts in its place
// (pipe(8), null_sender).
func parseReversePath(text string) (string, error) {
	if bare := strings.Trim(text, "<>"); bare == "" || strings.EqualFold(bare, "MAILER-DAEMON") {
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

// parsePath takes whatever SMTP takes. A local part that a mail server took the
// quotation marks off gets them back.
func parsePath(text string) (string, error) {
	path := withoutRoute(text)
	if at := strings.LastIndexByte(path, '@'); at >= 0 {
		path = unquoted(path[:at]) + path[at:]
	}
	if strings.HasPrefix(path, "@") {
		return "", errors.New("there is nothing before the @")
	}
	return smtpd.ParsePath(path)
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
