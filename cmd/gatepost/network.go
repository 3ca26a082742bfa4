package main

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

// What the settings of the network mean.

// hostname is what we call ourselves.
func (s *settings) hostname() string {
	if s.SMTP.Hostname != "" {
		return s.SMTP.Hostname
	}
	name, err := os.Hostname()
	if err != nil {
		return "localhost"
	}
	return name
}

// recipients are those whose mail is taken; nil takes anybody's.
func (s *settings) recipients() (*smtpd.Recipients, error) {
	if len(s.SMTP.Recipients) == 0 {
		return nil, nil
	}
	r, err := smtpd.ParseRecipients(s.SMTP.Recipients.String())
	if err != nil {
		return nil, fmt.Errorf("smtp.%w", err)
	}
	return r, nil
}

// clients may speak SMTP to us; nobody else may, unless they are none.
func (s *settings) clients() (*policy.Ranges, error) {
	return ranges("smtp.clients", s.SMTP.Clients)
}

// relays are machines of ours that hand mail on.
func (s *settings) relays() (*policy.Ranges, error) { return ranges("smtp.relays", s.SMTP.Relays) }

// proxies say with the PROXY protocol who the client is.
func (s *settings) proxies() (*policy.Ranges, error) {
	return ranges("smtp.proxies", s.SMTP.Proxies)
}

// httpProxies say in X-Forwarded-For who the client is.
func (s *settings) httpProxies() (*policy.Ranges, error) {
	return ranges("http.proxies", s.HTTP.Proxies)
}

// metrics are who may read /metrics; nil if only this machine may.
func (s *settings) metrics() (*policy.Ranges, error) {
	if len(s.HTTP.Metrics) == 0 {
		return nil, nil
	}
	return ranges("http.metrics", s.HTTP.Metrics)
}

func ranges(key string, text words) (*policy.Ranges, error) {
	r, err := policy.ParseRanges(text.String())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	return r, nil
}

// hosts are the names that we are called by, as a browser sends them.
func (s *settings) hosts() (names []string, err error) {
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

// takesClaims reports whether nobody but this machine can connect, and no machine of ours
// hands on what comes from elsewhere.
func (s *settings) takesClaims() bool {
	doors := slices.Concat(s.SMTP.Listen, s.SMTP.ListenTLS)
	return s.Auth.Loopback == takeClaims && !anyOutside(doors) &&
		len(s.SMTP.Relays) == 0 && len(s.SMTP.Proxies) == 0
}

// anyOutside reports whether one of the addresses can be reached from another machine.
func anyOutside(addresses words) bool {
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
