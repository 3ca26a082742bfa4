package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	sdnotify "github.com/coreos/go-systemd/v22/daemon"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"

	"gatepost/courier"
	"gatepost/intake"
	"gatepost/message"
	"gatepost/settings"
	"gatepost/smtpd"
	"gatepost/smtpd/mailauth"
	"gatepost/store"
)

// purgeEvery is how often held messages whose time is over are looked for.
const purgeEvery = time.Minute

func newServeCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "run the server: accept mail until told to stop",
		Long: "Runs the server. It logs one line `listening` once it accepts mail. SIGTERM and\n" +
			"SIGINT finish the transfers in progress; a second one stops at once.\n" +
			"SIGHUP reads the settings anew.",
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

// A daemon is a server that is open: what it holds, in the order in which it was taken.
type daemon struct {
	*plan
	app       *app
	sockets   sockets                           // that the service manager opened
	settings  atomic.Pointer[settings.Settings] // as they are now
	log       *slog.Logger
	listeners []smtpd.Listener
	http      net.Listener // nil if there is none
	attended  []*attended  // below listeners and http
	db        *store.DB
	unlock    func() error // the server's lock on db
	receiver  *intake.Receiver
	courier   *courier.Engine
	carried   bool                          // the courier has run, and closed its targets
	changing  sync.Mutex                    // held while the settings are changed, or targets are made of them
	links     atomic.Pointer[courier.Links] // to messages; nil if no target gives any
	started   time.Time
	checkers  []*mailauth.Checker        // the last is in use; nil if claims are taken
	scanners  atomic.Pointer[scannerSet] // as they are asked now
	mail      mailCounts
	shadow    shadowCount
	stopping  atomic.Bool
}

// serve runs the server until a signal. What keeps it from opening is an error of the
// configuration.
func (a *app) serve(ctx context.Context) error {
	// A service that one of these two ends counts as one that ended well, and is not started
	// again (systemd.service(5), SuccessExitStatus=). A log that nobody reads ends nothing.
	hangUps := make(chan os.Signal, 1)
	signal.Notify(hangUps, syscall.SIGHUP)
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	context.AfterFunc(ctx, stop) // the second signal ends the process
	g, err := a.openInTime(ctx)
	if g == nil || err != nil {
		return err
	}
	for _, warning := range g.settings.Load().Strays(a.environ()) {
		g.log.Warn(warning)
	}
	return errors.Join(g.run(ctx, stop, hangUps), g.close())
}

// openDaemon checks everything and takes what a server needs.
func (a *app) openDaemon(ctx context.Context) (g *daemon, err error) {
	g = &daemon{app: a, started: a.now()}
	defer func() {
		if err != nil {
			err = errors.Join(err, g.close())
		}
	}()
	if g.sockets, err = inherit(); err != nil {
		return g, err
	}
	s, err := g.read()
	if err != nil {
		return g, err
	}
	g.log = a.logger(s.Log.Format)
	if g.plan, err = newPlan(s, g.log); err != nil {
		return g, err
	}
	a.loaded = s
	g.settings.Store(s)
	if err = g.listen(ctx, s); err != nil { // before the database, which that might make
		return g, err
	}
	if g.db, err = a.openDB(ctx, true); err != nil {
		return g, err
	}
	if path := g.db.Created(); path != "" {
		g.log.Info("made a new database", "path", path)
	}
	if g.unlock, err = g.db.Lock(ctx); err != nil {
		return g, err
	}
	if faults := g.db.Reindexed(); faults != nil {
		g.log.Warn("indexes of the database were damaged and have been made anew; see to the disk "+
			"and the memory of this machine", "faults", faults)
	}
	g.courier = &courier.Engine{DB: g.db, Log: g.log, Now: a.now}
	if err = g.handOn(ctx, s); err != nil {
		return g, err
	}
	g.db.GoFirst()
	g.checkers = append(g.checkers, newChecker(s))
	g.receiver = &intake.Receiver{DB: g.db, Auth: g.checkers[0],
		Scanners: g.scan(s), Hostname: g.smtp.Domain,
		Keep: keeping(s), Window: time.Duration(s.SMTP.DuplicateWindow),
		Log: g.log}
	g.mail = newMailCounts()
	g.smtp.Receive = func(ctx context.Context, env *message.Envelope, content io.Reader) (
		string, error) {
		out, err := g.receiver.Receive(ctx, env, content)
		if err == nil {
			g.mail.received(g.app.now(), out.Took)
		}
		return out.ID, err
	}
	g.smtp.Ready = func() error {
		return enoughSpace(filepath.Dir(g.db.Dir()), int64(g.settings.Load().SMTP.MinFreeSpace))
	}
	return g, nil
}

// read reads the settings as a server has them.
func (g *daemon) read() (*settings.Settings, error) {
	s, err := g.app.readSettings()
	if err != nil {
		return nil, err
	}
	return s, g.sockets.settle(s)
}

// run is what happens at once while the server is open. It stops in order: the listeners close
// and the transfers in progress come to their end, then the rest ends.
func (g *daemon) run(ctx context.Context, stop func(), hangUps <-chan os.Signal) error {
	g.announce()
	group, ctx := errgroup.WithContext(ctx)
	inside, leave := context.WithCancel(context.Background())
	defer leave()
	group.Go(func() error {
		defer leave()
		return g.smtp.Run(ctx, g.listeners...)
	})
	group.Go(func() error {
		g.announceEnd(ctx, inside, stop)
		return nil
	})
	group.Go(func() error { return g.serveHTTP(inside) })
	for duty, do := range map[store.Duty]func(context.Context) error{store.DutyHandOffs: g.carry,
		store.DutyExpiry: g.purge, store.DutyDigests: g.tellPeople} {
		group.Go(func() error { return g.db.OnDuty(inside, duty, do) })
	}
	group.Go(func() error { return g.watchBalance(inside) })
	group.Go(func() error { return g.watchDisk(inside) })
	if g.db.HasNodes() { // it is no file
		group.Go(func() error { return g.watchOutages(inside) })
		group.Go(func() error { return g.watchNames(inside) })
	} else {
		group.Go(func() error { return g.watchFiles(inside) })
	}
	group.Go(func() error { return g.reloads(inside, hangUps) })
	group.Go(func() error { return g.feed(inside) })
	err := group.Wait()
	g.log.Info("stopped")
	return err
}

