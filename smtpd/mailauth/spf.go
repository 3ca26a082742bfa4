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

// hidden says why the client behind a relay is not known.
const hidden = "the relay's Received line does not say who the client was"

// sender checks the reverse-path, or the HELO name where that is null. Where the client is
// hidden that is none: the names are a stranger's choice, and must not make a temperror of
// what the From domain wants refused.
func (c *Checker) sender(ctx context.Context, q Query) policy.Identity {
	local, id := reversePath(q)
	switch {
	case id.Domain == "":
	case q.hidden():
		id.Why = hidden
	default:
		id = c.permitted(ctx, q, local, id)
	}
	return id
}

// reversePath is who SPF is asked about (RFC 7208, sections 2.3 and 2.4). Without a domain
// it says why there is none.
func reversePath(q Query) (local string, id policy.Identity) {
	e := q.Envelope
	id.Helo = e.NullPath
	local, name := divide(e.MailFrom)
	if id.Helo {
		local, name = postmaster, q.helo()
	}
	domain, err := message.ParseDomain(name)
	switch {
	case e.MailFrom == "" && !id.Helo:
		id.Why = "no reverse-path is known"
	case id.Helo && q.hidden():
		id.Why = hidden
	case err != nil || domain.Parent() == "":
		id.Why = "there is no domain to ask about"
	default:
		id.Domain = domain
	}
	return local, id
}

// helo is what the client called itself. What the Envelope has behind a relay is the
// relay's name, which says nothing of who handed it the message.
func (q Query) helo() string {
	if q.Hop.Relayed {
		return q.Hop.Helo
	}
	return q.Envelope.Helo
}

// author checks whether the client may send for a From domain, which SPF by itself does
// not ask. It is what a domain without a DMARC record has to say about forgeries, so nothing
// that a stranger chooses is any part of the question: neither its local part nor HELO. One
// that says nothing is spoken for by the domain it is registered under, as it is in lists.
func (c *Checker) author(ctx context.Context, q Query, from message.Domain) policy.Identity {
	id := policy.Identity{Domain: from}
	if q.hidden() {
		id.Result, id.Why = policy.TempError, hidden
		return id
	}
	q.Envelope, q.Hop.Helo = &message.Envelope{Helo: string(from)}, string(from)
	return c.parent(ctx, q, c.permitted(ctx, q, postmaster, id))
}

// parent asks the domain that the domain of id is registered under, if that has no record.
func (c *Checker) parent(ctx context.Context, q Query, id policy.Identity) policy.Identity {
	above := id.Domain.Registered()
	if id.Result != policy.None || above == id.Domain {
		return id
	}
	return c.author(ctx, q, above)
}

// permitted fills in whether the client may send for the domain of id.
func (c *Checker) permitted(
	ctx context.Context, q Query, local string, id policy.Identity,
) policy.Identity {
	if !q.Hop.Client.IsValid() {
		id.Why = "the client is not known"
		return id
	}
	client := net.IP(q.Hop.Client.Unmap().AsSlice())
	result, err := spf.CheckHostWithSender(client, q.helo(),
		local+"@"+string(id.Domain), spf.WithContext(ctx), spf.WithResolver(spfResolver{c.dns}))
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
// local part that could be taken for anything else, or has what no name may have, is not
// handed on: it only ever serves in macros.
func divide(path string) (local, domain string) {
	at := strings.LastIndexByte(path, '@')
	if at < 0 {
		return postmaster, ""
	}
	local = path[:at]
	odd := strings.Contains(local, "@") || strings.Trim(fold(local), macroText+".") != ""
	if local == "" || len(local) > 64 || odd {
		local = postmaster
	}
	return local, path[at+1:]
}
