package mailauth

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
)

// A Resolver asks the DNS. A name or record that does not exist is a *net.DNSError with
// IsNotFound; every other error is taken for a failure that may pass. System and ReadZone
// give the two there are.
type Resolver interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
	LookupMX(ctx context.Context, name string) ([]*net.MX, error)
	LookupIPAddr(ctx context.Context, host string) ([]net.IPAddr, error)
	LookupAddr(ctx context.Context, addr string) ([]string, error)
}

// System asks the name servers of this machine, or the one at server ("host:port").
func System(server string) Resolver {
	// The C library's resolver would take a thread for each question.
	r := &net.Resolver{PreferGo: true}
	if server != "" {
		r.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, network, server)
		}
	}
	return rooted{r, direct{resolvConf, server}}
}

// rooted asks for each name as it is: the search list of this machine is for people who
// type names, and would find a stranger's record in our own domain. It asks by itself for
// names that net.Resolver sends no question for.
type rooted struct {
	r *net.Resolver
	d direct
}

func (s rooted) LookupTXT(ctx context.Context, name string) ([]string, error) {
	if !ordinary(name) {
		return s.d.LookupTXT(ctx, name)
	}
	return s.r.LookupTXT(ctx, name+".")
}

func (s rooted) LookupMX(ctx context.Context, name string) ([]*net.MX, error) {
	if !ordinary(name) {
		return s.d.LookupMX(ctx, name)
	}
	return s.r.LookupMX(ctx, name+".")
}

func (s rooted) LookupIPAddr(ctx context.Context, host string) ([]net.IPAddr, error) {
	if !ordinary(host) {
		return s.d.LookupIPAddr(ctx, host)
	}
	return s.r.LookupIPAddr(ctx, host+".")
}

func (s rooted) LookupAddr(ctx context.Context, addr string) ([]string, error) {
	return s.r.LookupAddr(ctx, addr)
}

// ordinary reports whether net.Resolver asks for a name. Of one that has other octets, or a
// label with a hyphen at either end, it says that there is no such host.
func ordinary(name string) bool {
	_, ok := hostname(name)
	framed := "." + name + "."
	return ok && !strings.Contains(framed, ".-") && !strings.Contains(framed, "-.")
}

// hostname gives the one spelling of a name that may be asked for: ASCII letters, digits,
// hyphens and underscores, in lower case and without the final dot (RFC 1035, section
// 2.3.4). Nothing else that a stranger wrote reaches a name server, but by macroName.
func hostname(s string) (name string, ok bool) { return spelling(s, hostText) }

// macroName is hostname for what the macros of an SPF record make of a local part or a HELO
// argument (RFC 7208, section 7): any octet may stand in a name (RFC 2181, section 11).
// Those that name servers, zone files or terminals could take for something else may not.
func macroName(s string) (name string, ok bool) { return spelling(s, macroText) }

const (
	decimal  = "0123456789"
	hostText = "abcdefghijklmnopqrstuvwxyz" + decimal + "-_"
	// atext is what a local part is made of (RFC 5322, section 3.2.3), without capitals.
	atext = hostText + "!#$%&'*+/=?^`{|}~"
	// macroText is also what address literals and whole addresses have, and %_.
	macroText = atext + "[]:@ "
)

// spelling checks that there are labels of 1 to 63 octets out of text, 253 with their dots,
// and that the name is no IPv4 address.
func spelling(s, text string) (name string, ok bool) {
	s = fold(strings.TrimSuffix(s, "."))
	if s == "" || len(s) > 253 {
		return "", false
	}
	last := ""
	for last = range strings.SplitSeq(s, ".") {
		if last == "" || len(last) > 63 || strings.Trim(last, text) != "" {
			return "", false
		}
	}
	return s, strings.Trim(last, decimal) != ""
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// fold folds ASCII letters only. Unicode folding would make the Kelvin sign a k.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

func notFound(name string) *net.DNSError {
	return &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

// bare makes a *net.DNSError of any error, not wrapped in anything: the libraries look for
// that alone. It does not say which of our name servers was asked.
func bare(name string, err error) error {
	var dns *net.DNSError
	isDNS := errors.As(err, &dns)
	switch {
	case isDNS && dns.IsNotFound:
		return notFound(name)
	case isDNS && dns.IsTimeout,
		errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled),
		errors.Is(err, os.ErrDeadlineExceeded):
		return &net.DNSError{Err: "no answer in time", Name: name, IsTimeout: true, IsTemporary: true}
	}
	return &net.DNSError{Err: "the name server failed", Name: name, IsTemporary: true}
}

func isNotFound(err error) bool {
	var dns *net.DNSError
	return errors.As(err, &dns) && dns.IsNotFound
}
