package smtpd

import (
	"log/slog"
	"net"
	"net/netip"
	"time"

	"github.com/pires/go-proxyproto"
)

// introduction is how long a load balancer may take to say who the client is. It sends
// that first of all and in one packet, so only one that never will takes longer.
const introduction = 5 * time.Second

// meet makes the guard of a new connection: of a client, or of a load balancer that will
// say who the client is. Nothing is read here, where others wait to come in.
func (l *listener) meet(c net.Conn) *guard {
	g := l.server.newGuard(c, addressOf(c.RemoteAddr()))
	if l.server.now().Proxies.Contains(g.peer) {
		g.header = proxyproto.NewConn(c, proxyproto.WithPolicy(proxyproto.REQUIRE),
			proxyproto.SetReadHeaderTimeout(0)) // await keeps the time
		g.Conn, g.peer = g.header, netip.Addr{}
	}
	if l.TLS {
		g.secure()
	}
	return g
}

// introduce reads the PROXY header, before anything is said and before TLS, and lets the
// client in that it names. The library reads past the header, so all further reading goes
// through it.
func (g *guard) introduce() error {
	if g.header == nil {
		return nil
	}
	if err := g.await(time.Now()); err != nil {
		return err
	}
	if _, err := g.header.Read(nil); err != nil {
		if _, waited := g.idleSince(); waited { // we did not send it away ourselves
			g.log("no proxy header", err)
		}
		return errHangUp
	}
	if h := g.header.ProxyHeader(); h.Command.IsProxy() {
		g.peer = addressOf(h.SourceAddr)
	}
	g.header, g.since = nil, time.Time{}
	if refusal := g.server.recognise(g); refusal != "" {
		g.out = g.out[:0] // the greeting
		g.logRefusal(refusal)
		return g.hangUp(refusal)
	}
	return nil
}

// addressOf is the IP address of a TCP address, the zero Addr of any other.
func addressOf(a net.Addr) netip.Addr {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	return tcp.AddrPort().Addr().Unmap().WithZone("")
}

// who names the client in the log or, as long as it is not known, whoever stands between.
func (g *guard) who() slog.Attr {
	if !g.peer.IsValid() {
		return slog.String("proxy", g.tcp.RemoteAddr().String())
	}
	return slog.Any("client", g.peer)
}

func (g *guard) logRefusal(reply string) {
	g.server.Log.Debug("connection refused", g.who(), "reply", reply[:9])
}
