package main

import (
	"strings"

	"gatepost/message"
	"gatepost/store"
	"gatepost/terminal"
)

func person(p store.Person) string {
	text := p.Email
	if p.Name != "" {
		text = p.Name + " <" + p.Email + ">"
	}
	if domain := inUnicode(p.Email); domain != "" {
		local := p.Email[:strings.LastIndexByte(p.Email, '@')+1]
		text += " (" + local + domain + ")"
	}
	return text
}

// inUnicode is the domain of an address as its owner writes it, if that is another form than the
// one that is compared (RFC 5890, section 2.3.2.1); else empty.
func inUnicode(email string) string {
	a, err := message.ParseAddress(email)
	if err != nil || a.Domain().Unicode() == string(a.Domain()) {
		return ""
	}
	return a.Domain().Unicode()
}

// sender is an address for a table: on a terminal with its domain in both forms.
func (a *app) sender(email string) string {
	if domain := inUnicode(email); domain != "" && terminal.Is(a.stdout) {
		return email + " (" + domain + ")"
	}
	return email
}
