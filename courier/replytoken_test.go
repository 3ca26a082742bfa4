package courier

import (
	"strings"
	"testing"
	"time"

	"gatepost/message"
)

var tokenDay = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

func tokens() *ReplyTokens {
	return &ReplyTokens{Key: []byte(strings.Repeat("k", 32)), Life: 30 * 24 * time.Hour}
}

// TestReplyToken: a token comes back as the ticket that it was issued for, whatever case it has been
// brought into, and for as long as it lives.
func TestReplyToken(t *testing.T) {
	r := tokens()
	for _, ticket := range []int64{1, 7, 1<<40 + 3, 1<<48 - 1} {
		for _, to := range []string{"support@help.test", "Support+eu@help.test",
			"support+re-old@help.test"} {
			path := r.Address(to, ticket, tokenDay)
			for _, sent := range []string{path, strings.ToLower(path), strings.ToUpper(path)} {
				if got := r.Ticket(sent, tokenDay); got != ticket {
					t.Errorf("%s is of ticket %d, want %d", sent, got, ticket)
				}
			}
			base, _ := message.ReplyTag(path)
			if want, _ := message.ReplyTag(to); base != want || strings.Count(path, "re-") != 1 {
				t.Errorf("%s for %s", path, to)
			}
		}
	}
	path := r.Address("support@help.test", 7, tokenDay)
	for after, want := range map[time.Duration]int64{-48 * time.Hour: 0, -24 * time.Hour: 7,
		30 * 24 * time.Hour: 7, 31 * 24 * time.Hour: 0} {
		if got := r.Ticket(path, tokenDay.Add(after)); got != want {
			t.Errorf("after %s it is of ticket %d, want %d", after, got, want)
		}
	}
}

// TestForgedToken: no part of a token can be changed, left out or taken from another.
func TestForgedToken(t *testing.T) {
	r := tokens()
	path := r.Address("support@help.test", 7, tokenDay)
	forged := []string{"support@help.test", "support+re-@help.test", "support+7@help.test", "",
		"support+re-" + strings.Repeat("a", 32) + "@help.test"}
	mark := strings.Index(path, "re-") + len("re-")
	for i := mark; path[i] != '@'; i++ {
		other := byte('a')
		if path[i] == 'a' {
			other = 'b'
		}
		forged = append(forged, path[:i]+string(other)+path[i+1:], path[:i]+path[i+1:],
			path[:i]+"@help.test")
	}
	for _, sent := range forged {
		if got := r.Ticket(sent, tokenDay); got != 0 {
			t.Errorf("%q is taken for ticket %d", sent, got)
		}
	}
	other := tokens()
	other.Key = []byte(strings.Repeat("j", 32))
	if got := other.Ticket(path, tokenDay); got != 0 {
		t.Errorf("with another key it is of ticket %d", got)
	}
}

// TestNoToken: where an address cannot bear one there is none.
func TestNoToken(t *testing.T) {
	r := tokens()
	for to, ticket := range map[string]int64{"support@help.test": 0, "a@help.test": 1 << 48,
		`"a b"@help.test`: 7, "postmaster": 7, strings.Repeat("a", 29) + "@help.test": 7,
		"a@" + strings.Repeat("help.", 45) + "test": 7} {
		if path := r.Address(to, ticket, tokenDay); path != "" {
			t.Errorf("%s for %s", path, to)
		}
	}
}

// TestTokenOfEnvelope: of several recipients it is the first that bears a sound one.
func TestTokenOfEnvelope(t *testing.T) {
	r := tokens()
	path := r.Address("support@help.test", 7, tokenDay)
	for _, c := range []struct {
		to   []string
		want string
		of   int64
	}{
		{[]string{"a@help.test"}, "", 0},
		{[]string{"a@help.test", path}, path, 7},
		{[]string{"a+re-x@help.test", path}, path, 7},
		{[]string{"a+re-x@help.test", "a+re-y@help.test"}, "a+re-x@help.test", 0},
	} {
		to, ticket := r.Token(&message.Envelope{Recipients: c.to, ReceivedAt: tokenDay})
		if to != c.want || ticket != c.of {
			t.Errorf("%q: %s, %d", c.to, to, ticket)
		}
	}
}
