package main

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"
)

// quietCount is for how long nothing has been received, as /metrics shows it.
type quietCount struct{ *daemon }

func (quietCount) desc() *prometheus.Desc {
	return prometheus.NewDesc("gatepost_quiet_seconds",
		"For how long nothing was received, whatever became of it; since the start at most.", nil, nil)
}

// Describe sends the one there is.
func (c quietCount) Describe(to chan<- *prometheus.Desc) { to <- c.desc() }

// Collect sends it, unless the database cannot be read, as gatepost_store_up says.
func (c quietCount) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTime)
	defer cancel()
	since, err := lastHeard(ctx, c.db, c.started)
	if err != nil {
		return
	}
	to <- prometheus.MustNewConstMetric(c.desc(), prometheus.GaugeValue,
		max(c.app.now().Sub(since).Seconds(), 0))
}
