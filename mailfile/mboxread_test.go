package mailfile

import (
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
)

// A longFile is a file that repeats a line behind its start, of which nothing is in memory.
type longFile struct {
	start, line string
	size        int64
}

func (f longFile) ReadAt(b []byte, at int64) (n int, err error) {
	for n < len(b) && at < f.size {
		text, off := f.start, at
		if past := at - int64(len(f.start)); past >= 0 {
			text, off = f.line, past%int64(len(f.line))
		}
		m := copy(b[n:], text[off:min(int64(len(text)), off+f.size-at)])
		n, at = n+m, at+int64(m)
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// However long a message, its header or a line is, little of it is in memory.
func TestPartMboxHoldsLittle(t *testing.T) {
	const size, most = 4 << 20, 2 << 20
	start := dated("{a}\nFrom: a@x.test\n")
	for why, f := range map[string]longFile{
		"a body":         {start + "\n", "text\n", size},
		"a line":         {start + "\n", strings.Repeat("x", 1000), size},
		"a header":       {start, "X-A: b\n", size},
		"a header field": {start + "X-A:", " b", size},
		"a From_ line":   {start + "\nFrom ", "x", size},
		"a length":       {start + "Content-Length: ", "1", size},
		"many >":         {start + "\n", ">", size},
	} {
		t.Run(why, func(t *testing.T) {
			f.line = strings.Repeat(f.line, 1000) // it is quicker to make
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			n := 0
			err := partMbox(f, f.size, func(p *Entry) bool {
				n++
				if p.from != int64(strings.Index(start, "\n")+1) || p.to != f.size {
					t.Errorf("it lies from %d to %d", p.from, p.to)
				}
				_, err := io.CopyN(io.Discard, p.OnWire(), 1<<20)
				return err == nil
			})
			runtime.ReadMemStats(&after)
			if took := after.TotalAlloc - before.TotalAlloc; err != nil || n != 1 || took > most {
				t.Errorf("%d messages, %v, %d octets of memory", n, err, took)
			}
		})
	}
}

// A From_ line has a limit: a longer one is text.
func TestLongestFromLine(t *testing.T) {
	line := func(n int) string {
		rest := "@x.test Mon Oct  5 09:00:00 2026\n"
		return "From " + strings.Repeat("a", n-len("From ")-len(rest)) + rest
	}
	for n, want := range map[int]int{longestFromLine: 2, longestFromLine + 1: 1} {
		got := parts(t, dated("{a}\nFrom: a@x.test\n\nc\n\n")+line(n)+"From: b@x.test\n\nd\n")
		if len(got) != want {
			t.Errorf("a line of %d octets: %d messages, want %d", n, len(got), want)
		}
	}
	mbox := line(longestFromLine+1) + "From: a@x.test\n\nc\n"
	err := partMbox(strings.NewReader(mbox), int64(len(mbox)), func(*Entry) bool { return true })
	if err == nil || !strings.Contains(err.Error(), "does not begin with") {
		t.Errorf("as the first of a file: %v", err)
	}
}

// A damagedFile cannot be read beyond an octet.
type damagedFile struct {
	io.ReaderAt
	from int64
}

var errDamaged = errors.New("input/output error")

func (d damagedFile) ReadAt(b []byte, at int64) (int, error) {
	if at+int64(len(b)) <= d.from {
		return d.ReaderAt.ReadAt(b, at)
	}
	n, err := 0, error(nil)
	if at < d.from {
		n, err = d.ReaderAt.ReadAt(b[:d.from-at], at)
	}
	return n, errors.Join(err, errDamaged)
}

// Where the end of a body cannot be read, the file is in error: its length is not passed over.
func TestPartMboxDamaged(t *testing.T) {
	mbox := dated("{a}\nFrom: a@x.test\nContent-Length: 2\n\nc\n\n{b}\nFrom: b@x.test\n\nd\n")
	for from := range int64(len(mbox)) {
		n := 0
		err := partMbox(damagedFile{strings.NewReader(mbox), from}, int64(len(mbox)),
			func(*Entry) bool { n++; return true })
		if !errors.Is(err, errDamaged) || n > 1 {
			t.Errorf("damaged from octet %d: %d messages, %v", from, n, err)
		}
	}
}

// A Content-Length that ends within a line ends no message.
func TestLengthWithinALine(t *testing.T) {
	body := dated("c {b}\nd\n")
	got := parts(t, dated("{a}\nFrom: a@x.test\nContent-Length: 2\n\n")+body)
	if len(got) != 1 || !strings.HasSuffix(got[0], "\n\n"+body) {
		t.Errorf("%q", got)
	}
}
