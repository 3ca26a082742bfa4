package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"gatepost/store"
)

// A day passes while both places that tickets are carried to are down.
type day struct {
	*storm
	clock string
	hops  []*downHop
	step  int // hours from one look to the next
	each  int // messages each time
	sent  int
}

const dayHours = 24

// TestDayDown: a next hop by SMTP and a receiver of webhooks are down for a day, by the clock of
// the program, every third hour in another way. Mail is taken all the while, over a restart and five
// kills at random moments. Once both are up, each has everything that was acknowledged, each key
// once.
//
// GATEPOST_LONG looks at each hour, and takes 2,400 messages in the place of 40.
func TestDayDown(t *testing.T) {
	if testing.Short() {
		t.Skip("it kills, damages or replaces again and again")
	}
	t.Parallel()
	d := newDay(t, 3, 5)
	if os.Getenv("GATEPOST_LONG") != "" {
		d = newDay(t, 1, 100)
	}
	ends := map[int]syscall.Signal{12: syscall.SIGTERM}
	for _, n := range rand.Perm(dayHours / d.step) {
		if hour := n * d.step; len(ends) < 6 && hour != 12 {
			ends[hour] = syscall.SIGKILL
		}
	}
	for range 4 {
		d.clients.Go(d.client)
	}
	for hour := 0; hour < dayHours; hour += d.step {
		d.pass(hour, ends[hour])
	}
	close(d.mail)
	d.clients.Wait()
	if waiting := len(d.waiting()); waiting != len(d.hops)*d.sent {
		t.Errorf("%d hand-offs wait, not %d", waiting, len(d.hops)*d.sent)
	}
	for _, h := range d.hops {
		h.up()
	}
	d.set(dayHours + 1)
	for began := time.Now(); len(d.waiting()) > 0; { // each look takes its time
		if time.Since(began) > 5*time.Minute {
			t.Fatalf("still waiting: %s", d.must("handoff", "list"))
		}
	}
	d.compare()
	d.arrived()
	d.end(syscall.SIGTERM)
}

func newDay(t *testing.T, step, each int) *day {
	t.Helper()
	g := &gateway{T: t, dir: t.TempDir()}
	d := &day{clock: filepath.Join(g.dir, "clock"), step: step, each: each, hops: []*downHop{
		newDownHop(t, takeBySMTP, says("421 4.3.2 busy\r\n"), says("220 hop.test\r\n")),
		newDownHop(t, takeWebhooks, hears("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"), hears(""))}}
	g.env = []string{anyRate, clockFile + "=" + d.clock, "GATEPOST_HANDOFF_OWN_SECRET=" + daySecret}
	text := fmt.Sprintf("[handoff.desk]\nkind = \"smtp\"\naddress = %q\nto = \"help@desk.test\"\n\n"+
		"[handoff.own]\nkind = \"webhook\"\nurl = \"http://%s/\"\n", d.hops[0].address,
		d.hops[1].address)
	if err := os.WriteFile(filepath.Join(g.dir, "gatepost.toml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	d.storm = &storm{gateway: g, mail: make(chan string), acks: make(chan struct{}, dayHours*each),
		acked: map[content]int{}, tried: map[content]int{}}
	d.set(0)
	g.start()
	t.Cleanup(func() { g.end(syscall.SIGKILL) })
	return d
}

const daySecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// set has the clock of the program show an hour.
func (d *day) set(hour int) {
	d.Helper()
	if err := setAhead(d.clock, time.Duration(hour)*time.Hour); err != nil {
		d.Fatal(err)
	}
}

// pass is an hour, in which the hops are asked in vain. The server ends by a signal, unless that
// is 0, once some of the messages are acknowledged.
func (d *day) pass(hour int, signal syscall.Signal) {
	d.Helper()
	for _, h := range d.hops {
		h.down(hour)
	}
	d.set(hour)
	go func() {
		for i := range d.each {
			d.mail <- fmt.Sprintf("From: a@mail.test\r\nMessage-ID: <%d.%d@mail.test>\r\n\r\nText.\r\n",
				hour, i) // by which what is sent again is known
		}
	}()
	before := rand.IntN(d.each + 1)
	d.storm.await(before)
	if signal != 0 {
		d.restart(signal)
	}
	d.storm.await(d.each - before)
	d.sent += d.each
	for _, h := range d.hops {
		h.asked()
	}
}

// arrived compares what the hops have with the outbox: each key once.
func (d *day) arrived() {
	d.Helper()
	keys, decisions := map[string]int{}, map[string]int{}
	for _, text := range d.hops[0].taken() {
		decisions[regexp.MustCompile(`(?m)^Received: (?s:.*?) id ([0-9a-f-]{36});`).
			FindStringSubmatch(text)[1]]++
	}
	for _, text := range d.hops[1].taken() {
		keys[text]++
	}
	tries := 0
	for line := range strings.Lines(d.must("handoff", "list", "--all", "--json")) {
		var h store.Handoff
		if err := json.Unmarshal([]byte(line), &h); err != nil {
			d.Fatal(err)
		}
		came := decisions[h.DecisionID]
		if h.Target == "own" {
			came = keys[h.Key]
		}
		if h.State != store.HandoffDone || came != 1 {
			d.Errorf("it came %d times: %+v", came, h)
		}
		tries += h.Attempts
	}
	if len(keys) != d.sent || len(decisions) != d.sent {
		d.Errorf("%d and %d came, not %d", len(decisions), len(keys), d.sent)
	}
	if tries < len(d.hops)*(d.sent+dayHours/d.step/2) {
		d.Errorf("%d tries in all: none was made while they were down", tries)
	}
	d.Logf("%d messages, each to two places, in %d tries", d.sent, tries)
}
