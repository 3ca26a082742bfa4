package mailauth

import (
	"context"
	"net"
	"strings"

	"blitiri.com.ar/go/spf"

	"gatepost/message"
	"gatepost/policy"
)

// postmaster is the local part of a sender that has none (RFC 7208, section 4.3).
const postmaster = "postmaster"

// sender checks the reverse-path, or the HELO name where that is null (RFC 7208, sections
// 2.3 and 2.4).
func (c *Checker) sender(ctx context.Context, q Query) policy.Identity {
	id := policy.Identity{Helo: q.Envelope.NullPath}
	local, name := divide(q.Envelope.MailFrom)
	if id.Helo {
		local, name = postmaster, q.Envelope.Helo
	}
	domain, err := message.ParseDomain(name)
	switch {
	case q.Envelope.MailFrom == "" && !id.Helo:
		id.Why = "no reverse-path is known"
		return id
	case err != nil || domain.Parent() == "":
		id.Why = "there is no domain to ask about"
		return id
	}
	id.Domain = domain
	return c.permitted(ctx, q, local, id)
}

// author checks whether the client may send for the From domain, which SPF by itself does
// not ask. It is what a domain without a DMARC record has to say about forgeries.
func (c *Checker) author(ctx context.Context, q Query, sender policy.Identity) policy.Identity {
	if sender.Domain == q.From {
		return sender
	}
	return c.permitted(ctx, q, postmaster, policy.Identity{Domain: q.From})
}

// permitted fills in whether the client may send for the domain of id.
func (c *Checker) permitted(
	ctx context.Context, q Query, local string, id policy.Identity,
) policy.Identity {
	if !q.Hop.Client.IsValid() {
		id.Why = "the client is not known"
		if q.Hop.Relayed {
			id.Result = policy.TempError
			id.Why = "the relay's Received line does not say who the client was"
		}
		return id
	}
	client := net.IP(q.Hop.Client.Unmap().AsSlice())
	result, err := spf.CheckHostWithSender(client, q.Envelope.Helo,
		local+"@"+string(id.Domain), spf.WithContext(ctx), spf.WithResolver(c.dns))
	id.Result, _ = policy.ParseResult(string(result))
	switch {
	case ctx.Err() != nil && id.Result != policy.Pass:
		// The library takes some questions that were not answered for a no.
		id.Result, id.Why = policy.TempError, "the DNS did not answer in time"
	case id.Result == policy.TempError || id.Result == policy.PermError:
		id.Why = why("", err)
	}
	return id
}

// divide splits a reverse-path at its last @, where the library would take the first. A
// local part that could be taken for anything else is not handed on: it only ever serves
// in macros.
func divide(path string) (local, domain string) {
	at := strings.LastIndexByte(path, '@')
	if at < 0 {
		return postmaster, ""
	}
	local = path[:at]
	if local == "" || len(local) > 64 || strings.Trim(local, atext) != "" {
		local = postmaster
	}
	return local, path[at+1:]
}

// atext is what a local part is made of (RFC 5322, section 3.2.3), with the dot.
const atext = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.!#$&'*+-=?^_`{|}~"
