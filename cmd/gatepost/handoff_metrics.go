package main

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gatepost/courier"
	"gatepost/store"
)

// scrapeTime bounds what a scrape asks of the database.
const scrapeTime = 5 * time.Second

// handoffCounts are what /metrics shows of hand-offs. Its labels are the operator's names of
// targets.
type handoffCounts struct {
	db      *store.DB
	courier *courier.Engine
	now     func() time.Time
}

// Describe sends nothing: which targets there are may change.
func (handoffCounts) Describe(chan<- *prometheus.Desc) {}

// Collect sends what waits, and how the tries of this process ended.
func (c handoffCounts) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTime)
	defer cancel()
	send := func(kind prometheus.ValueType, name, help string, value float64, labels ...string) {
		names := []string{"target", "result"}[:len(labels)]
		desc := prometheus.NewDesc("gatepost_handoff_"+name, help, names, nil)
		to <- prometheus.MustNewConstMetric(desc, kind, value, labels...)
	}
	for count, n := range c.courier.Counts() {
		send(prometheus.CounterValue, "attempts_total", "Tries since the start, by how they ended.",
			float64(n), count.Target, count.Result)
	}
	targets, err := c.db.Targets(ctx)
	if err != nil {
		return // gatepost_store_up says so
	}
	for _, t := range targets {
		gauge := func(name, help string, value float64) {
			send(prometheus.GaugeValue, name, help, value, t.Name)
		}
		oldest, paused := 0.0, 0.0
		if t.Oldest != nil {
			oldest = max(c.now().Sub(*t.Oldest).Seconds(), 0)
		}
		if t.PausedAt != nil {
			paused = 1
		}
		gauge("backlog", "Hand-offs that wait.", float64(t.Waiting))
		gauge("oldest_seconds", "Since when the oldest of them waits; 0 if none does.", oldest)
		gauge("failed", "Hand-offs that were refused or given up.", float64(t.Failed))
		gauge("unknown", "Hand-offs that may have arrived.", float64(t.Unknown))
		gauge("paused", "Whether nothing is carried to the target.", paused)
	}
}
