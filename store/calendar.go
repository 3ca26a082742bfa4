package store

import (
	"context"
	"fmt"
	"time"
)

// A clock may jump: set by hand, by a battery that is empty, by a machine that slept. Nothing
// is deleted on its word alone. How far a clock may be from the time that we have seen pass
// without being doubted, and how long it has to stand by what it says; that is less than a
// day, so that somebody who looks each day at the same hour looks a second time.
const (
	trustedLead = time.Hour
	secondLook  = 23 * time.Hour
)

// A calendar is what we believe of the time, in Unix milliseconds: rows of meta.
type calendar struct {
	Sure int64 // the time as far as we have seen it pass; 0: never looked

	// While the clock says something else: how far it is ahead, at least, at every look since
	// the first, or behind if below 0; and what both said at that first look.
	Doubt, DoubtSure, DoubtWall int64
}

// A glance is one look at the clock.
type glance struct {
	wall   int64         // what it says, in Unix milliseconds
	passed time.Duration // since the last, as measured and not read off that clock
	first  bool          // of its process, which has measured nothing before
}

// after is the calendar after a glance.
func (c calendar) after(g glance) calendar {
	if c.Sure == 0 {
		return calendar{Sure: g.wall}
	}
	c.Sure += g.passed.Milliseconds()
	lead := g.wall - c.Sure
	switch {
	case distant(lead) <= trustedLead.Milliseconds():
		return calendar{Sure: g.wall}
	case c.Doubt == 0 || (lead < 0) != (c.Doubt < 0):
		c.Doubt, c.DoubtSure, c.DoubtWall = lead, c.Sure, g.wall
	case distant(lead) < distant(c.Doubt):
		c.Doubt = lead
	}
	day := secondLook.Milliseconds()
	if c.Sure-c.DoubtSure >= day || g.first && g.wall-c.DoubtWall >= day {
		return calendar{Sure: c.Sure + c.Doubt}
	}
	return c
}

func distant(lead int64) int64 { return max(lead, -lead) }

// ahead is how far a clock that says wall is ahead of the time we believe, 0 if that is not
// worth a word.
func (c calendar) ahead(wall int64) time.Duration {
	if lead := wall - c.Sure; c.Sure != 0 && lead > trustedLead.Milliseconds() {
		return time.Duration(lead) * time.Millisecond
	}
	return 0
}

// calendarQuery has no row that was never written.
const calendarQuery = `select coalesce(sum(value) filter (where name = 'sure'), 0),
	coalesce(sum(value) filter (where name = 'doubt'), 0),
	coalesce(sum(value) filter (where name = 'doubt_sure'), 0),
	coalesce(sum(value) filter (where name = 'doubt_wall'), 0)
	from meta where name in ('sure', 'doubt', 'doubt_sure', 'doubt_wall')`

func scanCalendar(row scanner) (c calendar, err error) {
	return c, row.Scan(&c.Sure, &c.Doubt, &c.DoubtSure, &c.DoubtWall)
}

// lookAtClock moves the calendar on, and says until when things have surely expired.
func (db *DB) lookAtClock(ctx context.Context) (c calendar, until time.Time, err error) {
	db.watch.Lock()
	defer db.watch.Unlock()
	now := db.now()
	err = db.writer.do(ctx, func(t *tx) error {
		was, err := scanCalendar(t.row(calendarQuery))
		if err != nil {
			return fmt.Errorf("calendar: %w", damaged(err))
		}
		passed := now.Sub(db.watched) // by the monotonic clock, which nobody sets
		if was.Sure == 0 {
			if was.Sure, err = t.lastMail(now.Add(-passed)); err != nil {
				return err
			}
		}
		c = was.after(glance{now.UnixMilli(), passed, !db.watching})
		return t.setCalendar(c)
	})
	if err != nil {
		return c, until, err
	}
	db.watched, db.watching = now, true
	return c, fromMillis(min(c.Sure, now.UnixMilli())), nil
}

// lastMail is the newest time that a database knows of in which nobody has looked at the clock,
// but not after limit; 0 if there is none.
func (t *tx) lastMail(limit time.Time) (at int64, err error) {
	err = t.row(`select coalesce(max(created_at), 0) from suspended`).Scan(&at)
	return min(at, limit.UnixMilli()), damaged(err)
}

func (t *tx) setCalendar(c calendar) error {
	for name, value := range map[string]int64{"sure": c.Sure, "doubt": c.Doubt,
		"doubt_sure": c.DoubtSure, "doubt_wall": c.DoubtWall} {
		if err := t.setMeta(name, value); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) setMeta(name string, value int64) error {
	return t.exec(`insert into meta (name, value) values ($1, $2)
		on conflict (name) do update set value = excluded.value`, name, value)
}

func (t *tx) addMeta(name string, n int) error {
	return t.exec(`insert into meta (name, value) values ($1, $2)
		on conflict (name) do update set value = meta.value + excluded.value`, name, n)
}

// watchAnew is for who looks at the clock again: what has passed meanwhile another saw.
func (db *DB) watchAnew() {
	db.watch.Lock()
	defer db.watch.Unlock()
	db.watched, db.watching = db.now(), false
}
