package store

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// leaseFor is for how long a node has a duty if it does not say again that it goes on.
const leaseFor = 10 * time.Second

// A leased duty is this node's until a time, or until another has a higher token.
type leased struct {
	duty  Duty
	token int64
	asked time.Time // for leaseFor, by a clock that nobody sets
}

// left is how long it is surely this node's: the time was taken before the database was asked.
func (l *leased) left() time.Duration { return leaseFor - time.Since(l.asked) }

// onDuty looks every few seconds whether a duty is free. What keeps it from being found out is gone
// the next time, or is seen by who takes mail.
func (p *postgres) onDuty(ctx context.Context, duty Duty, do func(context.Context) error) error {
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for {
		if l, err := p.take(ctx, duty); err == nil && l != nil {
			if err := p.hold(ctx, l, do); err != nil || ctx.Err() != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// take gives nil where another node has the duty, and writes nothing then.
func (p *postgres) take(ctx context.Context, duty Duty) (l *leased, err error) {
	var free bool
	err = p.read.QueryRowContext(ctx, `select not exists (select 1 from leases
		where name = $1 and until > `+clockOfServer+`)`, string(duty)).Scan(&free)
	if err != nil || !free {
		return nil, err
	}
	err = p.writer.do(ctx, func(t *tx) error {
		l = &leased{duty: duty, asked: time.Now()}
		return t.row(`insert into leases (name, holder, token, until)
			values ($1, $2, 1, `+clockOfServer+` + $3) on conflict (name) do update
			set holder = excluded.holder, token = leases.token + 1, until = excluded.until
			where leases.until <= `+clockOfServer+` returning token`, string(duty), p.id,
			leaseFor.Milliseconds()).Scan(&l.token)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if duty == DutyExpiry {
		p.watchAnew()
	}
	return l, nil
}

// hold does what a duty is until ctx ends or the lease does, and gives it back.
func (p *postgres) hold(ctx context.Context, l *leased, do func(context.Context) error) error {
	held, lose := context.WithCancel(context.WithValue(ctx, ofDuty{}, l))
	defer lose()
	done := make(chan error, 1)
	go func() { done <- do(held) }()
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	end := time.NewTimer(l.left())
	defer end.Stop()
	for {
		select {
		case err := <-done:
			p.giveUp(l)
			return err
		case <-tick.C:
			if held.Err() == nil || ctx.Err() != nil { // it takes its time to end
				p.renew(l)
				end.Reset(l.left())
			}
		case <-end.C:
			lose()
		}
	}
}

// renew has a lease last for longer, unless another node has it: then it is over at once.
func (p *postgres) renew(l *leased) {
	ctx, cancel := context.WithTimeout(context.Background(), min(beatWait, max(l.left(), 0)))
	defer cancel()
	asked := time.Now()
	result, err := p.conn.ExecContext(ctx, `update leases set until = `+clockOfServer+` + $3
		where name = $1 and token = $2`, string(l.duty), l.token, leaseFor.Milliseconds())
	if err != nil {
		return
	}
	if n, err := result.RowsAffected(); err == nil && n == 0 {
		l.asked = time.Time{}
	} else {
		l.asked = asked
	}
}

// giveUp lets another node have the duty at once. What fails here is over in leaseFor.
func (p *postgres) giveUp(l *leased) {
	ctx, cancel := context.WithTimeout(context.Background(), beatWait)
	defer cancel()
	_, _ = p.conn.ExecContext(ctx, `update leases set until = 0 where name = $1 and token = $2`,
		string(l.duty), l.token)
}
