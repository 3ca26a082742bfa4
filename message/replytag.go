package message

import (
	"slices"
	"strings"
)

// ReplyMark begins the part of a recipient that a reply token stands in: it is behind the last +
// of the local part (RFC 5233). In lower case and without any other sign it comes through
// programs that know no other.
const ReplyMark = "re-"

// ReplyTag is that part of a path, in lower case, and the path without it; empty if it bears
// none. Whether that is a token that somebody issued is not looked at.
func ReplyTag(path string) (base, tag string) {
	at := strings.LastIndexByte(path, '@')
	if at < 0 || path[0] == '"' {
		return path, ""
	}
	plus := strings.LastIndexByte(path[:at], '+')
	if plus < 1 {
		return path, ""
	}
	tag = lower(path[plus+1 : at])
	if !strings.HasPrefix(tag, ReplyMark) {
		return path, ""
	}
	return path[:plus] + path[at:], tag
}

// WithoutReplyTags are paths without those parts, each mailbox once.
func WithoutReplyTags(paths []string) (all []string) {
	for _, path := range paths {
		base, tag := ReplyTag(path)
		if tag == "" || !slices.Contains(all, base) && !slices.Contains(paths, base) {
			all = append(all, base)
		}
	}
	return all
}

// Bases are the addresses that this may be a subaddress of (RFC 5233), the longest first: one for
// each + in its local part.
func (a Address) Bases() (all []Address) {
	if a.IsZero() || a.spec[0] == '"' {
		return nil
	}
	for end := a.at; ; {
		end = strings.LastIndexByte(a.spec[:end], '+')
		if end < 1 {
			return all
		}
		if base, err := ParseAddress(a.spec[:end] + a.spec[a.at:]); err == nil {
			all = append(all, base)
		}
	}
}
