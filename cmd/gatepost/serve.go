package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"

	"gatepost/httpd"
	"gatepost/smtpd"
	"gatepost/smtpd/mailauth"
	"gatepost/store"
)

// purgeEvery is how often held messages whose time is over are looked for.
const purgeEvery = time.Minute

func newServeCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "run the gate: take mail until told to stop",
		Long: "Runs the gate. It logs one line `listening` once it accepts mail. SIGTERM and\n" +
			"SIGINT let the messages under way come to their end; a second one ends at once.",
		Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.serve(cmd.Context()) },
	}
	a.serveFlags(cmd.Flags())
	return cmd
}

// serveFlags are the settings that serve takes as flags.
func (a *app) serveFlags(flags *pflag.FlagSet) {
	a.settingFlag(flags, "smtp", "smtp.listen", "listen for SMTP on this `address`")
	a.settingFlag(flags, "http", "http.listen",
		"answer the console, the API and health checks on this `address`; none without it")
	a.settingFlag(flags, "recipients", "smtp.recipients",
		"take mail for these `addresses` and domains only")
}

// A gate is a server that is open: what it holds, in the order in which it was taken.
type gate struct {
	settings *settings
	log      *slog.Logger
	smtp     *smtpd.Server
	doors    []smtpd.Door
	http     net.Listener      // nil if there is none
	console  *httpd.Server     // what answers there
	auth     *mailauth.Checker // nil if claims are taken
	db       *store.DB
	unlock   func() error // the server's lock on db
	stopping atomic.Bool
}

// serve runs the gate until a signal. What keeps it from opening is an error of the
// configuration.
func (a *app) serve(ctx context.Context) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	context.AfterFunc(ctx, stop) // the second signal ends the process
	g, err := a.openGate(ctx)
	if err != nil {
		return &failure{exitConfig, err}
	}
	for _, warning := range a.strayVariables() {
		g.log.Warn(warning)
	}
	return errors.Join(g.run(ctx, stop), g.close())
}

// openGate checks everything and takes what a server needs.
func (a *app) openGate(ctx context.Context) (g *gate, err error) {
	s, err := a.settings()
	if err != nil {
		return nil, err
	}
	g = &gate{settings: s, log: a.logger(s.Log.Format)}
	defer func() {
		if err != nil {
			err = errors.Join(err, g.close())
		}
	}()
	certificate, err := g.build()
	if err != nil {
		return g, err
	}
	if err = g.listen(ctx, certificate); err != nil { // before the database, which that might make
		return g, err
	}
	if g.db, err = a.openDB(ctx, true); err != nil {
		return g, err
	}
	if path := g.db.Made(); path != "" {
		g.log.Info("made a new database", "path", path)
	}
	if g.unlock, err = g.db.Lock(ctx); err != nil {
		return g, err
	}
	g.auth = s.checker()
	receiver := &smtpd.Receiver{DB: g.db, Auth: g.auth, Hostname: g.smtp.Domain,
		Keep: time.Duration(s.Suspended.Keep), Log: g.log}
	g.smtp.Receive = receiver.Receive
	g.smtp.Ready = func() error { return enoughSpace(s.DB, int64(s.SMTP.MinFreeSpace)) }
	return g, nil
}

// build makes the doors that the settings describe, and loads the certificate of the second.
func (g *gate) build() (certificate *smtpd.Certificate, err error) {
	var errConsole error
	g.smtp, err = g.settings.server(g.log)
	g.console, certificate, errConsole = g.settings.console(g.log)
	return certificate, errors.Join(err, errConsole)
}

// listen opens the doors. Nobody is let in yet.
func (g *gate) listen(ctx context.Context, certificate *smtpd.Certificate) error {
	for _, kind := range []struct {
		addresses words
		tls       bool
	}{{g.settings.SMTP.Listen, false}, {g.settings.SMTP.ListenTLS, true}} {
		for _, address := range kind.addresses {
			l, err := listen(ctx, "smtp", address)
			if err != nil {
				return err
			}
			g.doors = append(g.doors, smtpd.Door{Listener: l, TLS: kind.tls})
		}
	}
	if g.settings.HTTP.Listen == "" {
		return nil
	}
	l, err := listen(ctx, "http", g.settings.HTTP.Listen)
	if err == nil {
		g.http = secured(l, certificate)
	}
	return err
}

// listen names what is wrong and what to do about it.
func listen(ctx context.Context, what, address string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, family(address), address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s on %s: the port is in use: stop what listens there, or "+
			"choose another with --%s", what, address, what)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("%s on %s: not permitted: a port below 1024 needs "+
			"CAP_NET_BIND_SERVICE", what, address)
	case err != nil:
		return nil, fmt.Errorf("%s on %s: %w", what, address, err)
	}
	return l, nil
}

