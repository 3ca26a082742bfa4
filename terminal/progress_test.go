package terminal

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"
)

// TestProgress: each step has a bar with what it counts, and nothing is left of any.
func TestProgress(t *testing.T) {
	var out bytes.Buffer
	p := &Progress{out: &out}
	for _, c := range []struct {
		say  func()
		want []string
	}{
		{func() { p.Octets("contents", 1_000_000, 4_000_000) }, []string{"contents", "25%", "1.0/4.0 MB"}},
		{func() { p.Octets("contents", 4_000_000, 4_000_000) }, []string{"contents", "100%"}},
		{func() { p.Things("rows", 30, 40) }, []string{"\x1b[2K", "rows", "75%", "30/40", "|"}},
		{func() { p.Things("rows", 50, 40) }, []string{"rows", "100%", "50/50"}}, // more than there were
		{func() { p.Things("tables", 7, 0) }, []string{"tables", "7/-"}},
		{p.End, []string{"\r\x1b[2K"}},
	} {
		out.Reset()
		c.say()
		for _, want := range c.want {
			if !strings.Contains(strings.ReplaceAll(out.String(), "\u00a0", " "), want) {
				t.Errorf("%q is not in %q", want, out.String())
			}
		}
	}
	out.Reset()
	if p.End(); out.Len() > 0 {
		t.Errorf("nothing is drawn, and cleared: %q", out.String())
	}
}

// TestProgressIsSeldom: a step is drawn at once, and not again before it is time; what waits is not
// drawn at once.
func TestProgressIsSeldom(t *testing.T) {
	var out bytes.Buffer
	p := &Progress{out: &out, every: time.Hour}
	p.Things("rows", 1, 2)
	first := out.Len()
	p.Things("rows", 2, 2)
	if first == 0 || out.Len() > first {
		t.Errorf("%q", out.String())
	}
	p.End()
	out.Reset()
	p.Wait("pages")
	p.End()
	if out.Len() > 0 {
		t.Errorf("%q", out.String())
	}
}

// TestProgressWaits: what cannot tell how far it is turns by itself, until it ends.
func TestProgressWaits(t *testing.T) {
	drawn := make(chan string, 1)
	p := &Progress{out: writerFunc(func(b []byte) {
		select {
		case drawn <- string(b):
		default:
		}
	}), every: time.Millisecond}
	p.Wait("pages")
	ended := p.ended
	if said := <-drawn; !strings.Contains(said, "pages") {
		t.Errorf("%q", said)
	}
	p.End()
	<-ended
}

type writerFunc func([]byte)

func (f writerFunc) Write(b []byte) (int, error) {
	f(b)
	return len(b), nil
}

// TestProgressOnTerminalsOnly: a file and a pipe get nothing, and are not written through.
func TestProgressOnTerminalsOnly(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if !piped(w) || piped(&bytes.Buffer{}) {
		t.Error("what is a pipe is not known")
	}
	p := NewProgress(w, nil)
	p.Wait("pages")
	p.Things("rows", 1, 2)
	p.End()
	if p.out != nil || p.Over(w) != w {
		t.Error("it draws into a pipe")
	}
	w.Close()
	var said bytes.Buffer
	if _, err := said.ReadFrom(r); err != nil || said.Len() > 0 {
		t.Errorf("%q, %v", said.String(), err)
	}
}
