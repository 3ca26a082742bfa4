package main

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/chromedp"
)

// A road is the way of a window's requests to the queue. What comes to it while it is closed
// waits until it is open again.
type road struct {
	*tab
	came chan string // the methods of what waits, or refresh

	lock   sync.Mutex
	closed string // what the addresses begin with that wait, "" if it is open
	waits  []fetch.RequestID
}

// road must be laid before the first page is there, or what that asks for goes another way.
func (p *tab) road() *road {
	p.Helper()
	r := &road{tab: p, came: make(chan string, 64)}
	pattern := &fetch.RequestPattern{URLPattern: p.base + "/suspended*"}
	p.do(call(fetch.Enable, fetch.EnableParams{Patterns: []*fetch.RequestPattern{pattern}}))
	err := chromedp.Listen(p.ctx, func(event any) {
		if e, ok := event.(*fetch.EventRequestPaused); ok {
			r.arrive(e)
		}
	})
	if err != nil {
		p.Fatal(err)
	}
	return r
}

// call is a command to the browser that has no answer.
func call[P, R any](command cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, command, params)
		return err
	})
}

func (r *road) arrive(e *fetch.EventRequestPaused) {
	r.lock.Lock()
	defer r.lock.Unlock()
	if r.closed == "" || !strings.HasPrefix(e.Request.URL, r.base+r.closed) {
		go r.pass(e.RequestID) // an event is heard before the browser answers another call
		return
	}
	r.waits = append(r.waits, e.RequestID)
	if _, byItself := e.Request.Headers["Gatepost-Refresh"]; byItself {
		r.came <- refresh
		return
	}
	r.came <- e.Request.Method
}

// refresh stands in the place of the method for what the page asks by itself.
const refresh = "refresh"

// pass lets a request through, unless the page has given it up.
func (r *road) pass(id fetch.RequestID) {
	_, _ = chromedp.Call(r.ctx, fetch.ContinueRequest, fetch.ContinueRequestParams{RequestID: id})
}

func (r *road) close(path string) { r.set(path) }

func (r *road) open() {
	for _, id := range r.set("") {
		r.pass(id)
	}
}

// set closes the road, and gives what waited before.
func (r *road) set(closed string) (waited []fetch.RequestID) {
	r.lock.Lock()
	defer r.lock.Unlock()
	waited, r.waits, r.closed = r.waits, nil, closed
	for closed != "" && len(r.came) > 0 {
		<-r.came // of before
	}
	return waited
}

// awaits waits until a request with that method has come.
func (r *road) awaits(method string) {
	r.Helper()
	for late := time.After(patience); ; {
		select {
		case came := <-r.came:
			if came == method {
				return
			}
		case <-late:
			r.Fatalf("no %s was sent", method)
		}
	}
}

// noMore holds what has come besides to having other methods.
func (r *road) noMore(method string) {
	r.Helper()
	for len(r.came) > 0 {
		if <-r.came == method {
			r.Errorf("one %s more was sent", method)
		}
	}
}