// announceEnd says that the server stops once ctx is done; inside ends later, or when the
// doors have closed by themselves. From then on a second signal ends the process.
func (g *daemon) announceEnd(ctx, inside context.Context, stop func()) {
	select {
	case <-ctx.Done():
	case <-inside.Done():
	}
	stop()
	g.stopping.Store(true)
	g.notify(sdnotify.SdNotifyStopping)
	g.log.Info("stopping", "grace", g.settings.Load().SMTP.Grace.String())
}

// watchDisk ends the server when the disk has failed under a write: what is in memory may not
// be what is on disk, and only a new start reads it back.
func (g *daemon) watchDisk(ctx context.Context) error {
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
func (g *daemon) ready(ctx context.Context) error {
	if err := g.db.Replaced(); err != nil {
		return err
	}
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
func (g *daemon) purge(ctx context.Context) error {
	tick := time.NewTicker(purgeEvery)
	defer tick.Stop()
	alone, unindexed := false, false
	var handedOff time.Time // when tickets were last looked through, which takes a while
	for was := (*store.Purged)(nil); ; {
		alone, unindexed = g.warnOfCopy(alone), g.warnOfIndexes(unindexed)
		s := g.settings.Load()
		e := expiry(s, store.Server())
		if time.Since(handedOff) >= time.Hour {
			e.KeepHandedOff, handedOff = time.Duration(s.Tickets.KeepHandedOff), time.Now()
		}
		p, err := g.db.Purge(ctx, e)
		if err != nil && ctx.Err() == nil {
			g.log.Error("purge", "error", err)
		}
		if p.Deleted > 0 {
			g.log.Info("purged", "messages", p.Deleted)
		}
		if p.HandedOff > 0 {
			g.log.Info("deleted what was handed off", "messages", p.HandedOff)
		}
		if err == nil {
			g.warnOfExpiry(was, p)
			was = &p
		}
		select {
		case <-ctx.Done():
			err := g.db.SayTaken(context.WithoutCancel(ctx))
			if err != nil && g.db.Replaced() == nil && !errors.Is(err, store.ErrOffDuty) {
				g.log.Error("purge", "error", err)
			}
			return nil
		case <-tick.C:
		}
	}
}

// warnOfIndexes says once that indexes are damaged, and reports whether they are.
func (g *daemon) warnOfIndexes(was bool) bool {
	is := g.db.WithoutIndexes()
	if is && !was {
		g.log.Error(store.IndexesWarning)
	}
	return is
}

// warnOfExpiry says what has begun to keep messages from being deleted. Was is nil at first:
// a server that was off for hours finds the clock ahead, which is no news if nothing waits.
func (g *daemon) warnOfExpiry(was *store.Purged, is store.Purged) {
	if was == nil && is.Waiting == 0 {
		return
	}
	if is.Ahead > 0 && (was == nil || was.Ahead == 0) {
		g.log.Warn("the clock is ahead of the time that has passed while somebody looked: nothing "+
			"expires by it before it has said the same for a day", "ahead", is.Ahead.String())
	}
	if is.Waiting > 0 && (was == nil || was.Waiting == 0) {
		g.log.Warn("held messages over their time are still there: a run deletes a twentieth of "+
			"the queue, only what has surely expired, and nothing unseen with suspended.keep_unseen",
			"messages", is.Waiting)
	}
}

// announce says where we listen, in one line, and what is open to anybody.
func (g *daemon) announce() {
	g.warn()
	attrs := []any{"smtp", g.addresses(false)}
	if smtps := g.addresses(true); smtps != "" {
		attrs = append(attrs, "smtps", smtps)
	}
	if g.http != nil {
		attrs = append(attrs, "http", g.http.Addr().String())
	}
	g.log.Info("listening", attrs...)
	g.notify(sdnotify.SdNotifyReady, g.taking())
}

// warn says what is open to anybody.
func (g *daemon) warn() {
	s := g.settings.Load()
	if len(s.SMTP.Recipients) == 0 {
		g.log.Warn("mail for any recipient is taken, since smtp.recipients is empty " +
			"and only this machine can connect")
	}
	if g.checker() == nil {
		g.log.Warn("what From claims is taken, since only this machine can connect and " +
			"smtp.relays is empty; auth.loopback = \"check\" turns that off")
	}
	if idle := s.IdleFilter(); idle != "" {
		g.log.Warn(idle)
	}
	if g.http != nil && bool(s.HTTP.BehindTLS) && len(s.HTTP.Proxies) == 0 {
		g.log.Warn("everybody seems to come from the proxy's address, since http.behind_tls is " +
			"set and http.proxies does not name it")
	}
}

// checker is whom messages ask now.
func (g *daemon) checker() *mailauth.Checker { return g.checkers[len(g.checkers)-1] }

// close gives up what the server holds, the last taken first.
func (g *daemon) close() error {
	var errs []error
	for _, checker := range g.checkers {
		if checker != nil {
			checker.Close()
		}
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
	for _, d := range g.listeners {
		errs = append(errs, closeListener(d))
	}
	errs = append(errs, g.sockets.close())
	return errors.Join(errs...)
}
