package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	sdnotify "github.com/coreos/go-systemd/v22/daemon"

	"gatepost/settings"
	"gatepost/smtpd"
)

// reloads reads the settings anew at each signal, until ctx ends.
func (g *daemon) reloads(ctx context.Context, hangUps <-chan os.Signal) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-hangUps:
			g.reload()
		}
	}
}

// reload goes by the settings as they are now, by all of them or, if one is wrong, by none.
func (g *daemon) reload() {
	g.notify(sdnotify.SdNotifyReloading, strings.TrimSpace(sdnotify.SdNotifyMonotonicUsec()))
	changed, waiting, err := g.change()
	if err != nil {
		g.log.Error("not reloaded: everything stays as it was", "error", err)
		g.notify(sdnotify.SdNotifyReady, statusLine("the last reload was refused: "+err.Error()))
		return
	}
	if len(waiting) > 0 {
		g.log.Warn("these settings are as they were until the server is started again",
			"settings", waiting.String())
	}
	g.warn()
	g.log.Info("reloaded", "changed", changed.String())
	g.notify(sdnotify.SdNotifyReady, g.taking())
}

// change says which settings it changed, and which it would have if the server were started
// again. After an error nothing has changed.
func (g *daemon) change() (changed, waiting settings.Words, err error) {
	g.changing.Lock()
	defer g.changing.Unlock()
	next, err := g.read()
	if err != nil {
		return nil, nil, err
	}
	was := g.settings.Load()
	if was.File != "" && next.File != was.File { // that it was removed to say so is unlikely
		return nil, nil, fmt.Errorf("%s is missing: put it back, or start the server again to "+
			"go without it", was.File)
	}
	if _, err = newPlan(next, g.log); err != nil {
		return nil, nil, err
	}
	changed, waiting = was.Hold(next)
	p, err := newPlan(next, g.log)
	if err != nil {
		return nil, nil, fmt.Errorf("what needs a restart (%s) aside: %w", waiting, err)
	}
	if err = g.handOn(context.Background(), next); err != nil {
		return nil, nil, err
	}
	tune(g.db, next)
	g.asks(next, changed)
	g.smtp.Change(p.smtp.Terms)
	replace(g.smtp.Certificate, p.smtp.Certificate)
	replace(g.certificate, p.certificate)
	g.settings.Store(next)
	return changed, waiting, nil
}

func replace(certificate, by *smtpd.Certificate) {
	if certificate != nil && by != nil {
		certificate.Replace(by)
	}
}

// asks has who a message is from asked in another way, if that may have changed. Whom was
// asked until now may still be for a message on its way, and so is closed at the end.
func (g *daemon) asks(s *settings.Settings, changed settings.Words) {
	if slices.ContainsFunc(changed, func(key string) bool {
		return strings.HasPrefix(key, "smtp.") || strings.HasPrefix(key, "auth.")
	}) {
		g.checkers = append(g.checkers, newChecker(s))
	}
	if slices.ContainsFunc(changed, isOfScanner) {
		g.scan(s)
	}
	g.receiver.Change(g.checker(), g.scanners.Load().all(), keeping(s),
		time.Duration(s.SMTP.DuplicateWindow))
}
