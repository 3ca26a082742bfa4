package terminal

import (
	"errors"
	"strings"
	"testing"
	"testing/iotest"
)

// Only a yes is one, and a question obeys no stranger.
func TestAsk(t *testing.T) {
	for answer, want := range map[string]bool{"y\n": true, " YES \r\n": true, "yes": true,
		"": false, "\n": false, "n\n": false, "yes please\n": false, "\ny\n": false} {
		var out strings.Builder
		yes, err := Ask(strings.NewReader(answer), &out, "delete a\x1b[2J")
		if err != nil || yes != want || out.String() != `delete a\x1b[2J? [y/N] ` {
			t.Errorf("%q: %v, %v, %q", answer, yes, err, out.String())
		}
	}
	broken := errors.New("no terminal")
	yes, err := Ask(iotest.ErrReader(broken), &strings.Builder{}, "x")
	if yes || !errors.Is(err, broken) {
		t.Errorf("%v, %v", yes, err)
	}
}
