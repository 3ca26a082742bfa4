package settings

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// checkLoops refuses a target that leads to our own port: what is handed on would be a ticket
// once more, and again.
func (s *Settings) checkLoops() error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(s.Handoff)) {
		h := s.Handoff[name]
		for _, door := range slices.Concat(s.SMTP.Listen, s.SMTP.ListenTLS) {
			if h.IsSMTP() && s.isDoor(h.Address, door) {
				errs = append(errs, fmt.Errorf("handoff.%s.address: %s is where this server takes mail "+
					"itself (%s), which would come around for ever: give the address of the next server",
					name, h.Address, door))
			}
		}
	}
	return errors.Join(errs...)
}

// isDoor reports whether who connects to an address comes to a listener of ours, as far as that
// can be told without asking a resolver.
func (s *Settings) isDoor(address, door string) bool {
	host, port, err := net.SplitHostPort(address)
	doorHost, doorPort, errDoor := net.SplitHostPort(door)
	if err != nil || errDoor != nil || port != doorPort || port == "0" {
		return false
	}
	if strings.EqualFold(host, doorHost) || strings.EqualFold(host, s.Hostname()) {
		return true
	}
	at, errAt := addressOf(host)
	listens, errListens := addressOf(doorHost)
	switch {
	case errAt != nil:
		return false
	case doorHost == "" || errListens == nil && listens.IsUnspecified():
		return at.IsLoopback() || at.IsUnspecified() || isOurs(at)
	}
	return errListens == nil && at == listens
}

// addressOf is the address that digits, or localhost, stand for.
func addressOf(host string) (netip.Addr, error) {
	if strings.EqualFold(host, "localhost") {
		host = "127.0.0.1"
	}
	ip, err := netip.ParseAddr(host)
	return ip.Unmap(), err
}

// isOurs reports whether an interface of this machine has an address.
func isOurs(ip netip.Addr) bool {
	all, _ := net.InterfaceAddrs() // where they cannot be read, none is known
	return slices.ContainsFunc(all, func(a net.Addr) bool {
		prefix, err := netip.ParsePrefix(a.String())
		return err == nil && prefix.Addr().Unmap() == ip
	})
}
