package settings

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"

	"gatepost/message"
	"gatepost/policy"
	"gatepost/smtpd"
)

// Hostname is what we call ourselves.
func (s *Settings) Hostname() string {
	if s.SMTP.Hostname != "" {
		return s.SMTP.Hostname
	}
	return machine()
}

// machine is its name.
func machine() string {
	name, err := os.Hostname()
	if err != nil {
		return "localhost"
	}
	return name
}

// NodeName is what this machine is called among the nodes.
func (s *Settings) NodeName() string {
	if s.Node != "" {
		return s.Node
	}
	return message.Clean(machine())
}

// Recipients are those whose mail is taken; nil takes anybody's.
func (s *Settings) Recipients() (*smtpd.Recipients, error) {
	if len(s.SMTP.Recipients) == 0 {
		return nil, nil
	}
	r, err := smtpd.ParseRecipients(s.SMTP.Recipients.String())
	if err != nil {
		return nil, fmt.Errorf("smtp.%w", err)
	}
	if s.TakesTokens() {
		r = r.WithSubaddresses()
	}
	return r, nil
}

// Clients are who may speak SMTP to us; without any, everybody may.
func (s *Settings) Clients() (*policy.Ranges, error) {
	return ranges("smtp.clients", s.SMTP.Clients)
}

// Relays are machines of ours that hand mail on.
func (s *Settings) Relays() (*policy.Ranges, error) { return ranges("smtp.relays", s.SMTP.Relays) }

// Proxies say with the PROXY protocol who the client is.
func (s *Settings) Proxies() (*policy.Ranges, error) {
	return ranges("smtp.proxies", s.SMTP.Proxies)
}

// HTTPProxies say in X-Forwarded-For who the client is.
func (s *Settings) HTTPProxies() (*policy.Ranges, error) {
	return ranges("http.proxies", s.HTTP.Proxies)
}

// Metrics are who may read /metrics; nil if only this machine may.
func (s *Settings) Metrics() (*policy.Ranges, error) {
	if len(s.HTTP.Metrics) == 0 {
		return nil, nil
	}
	return ranges("http.metrics", s.HTTP.Metrics)
}

func ranges(key string, text Words) (*policy.Ranges, error) {
	r, err := policy.ParseRanges(text.String())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	return r, nil
}

// Hosts are the names that we are called by, as a browser sends them.
func (s *Settings) Hosts() (names []string, err error) {
	var errs []error
	for _, host := range s.HTTP.Hosts {
		name, err := message.ParseDomain(host)
		if err != nil {
			errs = append(errs, fmt.Errorf("http.hosts: %q is no name of a host: write it as in "+
				"console.example.com, without https:// and without a port", host))
		}
		names = append(names, string(name))
	}
	return names, errors.Join(errs...)
}

// TakesClaims reports whether nobody but this machine can connect, and no machine of ours
// hands on what comes from elsewhere.
func (s *Settings) TakesClaims() bool {
	doors := slices.Concat(s.SMTP.Listen, s.SMTP.ListenTLS)
	return s.Auth.Loopback == takeClaims && !AnyOutside(doors) &&
		len(s.SMTP.Relays) == 0 && len(s.SMTP.Proxies) == 0
}

// AnyOutside reports whether one of the addresses can be reached from another machine.
func AnyOutside(addresses Words) bool {
	return slices.ContainsFunc(addresses, func(address string) bool { return !onLoopback(address) })
}

func onLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}
