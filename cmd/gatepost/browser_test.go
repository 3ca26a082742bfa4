package main

import (
	"context"
	"fmt"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browserFolder holds what the tests drive the server with from outside.
const browserFolder = "../../testdata/browser"

// patience is how long anything may take for one step, on a machine that is busy.
const patience = 60 * time.Second

// A chromium is the browser of all the tests: its start takes longer than most of what is shown in
// it, and each window has cookies and a cache of its own.
type chromium struct {
	context.Context
	outside *street
	stops   []func()
}

// theBrowser is started by the first test that asks for it. TestMain closes what was started.
var (
	theBrowser = sync.OnceValues(startBrowser)
	started    *chromium
)

// startBrowser starts Chromium with an empty profile. Names under street.test lead to the
// server of the street, and no other name leads anywhere.
func startBrowser() (*chromium, error) {
	program, err := findBrowser()
	if err != nil {
		return nil, err
	}
	c := &chromium{Context: context.Background(), outside: newStreet()}
	c.stops, started = append(c.stops, c.outside.Close), c
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("headless", "new"), chromedp.Flag("disable-component-update", true),
		// In a process of its own a sandboxed frame would hide from us what it asks for.
		chromedp.Flag("disable-features", "Translate,IsolateSandboxedIframes"),
		chromedp.Flag("host-resolver-rules", "MAP *.street.test "+c.outside.Listener.Addr().String()+
			", MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"))
	var stop context.CancelFunc
	c.Context, stop = chromedp.NewExecAllocator(c.Context, options...)
	c.stops = append(c.stops, stop)
	c.Context, stop = chromedp.NewContext(c.Context)
	c.stops = append(c.stops, stop)
	if err := chromedp.Do(c.Context); err != nil {
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	return c, nil
}

// findBrowser prefers the Chromium that has no window at all, which starts in a third of the time.
func findBrowser() (program string, err error) {
	for _, name := range []string{"chromium-headless-shell", "chromium"} {
		if program, err = exec.LookPath(name); err == nil {
			return program, nil
		}
	}
	return "", fmt.Errorf("%w: scripts/test installs it", err)
}

// close ends the browser and removes its profile.
func (c *chromium) close() error {
	err := chromedp.Cancel(c.Context)
	for _, stop := range slices.Backward(c.stops) {
		stop()
	}
	return err
}

// A screen is what a person looks at.
type screen struct {
	width, height int64
}

func (s screen) narrow() bool { return s.width < 700 }

// A tab is one person's view of the console: a browser window with cookies of its own.
type tab struct {
	*testing.T
	ctx  context.Context
	base string // of the server: http://127.0.0.1:8025
	screen

	lock   sync.Mutex
	faults []string // what no page of ours does
}

// newTab opens an empty window. What goes wrong in it is told at the end of the test.
func newTab(t *testing.T, base string, s screen) *tab {
	t.Helper()
	browser, err := theBrowser()
	if err != nil {
		t.Fatal(err)
	}
	p := &tab{T: t, base: base, screen: s}
	var stop context.CancelFunc
	p.ctx, stop = chromedp.NewContext(browser, chromedp.WithNewBrowserContext(),
		chromedp.WithListener(p.watch))
	t.Cleanup(stop)
	view := []chromedp.EmulateViewportOption{chromedp.EmulateScale(1)}
	if s.narrow() {
		view = append(view, chromedp.EmulateMobile)
	}
	p.do(chromedp.EmulateViewport(s.width, s.height, view...), inScheme("light"))
	return p
}

// inScheme has the page be seen by one who prefers light or dark.
func inScheme(scheme string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
		return err
	})
}

// watch notes what no page of ours does: errors, dialogs, requests to others.
func (p *tab) watch(event any) {
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		p.fault("exception: %s", e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		if e.Type != "log" && e.Type != "debug" && e.Type != "info" {
			p.fault("console: %s", e.Type)
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == "error" || e.Entry.Level == "warning" {
			p.fault("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL)
		}
	case *page.EventJavascriptDialogOpening:
		p.fault("dialog: %s", e.Message)
		go func() { // or the page would wait for an answer
			_, _ = chromedp.Call(p.ctx, page.HandleJavaScriptDialog,
				page.HandleJavaScriptDialogParams{Accept: true})
		}()
	case *network.EventRequestWillBeSent:
		if isForeign(e.Request.URL, p.base) {
			p.fault("request to another host: %.200s", e.Request.URL)
		}
	case *network.EventWebSocketCreated:
		p.fault("web socket: %s", e.URL)
	}
}

func isForeign(address, base string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return true
	}
	return u.Scheme != "data" && u.Scheme != "about" && u.Scheme+"://"+u.Host != base
}

func (p *tab) fault(format string, args ...any) {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.faults = append(p.faults, fmt.Sprintf(format, args...))
}

// clean tells what went wrong since it was asked last, but for what is expected.
func (p *tab) clean(where string, expected ...string) {
	p.Helper()
	p.lock.Lock()
	defer p.lock.Unlock()
	for _, f := range p.faults {
		if !slices.ContainsFunc(expected, func(e string) bool { return strings.Contains(f, e) }) {
			p.Errorf("%s: %s", where, f)
		}
	}
	p.faults = nil
}

func (p *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	p.Helper()
	if p.ctx.Err() == nil && chromedp.FromContext(p.ctx).Target == nil {
		if err := chromedp.Do(p.ctx); err != nil { // its time is that of the window
			p.Fatal(err)
		}
	}
	ctx, stop := context.WithTimeout(p.ctx, patience)
	defer stop()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.Fatal(err)
	}
}
