package main

import (
	"context"
	"errors"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"gatepost/message"
	"gatepost/settings"
	"gatepost/smtpd/mailauth"
)

// dnsTime bounds each question: a resolver that takes longer delays mail, too.
const dnsTime = 5 * time.Second

// examineDNS asks for the MX of each domain whose mail is taken, and for the name of this machine
// forth and back.
func (a *app) examineDNS(ctx context.Context, s *settings.Settings) (all []finding) {
	dns := mailauth.System(s.Auth.Resolver)
	domains := map[string]bool{}
	for _, entry := range s.SMTP.Recipients {
		if d, err := message.ParseDomain(entry[strings.LastIndex(entry, "@")+1:]); err == nil {
			domains[string(d)] = true
		}
	}
	for _, domain := range slices.Sorted(maps.Keys(domains)) {
		all = append(all, examineMX(ctx, dns, domain, s.Hostname()))
	}
	return append(all, examineName(ctx, dns, s.Hostname())...)
}

func examineMX(ctx context.Context, dns mailauth.Resolver, domain, hostname string) finding {
	ctx, cancel := context.WithTimeout(ctx, dnsTime)
	defer cancel()
	hosts, err := dns.LookupMX(ctx, domain)
	if err != nil && !isAbsent(err) {
		return noAnswer("the MX of "+domain, err)
	}
	var names []string
	for _, mx := range hosts {
		names = append(names, strings.ToLower(strings.TrimSuffix(mx.Host, ".")))
	}
	switch {
	case len(names) == 0:
		return warn("dns", "publish `"+domain+". MX 10 "+hostname+".`, or let it be where a relay "+
			"brings its mail", "%s has no MX", domain)
	case !slices.Contains(names, strings.ToLower(hostname)):
		return warn("dns", "fine where these hand mail on to us; else publish `"+domain+". MX 10 "+
			hostname+".`", "the MX of %s is %s, not %s", domain, strings.Join(names, ", "), hostname)
	}
	return sound("dns", "the MX of %s is %s", domain, strings.Join(names, ", "))
}

// noAnswer is a resolver that does not answer, which holds or delays mail.
func noAnswer(question string, err error) finding {
	return fault("dns", "see auth.resolver, or the name servers of this machine", "%s: %v", question,
		err)
}

func isAbsent(err error) bool {
	var dns *net.DNSError
	return errors.As(err, &dns) && dns.IsNotFound
}

// examineName asks for the addresses of our name, and whether these have that name.
func examineName(ctx context.Context, dns mailauth.Resolver, hostname string) (all []finding) {
	ctx, cancel := context.WithTimeout(ctx, dnsTime)
	defer cancel()
	addresses, err := dns.LookupIPAddr(ctx, hostname)
	switch {
	case err != nil && isAbsent(err):
		return []finding{warn("dns", "publish an address for it, or write in smtp.hostname by which "+
			"name others reach us", "%s has no address", hostname)}
	case err != nil:
		return []finding{noAnswer("the address of "+hostname, err)}
	}
	for _, address := range addresses {
		all = append(all, examinePTR(ctx, dns, hostname, address.IP.String()))
	}
	return all
}

func examinePTR(ctx context.Context, dns mailauth.Resolver, hostname, address string) finding {
	if ip, err := netip.ParseAddr(address); err == nil && (ip.IsPrivate() || ip.IsLoopback()) {
		return sound("dns", "%s is %s, which others do not see", hostname, address)
	}
	names, err := dns.LookupAddr(ctx, address)
	if err != nil && !isAbsent(err) {
		return noAnswer("the name of "+address, err)
	}
	for i, name := range names {
		names[i] = strings.ToLower(strings.TrimSuffix(name, "."))
	}
	if !slices.Contains(names, strings.ToLower(hostname)) {
		return warn("dns", "have whoever gave you the address publish its PTR as "+hostname,
			"%s is %s, whose PTR is %s", hostname, address, orNothing(names))
	}
	return sound("dns", "%s is %s, forth and back", hostname, address)
}

func orNothing(names []string) string {
	if len(names) == 0 {
		return "nothing"
	}
	return strings.Join(names, ", ")
}
