package courier

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"gatepost/store"
)

// A receiver takes messages by HTTP as a test says, and counts by their keys those that it said
// yes to, or may have.
type receiver struct {
	*httptest.Server
	lock  sync.Mutex
	way   http.HandlerFunc // nil takes
	keys  map[string]int
	asked []time.Time
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{keys: map[string]int{}}
	r.Server = httptest.NewUnstartedServer(r)
	r.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		_ = c.(*net.TCPConn).SetWriteBuffer(1 << 16) // the kernel would take megabytes of an answer
		return ctx
	}
	r.Start()
	t.Cleanup(r.Close)
	return r
}

// say sets how it answers from now on.
func (r *receiver) say(way http.HandlerFunc) {
	r.lock.Lock()
	defer r.lock.Unlock()
	r.way = way
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.lock.Lock()
	way := r.way
	r.asked = append(r.asked, time.Now())
	r.lock.Unlock()
	if way == nil {
		way = answers(http.StatusOK, "")
	}
	seen := &statusWriter{ResponseWriter: w}
	if _, err := io.Copy(io.Discard, req.Body); err != nil {
		return
	}
	way(seen, req)
	if seen.status/100 == 2 {
		r.lock.Lock()
		defer r.lock.Unlock()
		r.keys[req.Header.Get("Idempotency-Key")]++
	}
}

// once holds that it took n keys, each once.
func (r *receiver) once(t *testing.T, n int) {
	t.Helper()
	r.lock.Lock()
	defer r.lock.Unlock()
	for key, times := range r.keys {
		if times != 1 || key == "" {
			t.Errorf("%q came %d times", key, times)
		}
	}
	if len(r.keys) != n {
		t.Errorf("%d keys came, not %d", len(r.keys), n)
	}
}

// A statusWriter remembers what was answered.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func answers(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body) // who asked may be gone
	}
}

// hangs says nothing until who asked is gone.
func hangs(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// breaksOff hangs up without an answer.
func breaksOff(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// long answers with 50 MB, as far as who asked reads it.
func long(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "50000000")
	w.WriteHeader(http.StatusOK)
	block := make([]byte, 50_000)
	for range 1000 {
		if _, err := w.Write(block); err != nil {
			return
		}
	}
}

// target is one whose receiver is r.
func (r *receiver) target(t *testing.T, patience time.Duration, again bool) Target {
	t.Helper()
	h, err := NewHTTP(HTTPConfig{URL: r.URL, Dialer: loopback(t),
		HTTPLimits: HTTPLimits{Answer: patience}})
	if err != nil {
		t.Fatal(err)
	}
	return Target{Name: "desk", Carrier: h, Parallel: 4, Timeout: time.Minute, RetryUnknown: again}
}

// TestReceivers has a receiver that answers in each way, and for one and for many tickets what
// becomes of them; and then, once it takes them, that it has each key once.
func TestReceivers(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes the time of many other tests")
	}
	for _, c := range []struct {
		name  string
		way   http.HandlerFunc
		again bool   // what may have arrived is tried again
		state string // that the hand-offs come to; waiting where they are tried until it answers
	}{
		{"200", answers(200, "ok"), false, store.HandoffDone},
		{"202", answers(202, ""), false, store.HandoffDone},
		{"50 MB", long, false, store.HandoffDone},
		{"400", answers(400, "no"), false, store.HandoffFailed},
		{"422", answers(422, "no"), false, store.HandoffFailed},
		{"500", answers(500, ""), false, store.HandoffWaiting},
		{"503", answers(503, ""), false, store.HandoffWaiting},
		{"breaks off", breaksOff, false, store.HandoffUnknown},
		{"breaks off and knows the key", breaksOff, true, store.HandoffWaiting},
		{"hangs", hangs, false, store.HandoffUnknown},
		{"hangs and knows the key", hangs, true, store.HandoffWaiting},
	} {
		for _, n := range []int{1, many()} {
			t.Run(fmt.Sprint(c.name, " ", n), func(t *testing.T) {
				r := newReceiver(t)
				r.say(c.way)
				desk, ease := r.target(t, time.Minute, c.again), func() {}
				if strings.HasPrefix(c.name, "hangs") {
					desk, ease = hurried(r.target(t, 200*time.Millisecond, c.again), desk)
				}
				h := openHouse(t, desk)
				h.start(desk)
				h.receive(n)
				h.passes("desk", c.state, n, func() {
					ease()
					r.once(t, 0)
					r.say(nil)
				})
				switch states := h.states("desk"); c.state {
				case store.HandoffFailed:
					r.once(t, 0)
				default:
					r.once(t, states[store.HandoffDone])
				}
			})
		}
	}
}

// TestReceiverAsksForTime: a receiver that asks to be left alone is, with all that waits for it.
func TestReceiverAsksForTime(t *testing.T) {
	for _, n := range []int{1, many()} {
		r := newReceiver(t)
		r.say(answers(429, "", "Retry-After", "1"))
		desk := r.target(t, time.Minute, false)
		desk.Parallel = 1
		h := openHouse(t, desk)
		h.receive(n)
		h.start(desk)
		h.await("desk", store.HandoffWaiting, 1)
		r.say(nil)
		h.await("desk", store.HandoffDone, n)
		h.end()
		r.once(t, n)
		if again := r.asked[1].Sub(r.asked[0]); again < time.Second {
			t.Errorf("of %d the second try was after %s", n, again)
		}
	}
}

// TestReceiverRedirects: a receiver that leads elsewhere pauses the target after one try for each
// worker, and all of its messages are kept.
func TestReceiverRedirects(t *testing.T) {
	for _, n := range []int{1, many()} {
		r, login := newReceiver(t), newReceiver(t)
		r.say(answers(302, "", "Location", login.URL))
		desk := r.target(t, time.Minute, false)
		h := openHouse(t, desk)
		h.receive(n)
		h.start(desk)
		h.await("desk", store.HandoffWaiting, 1)
		status, err := h.TargetStatus(t.Context(), "desk")
		if err != nil || status.PausedAt == nil || status.Waiting != int64(n) {
			t.Errorf("%+v, %v", status, err)
		}
		r.say(nil)
		if err := h.By(store.Server()).ResumeTarget(t.Context(), "desk"); err != nil {
			t.Fatal(err)
		}
		h.await("desk", store.HandoffDone, n)
		h.end()
		r.once(t, n)
		if len(login.asked) > 0 {
			t.Error("somebody went where it leads")
		}
	}
}
