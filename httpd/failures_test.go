package httpd

import (
	"fmt"
	"testing"
	"time"
)

// TestFailuresAreBounded: guessers do not fill the audit log, and do not hide that they were
// there.
func TestFailuresAreBounded(t *testing.T) {
	clock := &stillClock{at: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)}
	f := &failures{now: clock.now}
	noted := 0
	for i := range 10 * failuresInAll {
		for range 2 * failuresPerAccount {
			if room, _ := f.take(fmt.Sprint(i % 3)); room {
				noted++
			}
		}
	}
	if noted != 3*failuresPerAccount {
		t.Errorf("%d of three accounts", noted)
	}
	for i := range 10 * failuresInAll {
		if room, _ := f.take("guess-" + fmt.Sprint(i)); room {
			noted++
		}
	}
	if noted != failuresInAll {
		t.Errorf("%d in all", noted)
	}
	clock.move(failuresWindow)
	if room, skipped := f.take("next"); !room || skipped == 0 {
		t.Errorf("an hour later: %t, %d skipped", room, skipped)
	}
	if _, skipped := f.take("next"); skipped != 0 {
		t.Errorf("skipped are told twice")
	}
}
