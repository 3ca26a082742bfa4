package lint

import (
	"strings"

	"gatepost/message"
	"gatepost/policy"
)

// The questions about whose mail an entry is for.

// far reports whether an entry lets everything of a domain in, or drops it.
func far(e Entry) bool {
	return e.isDomain() && (e.allows() || e.Keyword == policy.RejectKeyword)
}

func (l *Lists) provider(f *Finding) bool {
	return far(f.Entry) && isProvider(f.Entry.Target)
}

// registry asks for the private section of the list alone: an entry of the other is refused.
func (l *Lists) registry(f *Finding) bool {
	return far(f.Entry) && strings.Contains(f.Entry.Target, ".") && !isProvider(f.Entry.Target) &&
		message.Domain(f.Entry.Target).PublicSuffix()
}

// isOurs asks whether the entry is one of our own support addresses, or holds one with its domain.
// To allow the domain that they are in says nothing of them.
func (l *Lists) isOurs(f *Finding) bool {
	f.About = f.Entry.Target
	if f.Entry.List == policy.Block && f.Entry.isDomain() {
		f.About = l.ours[f.Entry.Target]
		return f.About != ""
	}
	return l.support[f.Entry.Target]
}

func (l *Lists) lookAlike(f *Finding) bool {
	if !f.Entry.allows() {
		return false
	}
	d := message.Domain(f.Entry.Target)
	if _, domain, isAddress := cutLast(f.Entry.Target); isAddress {
		d = message.Domain(domain)
	}
	like := l.alike.find(d)
	f.About = like.Unicode()
	return like != ""
}

// isProvider reports whether anybody gets an address at that domain, or one below it.
func isProvider(domain string) bool {
	switch domain {
	case "163.com", "126.com", "aol.com", "att.net", "bellsouth.net", "bigpond.com",
		"bluewin.ch", "btinternet.com", "centrum.cz", "charter.net", "comcast.net", "cox.net",
		"daum.net", "duck.com", "earthlink.net", "fastmail.com", "fastmail.fm", "free.fr",
		"freenet.de", "gmail.com", "gmx.at", "gmx.ch", "gmx.com", "gmx.de", "gmx.net",
		"googlemail.com", "hanmail.net", "hey.com", "hotmail.co.uk", "hotmail.com", "hotmail.de",
		"hotmail.es", "hotmail.fr", "hotmail.it", "hushmail.com", "icloud.com", "inbox.lv",
		"inbox.ru", "interia.pl", "laposte.net", "libero.it", "list.ru", "live.co.uk", "live.com",
		"live.de", "live.fr", "live.nl", "mac.com", "mail.com", "mail.de", "mail.ru", "mailbox.org",
		"me.com", "msn.com", "naver.com", "ntlworld.com", "o2.pl", "onet.pl", "online.de",
		"op.pl", "orange.fr", "outlook.com", "outlook.de", "outlook.fr", "pm.me", "posteo.de",
		"proton.me", "protonmail.ch", "protonmail.com", "qq.com", "rambler.ru", "rediffmail.com",
		"rocketmail.com", "rogers.com", "sbcglobal.net", "seznam.cz", "sfr.fr", "shaw.ca",
		"sina.com", "sky.com", "sohu.com", "t-online.de", "telenet.be", "terra.com.br",
		"tiscali.it", "tuta.com", "tutanota.com", "uol.com.br", "verizon.net", "virgilio.it",
		"virginmedia.com", "wanadoo.fr", "web.de", "wp.pl", "ya.ru", "yahoo.ca", "yahoo.co.in",
		"yahoo.co.jp", "yahoo.co.uk", "yahoo.com", "yahoo.com.au", "yahoo.com.br", "yahoo.de",
		"yahoo.es", "yahoo.fr", "yahoo.it", "yandex.com", "yandex.ru", "yeah.net", "ymail.com",
		"zoho.com":
		return true
	}
	return false
}
