package httpd

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"gatepost/limiter"
	"gatepost/message"
)

// account is the address of one of many accounts.
func account(t *testing.T, name any) message.Address {
	t.Helper()
	a := message.MustParseAddress(fmt.Sprintf("%v@acme.test", name))
	return a
}

// TestAttempts counts without passwords, which take their time.
func TestAttempts(t *testing.T) {
	c := &stillClock{at: time.Unix(0, 0)}
	a := newAttempts(c.now)
	one := netip.MustParseAddr("2001:db8::1")
	for i := range attemptsPerAddress {
		if wait, _ := a.take(account(t, i), one); wait != 0 {
			t.Fatalf("account %d waits %s", i, wait)
		}
	}
	before := len(a.made)
	if wait, _ := a.take(account(t, "other"), netip.MustParseAddr("2001:db8::2")); wait == 0 {
		t.Error("the same network tries on")
	}
	if len(a.made) != before {
		t.Errorf("who has to wait leaves %d records", len(a.made)-before)
	}
	other := netip.MustParseAddr("2001:db8:0:1::1")
	if wait, _ := a.take(account(t, "other"), other); wait != 0 {
		t.Error("another network is refused")
	}
	c.move(attemptWindow)
	for range 3 * attemptsPerAccount { // what does not fail does not count
		wait, undo := a.take(account(t, "ann"), one)
		if wait != 0 {
			t.Fatal("refused")
		}
		undo()
	}
}

// TestAttemptsAreBounded: who tries from everywhere fills no memory, keeps nobody out, and
// gets no new guesses where there were none left.
func TestAttemptsAreBounded(t *testing.T) {
	c := &stillClock{at: time.Unix(0, 0)}
	a := newAttempts(c.now)
	one, ann := netip.MustParseAddr("192.0.2.1"), account(t, "ann")
	for range attemptsPerAccount {
		a.take(ann, one)
	}
	for i := range 3 * maxAttempts {
		addr := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		if wait, _ := a.take(ann, addr); wait != 0 {
			t.Fatalf("attempt %d waits %s", i, wait)
		}
	}
	if len(a.made) > maxAttempts {
		t.Errorf("%d records", len(a.made))
	}
	if wait, _ := a.take(ann, one); wait == 0 {
		t.Error("a record that blocks is forgotten")
	}
	c.move(attemptWindow)
	a.take(ann, one)
	if len(a.made) > 2 {
		t.Errorf("%d records, of which two are not over", len(a.made))
	}
}

// TestAttemptsAllBlock: when every record blocks, nobody else is kept out, and none is made.
func TestAttemptsAllBlock(t *testing.T) {
	c := &stillClock{at: time.Unix(0, 0)}
	a := newAttempts(c.now)
	ann := account(t, "ann")
	for i := range maxAttempts {
		addr := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		a.made[attemptKey{ann.String(), limiter.OriginOf(addr)}] = &attempt{attemptsPerAccount, c.now()}
	}
	wait, undo := a.take(ann, netip.MustParseAddr("192.0.2.1"))
	if wait != 0 || len(a.made) != maxAttempts {
		t.Fatalf("waits %s, %d records", wait, len(a.made))
	}
	undo()
	if wait, _ := a.take(ann, netip.MustParseAddr("10.0.0.1")); wait == 0 {
		t.Error("a record that blocks is forgotten")
	}
}
