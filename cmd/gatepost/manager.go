package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"time"

	sdnotify "github.com/coreos/go-systemd/v22/daemon"

	"gatepost/terminal"
)

// notify tells the service manager that started us, if one did, how we are (sd_notify(3)).
func (g *daemon) notify(states ...string) {
	if _, err := sdnotify.SdNotify(false, strings.Join(states, "\n")); err != nil {
		g.log.Warn("the service manager is not told", "error", err)
	}
}

// statusLine is what `systemctl status` shows of us: one line.
func statusLine(text string) string {
	return "STATUS=" + terminal.Visible(strings.Join(strings.Fields(text), " "))
}

// feed keeps the service manager's watchdog from biting, if there is one, as long as we are
// alive: until ctx ends, a third of its time apart.
func (g *daemon) feed(ctx context.Context) error {
	patience, err := sdnotify.SdWatchdogEnabled(false)
	if err != nil {
		g.log.Warn("the watchdog of the service manager is not fed", "error", err)
	}
	if patience == 0 {
		return nil
	}
	tick := time.NewTicker(patience / 3)
	defer tick.Stop()
	for {
		switch err := g.alive(ctx, patience/3); {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			g.log.Error("the watchdog of the service manager is not fed", "error", err)
		default:
			g.notify(sdnotify.SdNotifyWatchdog)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// alive reports what has hung: a listener, or the writer. A writer that refuses, such as one
// whose disk is full, has answered: a new start would mend nothing.
func (g *daemon) alive(ctx context.Context, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := g.db.Ping(ctx); errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("the writer does not answer: %w", err)
	}
	for _, l := range g.attended {
		if away := l.away(); away > patience && !g.stopping.Load() {
			return fmt.Errorf("nothing was accepted on %v for %v", l.Addr(), away)
		}
	}
	return nil
}

// An attended listener knows how long nobody has been waiting for its next connection.
type attended struct {
	net.Listener
	left atomic.Pointer[time.Time] // when the last was taken; nil while one is waited for
}

func attend(l net.Listener) *attended {
	a, now := &attended{Listener: l}, time.Now()
	a.left.Store(&now)
	return a
}

func (a *attended) Accept() (net.Conn, error) {
	a.left.Store(nil)
	c, err := a.Listener.Accept()
	now := time.Now()
	a.left.Store(&now)
	return c, err
}

func (a *attended) away() time.Duration {
	if left := a.left.Load(); left != nil {
		return time.Since(*left)
	}
	return 0
}
