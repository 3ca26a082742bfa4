package mailauth

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
)

// maxLine bounds a line of a zone, in octets. A TXT record has 65,535 at most.
const maxLine = 256 << 10

// ReadZone reads records to answer from instead of the DNS, one a line, as in a zone file:
//
//	acme.test           TXT  "v=spf1 ip4:192.0.2.1 -all"   ; several strings are joined
//	acme.test      3600 IN MX  10 mx.acme.test
//	mx.acme.test        A    192.0.2.1
//	mx.acme.test        AAAA 2001:db8::1
//	192.0.2.1           PTR  mx.acme.test                  # or 1.2.0.192.in-addr.arpa
//	b+ann=x.test._u.acme.test    A 192.0.2.9     ; as the macros of SPF make them
//	"ann b._u.acme.test"         A 192.0.2.9
//	broken.test         FAIL
//	slow.test           TIMEOUT
//
// Each line has its whole name; there is no $ORIGIN. A name that answers FAIL or TIMEOUT
// does so at once and to every question. Names that are not there do not exist. The error
// names the line.
func ReadZone(r io.Reader) (Resolver, error) {
	z := zone{}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	for n := 1; lines.Scan(); n++ {
		if err := z.line(lines.Text()); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read records: %w", err)
	}
	return z, nil
}

// A zone has the records of each name; those of an address are under the address.
type zone map[string]*records

type records struct {
	answer
	names []string // PTR
	err   error
}

// find gives the records of a name, or the error it answers with.
func (z zone) find(name string) (records, error) {
	key, _ := zoneName(name)
	r := z[key]
	if r == nil {
		return records{}, notFound(name)
	}
	return *r, r.err
}

// found is what a look-up returns: the values, or that there are none.
func found[T any](name string, values []T, err error) ([]T, error) {
	if err == nil && len(values) == 0 {
		err = notFound(name)
	}
	if err != nil {
		return nil, err
	}
	return values, nil
}

func (z zone) LookupTXT(_ context.Context, name string) ([]string, error) {
	r, err := z.find(name)
	return found(name, r.texts, err)
}

func (z zone) LookupMX(_ context.Context, name string) ([]*net.MX, error) {
	r, err := z.find(name)
	return found(name, r.exchanges, err)
}

func (z zone) LookupIPAddr(_ context.Context, host string) ([]net.IPAddr, error) {
	r, err := z.find(host)
	return found(host, r.addresses, err)
}

func (z zone) LookupAddr(_ context.Context, addr string) ([]string, error) {
	r, err := z.find(addr)
	return found(addr, r.names, err)
}

// zoneName is the one spelling of a name, an address instead of its reverse name.
func zoneName(s string) (string, bool) {
	if ip, err := netip.ParseAddr(s); err == nil {
		return ip.Unmap().WithZone("").String(), true
	}
	name, ok := macroName(s)
	if ip, is := reverseName(name); is {
		return ip.String(), true
	}
	return name, ok
}

// reverseName reads the name of an address below in-addr.arpa or ip6.arpa (RFC 1035,
// section 3.5; RFC 3596, section 2.5).
func reverseName(name string) (ip netip.Addr, ok bool) {
	if labels, is := strings.CutSuffix(name, ".in-addr.arpa"); is {
		ip, err := netip.ParseAddr(strings.Join(backwards(labels), "."))
		return ip, err == nil
	}
	labels, is := strings.CutSuffix(name, ".ip6.arpa")
	digits := backwards(labels)
	if !is || len(digits) != 32 {
		return netip.Addr{}, false
	}
	var b strings.Builder
	for i, digit := range digits {
		if i > 0 && i%4 == 0 {
			b.WriteByte(':')
		}
		b.WriteString(digit)
	}
	ip, err := netip.ParseAddr(b.String())
	return ip, err == nil
}

func backwards(labels string) []string {
	all := strings.Split(labels, ".")
	for i, j := 0, len(all)-1; i < j; i, j = i+1, j-1 {
		all[i], all[j] = all[j], all[i]
	}
	return all
}