// family is the network of an address. [::] is every IPv6 address only, so that 0.0.0.0 can
// stand beside it; without an address both families are meant.
func family(address string) string {
	host, _, _ := net.SplitHostPort(address)
	switch ip, err := netip.ParseAddr(host); {
	case err != nil:
		return "tcp"
	case ip.Is4():
		return "tcp4"
	}
	return "tcp6"
}

// run is what happens at once while the gate is open. It stops in order: the doors close
// and the contents under way come to their end, then the rest ends.
func (g *gate) run(ctx context.Context, stop func()) error {
	g.announce()
	group, ctx := errgroup.WithContext(ctx)
	inside, leave := context.WithCancel(context.Background())
	defer leave()
	group.Go(func() error {
		defer leave()
		return g.smtp.Run(ctx, g.doors...)
	})
	group.Go(func() error {
		g.announceEnd(ctx, inside, stop)
		return nil
	})
	group.Go(func() error { return g.serveHTTP(inside) })
	group.Go(func() error { return g.purge(inside) })
	group.Go(func() error { return g.watchDisk(inside) })
	err := group.Wait()
	g.log.Info("stopped")
	return err
}

// announceEnd says that the gate stops once ctx is done; inside ends later, or when the
// doors have closed by themselves. From then on a second signal ends the process.
func (g *gate) announceEnd(ctx, inside context.Context, stop func()) {
	select {
	case <-ctx.Done():
	case <-inside.Done():
	}
	stop()
	g.stopping.Store(true)
	g.log.Info("stopping", "grace", span(g.smtp.Grace).String())
}

// watchDisk ends the gate when the disk has failed under a write: what is in memory may not
// be what is on disk, and only a new start reads it back.
func (g *gate) watchDisk(ctx context.Context) error {
	select {
	case <-g.db.Broken():
		return errors.New("the disk failed under a write; see the log")
	case <-ctx.Done():
		return nil
	}
}

// pingWait is how long a probe waits for the disk: less than those who probe do.
const pingWait = 2 * time.Second

// ready reports whether a message would be taken now.
func (g *gate) ready(ctx context.Context) error {
	if g.stopping.Load() {
		return errors.New("stopping")
	}
	if err := g.smtp.Ready(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, pingWait)
	defer cancel()
	if err := g.db.Ping(ctx); err != nil {
		return fmt.Errorf("the database cannot be written: %w", err)
	}
	return nil
}

// purge deletes what has expired.
func (g *gate) purge(ctx context.Context) error {
	tick := time.NewTicker(purgeEvery)
	defer tick.Stop()
	for {
		n, err := purge(ctx, g.db)
		if err != nil && ctx.Err() == nil {
			g.log.Error("purge", "error", err)
		}
		if n > 0 {
			g.log.Info("purged", "messages", n)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// announce says where we listen, in one line, and what is open to anybody.
func (g *gate) announce() {
	if g.smtp.Recipients == nil {
		g.log.Warn("mail for any recipient is taken, since smtp.recipients is empty " +
			"and only this machine can connect")
	}
	if g.auth == nil {
		g.log.Warn("what From claims is taken, since only this machine can connect and " +
			"smtp.relays is empty; auth.loopback = \"check\" turns that off")
	}
	if idle := g.settings.idleFilter(); idle != "" {
		g.log.Warn(idle)
	}
	if g.http != nil && bool(g.settings.HTTP.BehindTLS) && len(g.settings.HTTP.Proxies) == 0 {
		g.log.Warn("everybody seems to come from the proxy's address, since http.behind_tls is " +
			"set and http.proxies does not name it")
	}
	attrs := []any{"smtp", g.addresses(false)}
	if len(g.settings.SMTP.ListenTLS) > 0 {
		attrs = append(attrs, "smtps", g.addresses(true))
	}
	if g.http != nil {
		attrs = append(attrs, "http", g.http.Addr().String())
	}
	g.log.Info("listening", attrs...)
}

func (g *gate) addresses(tls bool) string {
	var all []string
	for _, d := range g.doors {
		if d.TLS == tls {
			all = append(all, d.Addr().String())
		}
	}
	return strings.Join(all, " ")
}

// close gives up what the gate holds, the last taken first.
func (g *gate) close() error {
	var errs []error
	if g.auth != nil {
		g.auth.Close()
	}
	if g.unlock != nil {
		errs = append(errs, g.unlock())
	}
	if g.db != nil {
		errs = append(errs, g.db.Close())
	}
	if g.http != nil {
		errs = append(errs, closeListener(g.http))
	}
	for _, d := range g.doors {
		errs = append(errs, closeListener(d))
	}
	return errors.Join(errs...)
}

// closeListener does not mind one that is closed already.
func closeListener(l net.Listener) error {
	if err := l.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}
