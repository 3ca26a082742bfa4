package httpd

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"gatepost/store"
)

// counts are what /metrics shows. No label is an address, a domain or a path: strangers
// could make any number of them.
type counts struct {
	registry   *prometheus.Registry
	requests   *prometheus.CounterVec
	signIns    *prometheus.CounterVec
	refused    prometheus.Counter
	turnedAway prometheus.Counter
}

func newCounts(s *Server) *counts {
	c := &counts{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "gatepost_http_requests_total",
			Help: "Requests answered, by method and status."}, []string{"method", "status"}),
		signIns: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "gatepost_sign_ins_total",
			Help: "Attempts to sign in, by outcome."}, []string{"outcome"}),
		refused: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "gatepost_access_refused_total",
			Help: "Requests refused by IP restrictions."}),
		turnedAway: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "gatepost_http_connections_refused_total",
			Help: "Connections closed at once, since too many were open."}),
	}
	for _, o := range []signInOutcome{signedIn, wrongPassword, notFromThere, tooOften} {
		c.signIns.WithLabelValues(string(o)) // shown from the start, as 0
	}
	c.registry.MustRegister(c.requests, c.signIns, c.refused, c.turnedAway,
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), &state{server: s},
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "gatepost_event_streams",
			Help: "Streams of events that are open."}, func() float64 { return float64(s.streams.open()) }))
	c.registry.MustRegister(s.Counts...)
	return c
}

// answered counts a request. A method is anything that a client sends, so the rare are one.
func (c *counts) answered(method string, status int) {
	switch method {
	case "GET", "HEAD", "POST", "PUT", "DELETE":
	default:
		method = "other"
	}
	c.requests.WithLabelValues(method, strconv.Itoa(status)).Inc()
}

func (c *counts) signIn(o signInOutcome) { c.signIns.WithLabelValues(string(o)).Inc() }

func (c *counts) refuse() { c.refused.Inc() }

// metricsPage shows them to its own ranges only. By default that is this machine: not
// somebody whom a proxy on it lets in, though the connection says so. A proxy of ours may
// leave out whom it speaks for, so that its connections are never this machine's.
func (s *Server) metricsPage(w http.ResponseWriter, r *http.Request, c Caller) error {
	allowed := s.Metrics.Contains(c.Client)
	switch {
	case s.Metrics == nil:
		allowed = c.Client.IsLoopback() && !c.forwarded
	case !namesClient(r): // a proxy that is named there itself is let in for what it is
		allowed = s.Metrics.Contains(c.peer)
	}
	if !allowed {
		return Forbidden("%s may not read the metrics: see http.metrics", c.From())
	}
	promhttp.HandlerFor(s.counts.registry, promhttp.HandlerOpts{}).ServeHTTP(w, r)
	return nil
}

// scrapeTime bounds the questions to the store: the rest is shown even if it does not answer.
const scrapeTime = 5 * time.Second

// A state reads what the store says each time it is asked.
type state struct{ server *Server }

// Describe names nothing: what there is depends on the store.
func (state) Describe(chan<- *prometheus.Desc) {}

// Collect shows the store's state.
func (c state) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTime)
	defer cancel()
	gauge := func(name, help string, value float64, labels ...string) {
		var names, values []string
		for i := 0; i < len(labels); i += 2 {
			names, values = append(names, labels[i]), append(values, labels[i+1])
		}
		desc := prometheus.NewDesc("gatepost_"+name, help, names, nil)
		to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, values...)
	}
	gauge("info", "What runs.", 1, "version", c.server.Version)
	status, err := c.server.DB.Status(ctx)
	if err != nil {
		gauge("store_up", "Whether the store answers.", 0)
		return
	}
	gauge("store_up", "Whether the store answers.", 1)
	damaged := 0.0
	if c.server.DB.WithoutIndexes() {
		damaged = 1
	}
	gauge("indexes_damaged", "Whether something was read without the indexes of the database, "+
		"since they are damaged.", damaged)
	copied := 1.0
	if c.server.DB.SecondCopy() != nil {
		copied = 0
	}
	gauge("second_copy", "Whether there is a second copy of the database, to be rescued when that "+
		"is written over.", copied)
	gauge("held", "Messages that are held.", float64(status.Held))
	gauge("held_expired", "Held messages over their time that are not deleted yet.",
		float64(status.Expired))
	gauge("clock_ahead_seconds", "How far the clock is ahead of the time that was seen to pass; "+
		"nothing expires by that.", float64(status.Ahead))
	gauge("tickets", "Tickets.", float64(status.Tickets))
	gauge("comments", "Replies that joined a ticket.", float64(status.Comments))
	gauge("profiles", "Known profiles.", float64(status.Users))
	showNodes(status.Nodes, gauge)
	gauge("rules_generation", "Rises with each change of the lists.", float64(status.Generation))
	if status.OldestHeld != nil {
		gauge("oldest_held_timestamp_seconds", "When the oldest held message came.",
			float64(status.OldestHeld.Unix()))
	}
	const decided = "Decisions within the window, by kind."
	for kind, n := range status.Hour {
		gauge("decisions", decided, float64(n), "kind", kind, "window", "1h")
	}
	for kind, n := range status.Day {
		gauge("decisions", decided, float64(n), "kind", kind, "window", "24h")
	}
	if b, err := c.server.DB.Balance(ctx); err == nil {
		gauge("conservation_difference", "Messages accepted less what became of them: tickets, "+
			"comments, held, rejected, deleted, expired, handed off, set aside, sent again. It must be 0.",
			float64(b.Difference()))
		c.totals(to, b)
		gauge("duplicates", "Messages that were sent again, and are stored once.",
			float64(b.Duplicates))
	}
	c.causes(ctx, gauge)
}

// showNodes shows those that have one name as the one that was seen last.
func showNodes(nodes []store.Node, gauge func(name, help string, value float64, labels ...string)) {
	unseen := map[string]int64{}
	for _, n := range nodes {
		if before, is := unseen[n.Name]; !is || n.Unseen < before {
			unseen[n.Name] = n.Unseen
		}
	}
	for name, seconds := range unseen {
		gauge("node_unseen_seconds", "How long a node of this database has not been seen.",
			float64(seconds), "node", name)
	}
}

// totals are how many messages were accepted since the database was made, and how many ended.
func (state) totals(to chan<- prometheus.Metric, b store.Balance) {
	for _, total := range []struct {
		name, help string
		n          int64
	}{
		{"accepted", "Messages answered 250, since the database was made.", b.Accepted},
		{"rejected", "Messages of those that were silently rejected.", b.Rejected},
		{"deleted", "Held messages that people deleted for good.", b.Deleted},
		{"expired", "Held messages that were deleted when their time was over.", b.Expired},
		{"handed_off", "Tickets and comments that were deleted since every target had them.",
			b.HandedOff},
	} {
		desc := prometheus.NewDesc("gatepost_"+total.name+"_total", total.help, nil, nil)
		to <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, float64(total.n))
	}
}

func (c state) causes(ctx context.Context,
	gauge func(name, help string, value float64, labels ...string)) {
	causes, err := c.server.DB.CauseCounts(ctx)
	if err != nil {
		return
	}
	for cause, n := range causes {
		gauge("held_by_cause", "Messages that are held, by cause.", float64(n), "cause", cause)
	}
}
