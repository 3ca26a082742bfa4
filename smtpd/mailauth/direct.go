package mailauth

import (
	"cmp"
	"context"
	"errors"
	"net"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// resolvConf says which name servers this machine asks (resolv.conf(5)).
const resolvConf = "/etc/resolv.conf"

// maxUDP is the largest answer that we take by UDP, in octets: what no network cuts into
// fragments (DNS flag day 2020). A larger one comes by TCP.
const maxUDP = 1232

// direct asks name servers itself, for names as macroName spells them. Which it asks, and
// for how long, it reads anew each time: such names are rare.
type direct struct {
	conf   string // the file that says so, as resolvConf
	server string // "host:port" of the only one to ask, or ""
}

func (d direct) LookupTXT(ctx context.Context, name string) ([]string, error) {
	records, err := d.ask(ctx, name, dns.TypeTXT)
	var texts []string
	for _, r := range records {
		if r, ok := r.(*dns.TXT); ok {
			texts = append(texts, unescape(strings.Join(r.Txt, "")))
		}
	}
	return found(name, texts, err)
}

// LookupMX leaves out what is no name of a host, as net.Resolver does.
func (d direct) LookupMX(ctx context.Context, name string) ([]*net.MX, error) {
	records, err := d.ask(ctx, name, dns.TypeMX)
	var exchanges []*net.MX
	for _, r := range records {
		if r, ok := r.(*dns.MX); ok && ordinary(strings.TrimSuffix(r.Mx, ".")) {
			exchanges = append(exchanges, &net.MX{Host: r.Mx, Pref: r.Preference})
		}
	}
	return found(name, exchanges, err)
}

// LookupIPAddr takes what it can get: IPv4 addresses count though the others cannot be had.
func (d direct) LookupIPAddr(ctx context.Context, host string) ([]net.IPAddr, error) {
	var addresses []net.IPAddr
	for _, kind := range []uint16{dns.TypeA, dns.TypeAAAA} {
		records, err := d.ask(ctx, host, kind)
		if err != nil && len(addresses) == 0 {
			return nil, err
		}
		for _, r := range records {
			switch r := r.(type) {
			case *dns.A:
				addresses = append(addresses, net.IPAddr{IP: r.A})
			case *dns.AAAA:
				addresses = append(addresses, net.IPAddr{IP: r.AAAA})
			}
		}
	}
	return found(host, addresses, nil)
}

// ask gives the records that answer a question, none if the name has none of that kind.
func (d direct) ask(ctx context.Context, name string, kind uint16) ([]dns.RR, error) {
	q, err := newQuestion(name, kind)
	if err != nil {
		return nil, notFound(name)
	}
	a, err := try(ctx, d.servers(), q)
	switch {
	case err != nil:
		return nil, bare(name, err)
	case a.Rcode == dns.RcodeNameError:
		return nil, notFound(name)
	}
	// As net.Resolver does, we leave it to the server to follow aliases.
	return a.Answer, nil
}

// try asks one server after the other, and all again, until one answers.
func try(ctx context.Context, conf *dns.ClientConfig, q *dns.Msg) (a *dns.Msg, err error) {
	timeout := time.Duration(conf.Timeout) * time.Second
	for range conf.Attempts {
		for _, server := range conf.Servers {
			a, err = exchange(ctx, server, timeout, q)
			if err == nil || ctx.Err() != nil {
				return a, cmp.Or(ctx.Err(), err)
			}
		}
	}
	return nil, err
}

// servers reads whom to ask. What cannot be read is as if the file were empty.
func (d direct) servers() *dns.ClientConfig {
	conf, err := dns.ClientConfigFromFile(d.conf)
	if err != nil {
		conf, _ = dns.ClientConfigFromReader(strings.NewReader(""))
	}
	if len(conf.Servers) == 0 {
		conf.Servers = []string{"127.0.0.1", "::1"}
	}
	for i, host := range conf.Servers {
		conf.Servers[i] = net.JoinHostPort(host, conf.Port)
	}
	if d.server != "" {
		conf.Servers = []string{d.server}
	}
	return conf
}

// newQuestion spells the name as the library does when it reads one: it escapes some octets.
func newQuestion(name string, kind uint16) (*dns.Msg, error) {
	m := new(dns.Msg).SetQuestion(name+".", kind).SetEdns0(maxUDP, false)
	packed, err := m.Pack()
	if err != nil {
		return nil, err
	}
	return m, m.Unpack(packed)
}

// exchange asks one server, again by TCP if its answer was cut short.
func exchange(
	ctx context.Context, server string, timeout time.Duration, q *dns.Msg,
) (a *dns.Msg, err error) {
	for _, network := range []string{"udp", "tcp"} {
		a, err = exchangeBy(ctx, &dns.Client{Net: network, Timeout: timeout}, server, q)
		if err != nil || !a.Truncated {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	return a, sound(q, a)
}

func exchangeBy(ctx context.Context, c *dns.Client, server string, q *dns.Msg) (*dns.Msg, error) {
	conn, err := c.DialContext(ctx, server)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() }) // the library knows deadlines only
	defer stop()
	a, _, err := c.ExchangeWithConnContext(ctx, q, conn)
	return a, err
}

// sound refuses what answers another question, and what is no answer. A server that neither
// knows anything nor asks others has not been asked at all.
func sound(q, a *dns.Msg) error {
	lame := len(a.Answer) == 0 && !a.Authoritative && !a.RecursionAvailable
	switch {
	case a.Id != q.Id, !a.Response, len(a.Question) != 1, !same(a.Question[0], q.Question[0]):
		return errors.New("the answer is to another question")
	case a.Truncated:
		return errors.New("the answer is cut short")
	case a.Rcode != dns.RcodeSuccess && a.Rcode != dns.RcodeNameError,
		a.Rcode == dns.RcodeSuccess && lame:
		return errors.New("the name server failed")
	}
	return nil
}

func same(a, b dns.Question) bool {
	return a.Qtype == b.Qtype && a.Qclass == b.Qclass && fold(a.Name) == fold(b.Name)
}

// unescape gives the octets of a text as the library spells it: one that follows a
// backslash stands for itself, three digits stand for one.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] != '\\':
			b.WriteByte(s[i])
		case i+3 < len(s) && isDigit(s[i+1]):
			b.WriteByte((s[i+1]-'0')*100 + (s[i+2]-'0')*10 + s[i+3] - '0')
			i += 3
		case i+1 < len(s):
			i++
			b.WriteByte(s[i])
		}
	}
	return b.String()
}
