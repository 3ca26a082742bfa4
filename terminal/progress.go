package terminal

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
)

// drawEvery is how often a bar is drawn anew, and how long that of a step which only waits is not.
const drawEvery = 200 * time.Millisecond

// A Progress says on a terminal how far each step of a task is, in a line that is gone in the end.
// Elsewhere it says nothing. What cannot be drawn is no reason to end the task.
type Progress struct {
	out   io.Writer // nil for none
	every time.Duration

	mu     sync.Mutex
	step   string
	bar    *progressbar.ProgressBar // of the step; nil for none
	known  bool                     // what its total is
	drawn  time.Time
	behind bool          // the line has a bar on it
	begun  bool          // the line has something else on it
	ended  chan struct{} // ends the turning of what waits; nil where nothing does
}

// NewProgress draws on w if that is a terminal, and the results that come meanwhile (nil for none)
// are not piped to another program, whose lines would run into it.
func NewProgress(w, results io.Writer) *Progress {
	p := &Progress{every: drawEvery}
	if Is(w) && !piped(results) {
		p.out = w
	}
	return p
}

func piped(w io.Writer) bool {
	file, ok := w.(interface{ Stat() (os.FileInfo, error) })
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&(os.ModeNamedPipe|os.ModeSocket) != 0
}

// Octets says how many octets of a step are done, of a total that is 0 if nobody knows it.
func (p *Progress) Octets(step string, done, total int64) { p.tell(step, done, total, true) }

// Things says how many things of a step are done, of a total that is 0 if nobody knows it.
func (p *Progress) Things(step string, done, total int64) { p.tell(step, done, total, false) }

// Messages is Things where they are the messages of a task that has one step.
func (p *Progress) Messages(done, total int64) { p.Things("messages", done, total) }

func (p *Progress) tell(step string, done, total int64, octets bool) {
	if p.out == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if step != p.step || p.bar == nil {
		p.begin(step, total, progressbar.OptionShowCount(), progressbar.OptionShowBytes(octets))
	}
	if time.Since(p.drawn) < p.every {
		return
	}
	if total = max(done, total); total > p.bar.GetMax64() && p.known {
		p.bar.ChangeMax64(total)
	}
	p.draw(func() error { return p.bar.Set64(done) })
}

// Wait says that a step is under way of which nobody can tell how far it is.
func (p *Progress) Wait(step string) {
	if p.out == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.begin(step, 0)
	p.ended = make(chan struct{})
	go p.turn(p.ended)
}

// turn draws what waits anew until that has ended.
func (p *Progress) turn(ended chan struct{}) {
	tick := time.NewTicker(p.every)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			return
		case <-tick.C:
		}
		p.mu.Lock()
		if p.ended == ended {
			p.draw(p.bar.RenderBlank)
		}
		p.mu.Unlock()
	}
}

// begin has the bar of another step take the place of the last one.
func (p *Progress) begin(step string, total int64, options ...progressbar.Option) {
	p.end()
	p.step, p.drawn, p.known = step, time.Time{}, total > 0
	if !p.known {
		total = -1
	}
	p.bar = progressbar.NewOptions64(total, append(options, progressbar.OptionSetWriter(p.out),
		progressbar.OptionSetDescription(fmt.Sprintf("%-8s", step)), progressbar.OptionFullWidth(),
		progressbar.OptionUseANSICodes(true), progressbar.OptionSetSpinnerChangeInterval(0))...)
	p.bar.StartWithoutRender() // from when on it counts how much in a second
}

func (p *Progress) draw(render func() error) {
	if p.begun {
		return
	}
	p.drawn, p.behind = time.Now(), true
	_ = render()
}

// End takes the bar away. The next step begins another one.
func (p *Progress) End() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.end()
}

func (p *Progress) end() {
	if p.ended != nil {
		close(p.ended)
	}
	p.clear()
	p.bar, p.ended = nil, nil
}

// clear empties the line of the bar.
func (p *Progress) clear() {
	if p.behind {
		_, _ = io.WriteString(p.out, "\r\x1b[2K")
	}
	p.behind = false
}

// Over is w without what is left of a bar in its lines: the bar goes before they are written, and
// comes again behind the end of one.
func (p *Progress) Over(w io.Writer) io.Writer {
	file, ok := w.(*os.File)
	if !ok || p.out == nil || !Is(file) {
		return w
	}
	return &overBar{file, p}
}

// An overBar is a terminal with a bar on it.
type overBar struct {
	file *os.File
	p    *Progress
}

func (o *overBar) Fd() uintptr { return o.file.Fd() }

func (o *overBar) Write(b []byte) (int, error) {
	o.p.mu.Lock()
	defer o.p.mu.Unlock()
	o.p.clear()
	o.p.begun = len(b) > 0 && b[len(b)-1] != '\n'
	return o.file.Write(b)
}
