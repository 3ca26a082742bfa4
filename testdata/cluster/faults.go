package main

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"
)

// A fault is what happens to a part of the whole while mail comes.
type fault struct {
	name string
	what string
	most time.Duration // without a 250

	// do does it, and in the end has what it broke be there again. It gives whom it struck.
	do func(w *whole, round int) (struck string, err error)
}

// What is without a primary has to wait until Patroni has made another one: its ttl is 10 s.
const (
	afterADeath = 15 * time.Second
	otherwise   = 3 * time.Second
)

var faults = []fault{
	{"primary", "kill -9 of the primary's machine", afterADeath, func(w *whole, _ int) (string, error) {
		m, _ := w.primary()
		if m == nil {
			return "", errors.New("there is no primary")
		}
		return w.without(m, 20*time.Second)
	}},
	{"standby", "kill -9 of the machine that commits wait for", otherwise, func(w *whole, _ int) (string, error) {
		m, err := w.standby("sync")
		if err != nil {
			return "", err
		}
		return w.without(m, 10*time.Second)
	}},
	{"node", "kill -9 of a gatepost", otherwise, func(w *whole, round int) (string, error) {
		n := w.nodes[round%len(w.nodes)]
		if err := n.kill(); err != nil {
			return n.name, err
		}
		time.Sleep(2 * time.Second)
		err := n.start()
		time.Sleep(5 * time.Second)
		return n.name, err
	}},
	{"switchover", "a switchover", otherwise, func(w *whole, _ int) (string, error) {
		m, _ := w.primary()
		next, err := w.standby("sync")
		if m == nil || err != nil {
			return "", errors.Join(errors.New("there is no primary"), err)
		}
		for range 10 { // its Patroni may not have seen yet who follows
			err = m.ask("POST", "/switchover", map[string]string{"leader": m.name, "candidate": next.name})
			if err == nil {
				break
			}
			time.Sleep(time.Second)
		}
		time.Sleep(5 * time.Second)
		return m.name + " to " + next.name, err
	}},
	{"freeze", "the primary's machine stopped for 40 s", afterADeath, func(w *whole, _ int) (string, error) {
		m, _ := w.primary()
		if m == nil {
			return "", errors.New("there is no primary")
		}
		err := signal(m.dir, syscall.SIGSTOP)
		time.Sleep(40 * time.Second)
		return m.name, errors.Join(err, signal(m.dir, syscall.SIGCONT))
	}},
	{"cut", "20 s without network between a gatepost and the database", otherwise,
		func(w *whole, round int) (string, error) {
			n := w.nodes[round%len(w.nodes)]
			mend := n.link.cut()
			time.Sleep(20 * time.Second)
			mend()
			return n.name, nil
		}},
}

// without kills a machine, and starts it after a while.
func (w *whole) without(m *machine, lasts time.Duration) (string, error) {
	if err := m.kill(); err != nil {
		return m.name, err
	}
	time.Sleep(lasts)
	return m.name, m.start()
}

// A whole is a cluster, the nodes on it, and who sends to them.
type whole struct {
	*cluster
	nodes  []*node
	sender *sender
	bare   *silence // of the cluster itself
}

// An outcome is what a round has come to.
type outcome struct {
	fault        *fault
	struck       string
	acked, tries int           // in the round
	silent, bare time.Duration // the longest time without a 250, and without a commit of a bare client
	lost, twice  int
	mended       time.Duration // until all was whole again
	anew         []string      // machines that were made anew for that
	load         string
}

// round does a fault once, waits until all is whole, and counts.
func (w *whole) round(f *fault, number int) (o outcome, err error) {
	o.fault = f
	acked, refused := w.sender.counts()
	time.Sleep(time.Second)
	w.sender.silence.mark()
	w.bare.mark()
	if o.struck, err = f.do(w, number); err != nil {
		return o, err
	}
	time.Sleep(time.Second)
	o.silent, o.bare, o.load = w.sender.silence.most(), w.bare.most(), load()
	began := time.Now()
	if o.anew, err = w.wait(3 * time.Minute); err != nil {
		return o, err
	}
	for _, n := range w.nodes {
		if _, err := n.await(200); err != nil {
			return o, err
		}
	}
	o.mended = time.Since(began)
	if err := w.sender.pause(2 * time.Minute); err != nil {
		return o, err
	}
	defer w.sender.goOn()
	nowAcked, nowRefused := w.sender.counts()
	o.acked, o.tries = nowAcked-acked, nowRefused-refused
	o.lost, o.twice, err = w.count()
	return o, err
}

// count compares what was answered 250 with what is stored: the numbers of messages are their subjects.
func (w *whole) count() (lost, twice int, err error) {
	m, _ := w.primary()
	if m == nil {
		return 0, 0, errors.New("there is no primary to count on")
	}
	var stored string
	err = m.row("gatepost", `select coalesce(string_agg(subject || case when n > 1 then '+' else '' end, ' '), '')
		from (select subject, count(*) n from tickets group by subject) as s`, &stored)
	if err != nil {
		return 0, 0, err
	}
	there := map[string]bool{}
	for subject := range strings.FieldsSeq(stored) {
		if one, is := strings.CutSuffix(subject, "+"); is {
			twice++
			subject = one
		}
		there[subject] = true
	}
	w.sender.lock.Lock()
	defer w.sender.lock.Unlock()
	for serial := range w.sender.acked {
		if !there[fmt.Sprint(serial)] {
			lost++
		}
	}
	if len(there) > len(w.sender.acked) {
		return lost, twice, fmt.Errorf("%d messages are stored, and only %d were answered 250", len(there),
			len(w.sender.acked))
	}
	return lost, twice, nil
}

// alone has replication be asynchronous: nothing is taken then, no server starts, and once it is
// synchronous again all goes on.
func (w *whole) alone() error {
	m, _ := w.primary()
	if m == nil {
		return errors.New("there is no primary")
	}
	set := func(on bool) error {
		return m.ask("PATCH", "/config", map[string]bool{"synchronous_mode": on, "synchronous_mode_strict": on})
	}
	if err := set(false); err != nil {
		return err
	}
	for _, n := range w.nodes {
		text, err := n.await(503)
		if err != nil || !strings.Contains(text, "replicated is set") {
			return fmt.Errorf("%s is ready without a standby: %s: %w", n.name, text, err)
		}
	}
	before, _ := w.sender.counts()
	time.Sleep(3 * time.Second)
	if after, _ := w.sender.counts(); after != before {
		return fmt.Errorf("%d messages are taken without a standby", after-before)
	}
	n := w.nodes[len(w.nodes)-1]
	if err := n.kill(); err != nil {
		return err
	}
	if code, said := n.startAnyhow(); code != 78 || !strings.Contains(said, "replicated is set") {
		return fmt.Errorf("%s starts without a standby: exit %d: %s", n.name, code, said)
	}
	if err := errors.Join(set(true), n.start()); err != nil {
		return err
	}
	for _, n := range w.nodes {
		if _, err := n.await(200); err != nil {
			return err
		}
	}
	return w.sender.pause(time.Minute)
}
