package courier

import (
	"sync"
	"time"
)

// A pool keeps connections for the next message, the last used first.
type pool struct {
	idle   time.Duration
	lock   sync.Mutex
	all    []kept
	timer  *time.Timer
	closed bool
}

type kept struct {
	*hop
	until time.Time
}

func (p *pool) get() *hop {
	p.lock.Lock()
	defer p.lock.Unlock()
	for n := len(p.all); n > 0; n = len(p.all) {
		last := p.all[n-1]
		p.all = p.all[:n-1]
		if time.Now().Before(last.until) {
			return last.hop
		}
		go last.end()
	}
	return nil
}

func (p *pool) put(c *hop) {
	p.lock.Lock()
	defer p.lock.Unlock()
	if p.closed {
		go c.end()
		return
	}
	p.all = append(p.all, kept{c, time.Now().Add(p.idle)})
	if p.timer == nil {
		p.timer = time.AfterFunc(p.idle, p.sweep)
	}
}

// sweep ends what was not used for long.
func (p *pool) sweep() {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.timer = nil
	for len(p.all) > 0 && !time.Now().Before(p.all[0].until) {
		go p.all[0].end()
		p.all = p.all[1:]
	}
	if len(p.all) > 0 && !p.closed {
		p.timer = time.AfterFunc(time.Until(p.all[0].until), p.sweep)
	}
}

func (p *pool) close() error {
	p.lock.Lock()
	p.closed = true
	all := p.all
	p.all = nil
	if p.timer != nil {
		p.timer.Stop()
	}
	p.lock.Unlock()
	for _, c := range all {
		c.end()
	}
	return nil
}
