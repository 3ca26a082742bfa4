package console

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"gatepost/httpd"
	"gatepost/store"
)

// A statusView is how things stand, and a plot of what was decided.
type statusView struct {
	store.Status
	Ready string // why no message would be taken now, "" if one would
	Kinds []kindCount
	Plot  plot
	Rules int // entries on both lists

	NextDigest time.Time // the zero time if nobody gets one
}

// A kindCount is how many decisions of one kind there were.
type kindCount struct {
	Kind      string
	Hour, Day int64
}

// A plot is decisions over time, as bars in units of an SVG.
type plot struct {
	Width, Height int
	Most          int64
	Bars          []bar
	Kinds         []string
}

// A bar is what was decided in one step of time.
type bar struct {
	At    time.Time
	X     int
	Parts []barPart
	Total int64
}

// A barPart is the decisions of one kind.
type barPart struct {
	Kind      string
	Class     string
	N         int64
	Y, Height int
}

// Of the plot, in units of its own.
const (
	plotSteps = 48
	plotStep  = 30 * time.Minute
	barWidth  = 14
	plotTall  = 160
)

// plotKinds are what is plotted, from the bottom up.
var plotKinds = [...]string{"ticket", "comment", "suspend", "reject"}

func (s *handlers) statusPage(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	view, err := s.statusView(r.Context())
	if err != nil {
		return err
	}
	return s.render(w, r, c, "status.html", view)
}

func (s *handlers) statusView(ctx context.Context) (view statusView, err error) {
	if view.Status, err = s.DB.Status(ctx); err != nil {
		return view, err
	}
	if s.Ready != nil {
		if e := s.Ready(ctx); e != nil {
			view.Ready = e.Error()
		}
	}
	if s.NextDigest != nil {
		if view.NextDigest, err = s.NextDigest(ctx); err != nil {
			return view, err
		}
	}
	p, err := s.DB.Policy(ctx)
	if err != nil {
		return view, err
	}
	view.Rules, view.Kinds = p.Allow.Len()+p.Block.Len(), kindCounts(view.Status)
	since := s.Now().Truncate(plotStep).Add(-(plotSteps - 1) * plotStep)
	points, err := s.DB.Plot(ctx, since, plotStep)
	view.Plot = draw(points)
	return view, err
}

func kindCounts(st store.Status) (kinds []kindCount) {
	names := []string{}
	for _, counts := range []store.Counts{st.Day, st.Hour} {
		for kind := range counts {
			if !slices.Contains(names, kind) {
				names = append(names, kind)
			}
		}
	}
	slices.Sort(names)
	for _, name := range names {
		kinds = append(kinds, kindCount{name, st.Hour[name], st.Day[name]})
	}
	return kinds
}

// draw makes bars of counts.
func draw(points []store.Point) plot {
	p := plot{Width: plotSteps * barWidth, Height: plotTall, Kinds: plotKinds[:]}
	for i, point := range points[:min(len(points), plotSteps)] {
		b := bar{At: point.At, X: i * barWidth}
		for _, kind := range plotKinds {
			part := barPart{Kind: kind, Class: "is-" + kind, N: sum(point.Counts, kind)}
			b.Total += part.N
			b.Parts = append(b.Parts, part)
		}
		p.Most = max(p.Most, b.Total)
		p.Bars = append(p.Bars, b)
	}
	for i := range p.Bars {
		p.Bars[i].stack(p.Most)
	}
	return p
}

// sum takes reject:address and its kin together.
func sum(counts store.Counts, kind string) (n int64) {
	for name, more := range counts {
		if name == kind || strings.HasPrefix(name, kind+":") {
			n += more
		}
	}
	return n
}

// stack gives each part its height; what is there at all can be seen.
func (b *bar) stack(most int64) {
	y := plotTall
	for i := range b.Parts {
		p := &b.Parts[i]
		if p.N > 0 {
			p.Height = max(2, int(p.N*(plotTall-10)/max(most, 1)))
		}
		y -= p.Height
		p.Y = y
	}
}
