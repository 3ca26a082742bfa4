package courier

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"time"
)

// connectTimeout covers the look-up of the name and the connection to one of its addresses.
const connectTimeout = 30 * time.Second

// DialConfig says to what addresses a carrier may connect.
type DialConfig struct {
	// Allow are what else may be connected to than public addresses: an address (192.0.2.1), a
	// prefix (10.0.0.0/8, fd00::/8), or the name of a host as the target's settings have it. A
	// name allows loopback and private addresses, to which it may lead; link-local, multicast and
	// metadata addresses are allowed by address or prefix only.
	Allow []string
	// Timeout is for the look-up and the connection together; 30 seconds if it is 0.
	Timeout time.Duration
	// Resolver looks names up; nil is net.DefaultResolver.
	Resolver *net.Resolver
}

// A Dialer connects to what its settings allow. The address is checked when the connection is
// made, behind any look-up: a name that leads elsewhere the second time (DNS rebinding) does not
// get past it.
type Dialer struct {
	names    []string
	prefixes []netip.Prefix
	timeout  time.Duration
	resolver *net.Resolver
}

// NewDialer checks the settings.
func NewDialer(c DialConfig) (*Dialer, error) {
	d := &Dialer{timeout: c.Timeout, resolver: c.Resolver}
	if d.timeout == 0 {
		d.timeout = connectTimeout
	}
	if d.timeout < 0 {
		return nil, fmt.Errorf("timeout: %s is less than nothing: write it as in 30s", c.Timeout)
	}
	for _, text := range c.Allow {
		if err := d.allow(text); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func (d *Dialer) allow(text string) error {
	if prefix, err := netip.ParsePrefix(text); err == nil {
		d.prefixes = append(d.prefixes, unmapped(prefix))
		return nil
	}
	if ip, err := netip.ParseAddr(text); err == nil {
		ip = ip.Unmap().WithZone("")
		d.prefixes = append(d.prefixes, netip.PrefixFrom(ip, ip.BitLen()))
		return nil
	}
	if !isHost(text) {
		return fmt.Errorf("allow: %q is no address, prefix or name of a host: write it as in "+
			"127.0.0.1, 10.0.0.0/8 or desk.internal, without https:// and without a port", text)
	}
	d.names = append(d.names, hostKey(text))
	return nil
}

// unmapped is the prefix in IPv4 if it was written as IPv4 in IPv6 (RFC 4291, section 2.5.5.2).
func unmapped(p netip.Prefix) netip.Prefix {
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked()
}

// isHost reports whether a name can be looked up. What ends in a number was meant as an address.
func isHost(text string) bool {
	labels := strings.Split(strings.TrimSuffix(text, "."), ".")
	for _, label := range labels {
		if label == "" || strings.Trim(strings.ToLower(label), hostOctets) != "" {
			return false
		}
	}
	return len(text) <= 253 && strings.Trim(labels[len(labels)-1], "0123456789") != ""
}

const hostOctets = "abcdefghijklmnopqrstuvwxyz0123456789-_"

func hostKey(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

// A ForbiddenError is the answer to an address that the settings do not allow. Nothing was sent.
type ForbiddenError struct {
	Host string // as the target's settings have it
	IP   netip.Addr
	Kind string // loopback, private, link-local, …
}

func (e *ForbiddenError) Error() string {
	return fmt.Sprintf("%s leads to %s, a %s address: if the target is meant to be there, put "+
		"%s into its allow", e.Host, e.IP, e.Kind, e.IP)
}

// DialContext connects as net.Dialer does, over tcp, tcp4 or tcp6. A socket file (unix) is named
// in the settings itself and is not checked. A *ForbiddenError is among the errors of an address
// that is not allowed.
func (d *Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := net.Dialer{Timeout: d.timeout, Resolver: d.resolver}
	switch network {
	case "unix":
		return dialer.DialContext(ctx, network, address)
	case "tcp", "tcp4", "tcp6":
	default:
		return nil, fmt.Errorf("connect to %s: %q is no network for a target", address, network)
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", address, err)
	}
	dialer.ControlContext = func(_ context.Context, _, dialled string, _ syscall.RawConn) error {
		return d.check(host, dialled)
	}
	return dialer.DialContext(ctx, network, address)
}

// check is asked for each address before a packet goes to it.
func (d *Dialer) check(host, dialled string) error {
	to, err := netip.ParseAddrPort(dialled)
	if err != nil {
		return fmt.Errorf("address of %s: %w", host, err)
	}
	ip := to.Addr().Unmap().WithZone("")
	kind, nameable := addressKind(ip)
	allowed := kind == "" || nameable && slices.Contains(d.names, hostKey(host)) ||
		slices.ContainsFunc(d.prefixes, func(p netip.Prefix) bool { return p.Contains(ip) })
	if allowed {
		return nil
	}
	return &ForbiddenError{Host: host, IP: ip, Kind: kind}
}

// Forbidden is the address that a connection was refused to by our own settings, if err tells of
// one.
func Forbidden(err error) (f *ForbiddenError, ok bool) {
	ok = errors.As(err, &f)
	return f, ok
}
