package mailauth

import (
	"context"
	"errors"
	"net"
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
	return rooted{r}
}

// rooted asks for each name as it is: the search list of this machine is for people who
// type names, and would find a stranger's record in our own domain.
type rooted struct{ r *net.Resolver }

func (s rooted) LookupTXT(ctx context.Context, name string) ([]string, error) {
	return s.r.LookupTXT(ctx, name+".")
}

func (s rooted) LookupMX(ctx context.Context, name string) ([]*net.MX, error) {
	return s.r.LookupMX(ctx, name+".")
}

func (s rooted) LookupIPAddr(ctx context.Context, host string) ([]net.IPAddr, error) {
	return s.r.LookupIPAddr(ctx, host+".")
}

func (s rooted) LookupAddr(ctx context.Context, addr string) ([]string, error) {
	return s.r.LookupAddr(ctx, addr)
}

// hostname gives the one spelling of a name that may be asked for: ASCII letters, digits,
// hyphens and underscores, in lower case and without the final dot (RFC 1035, section
// 2.3.4). Nothing else that a stranger wrote reaches a name server.
func hostname(s string) (name string, ok bool) {
	s = fold(strings.TrimSuffix(s, "."))
	if s == "" || len(s) > 253 {
		return "", false
	}
	label, digits := 0, true // octets of the label, and whether all are digits
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '.' && label > 0:
			label, digits = 0, true
			continue
		case 'a' <= c && c <= 'z', c == '-', c == '_':
			digits = false
		case c < '0' || c > '9':
			return "", false
		}
		if label++; label > 63 {
			return "", false
		}
	}
	return s, label > 0 && !digits
}

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
		errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return &net.DNSError{Err: "no answer in time", Name: name, IsTimeout: true, IsTemporary: true}
	}
	return &net.DNSError{Err: "the name server failed", Name: name, IsTemporary: true}
}

func isNotFound(err error) bool {
	var dns *net.DNSError
	return errors.As(err, &dns) && dns.IsNotFound
}
