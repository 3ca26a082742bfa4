package main

import (
	"context"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gatepost/smtpd"
)

// expirySoon is how far ahead /metrics looks at what expires.
const expirySoon = 24 * time.Hour

// mailCounts are what a server takes down of each message that it accepts.
type mailCounts struct {
	took prometheus.Histogram
	last *atomic.Int64 // when the last came, in Unix milliseconds; 0: none since the start
}

func newMailCounts() mailCounts {
	return mailCounts{last: new(atomic.Int64), took: prometheus.NewHistogram(
		prometheus.HistogramOpts{Name: "gatepost_message_seconds",
			Help: "From when a message had come whole until its fate was on disk.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10,
				30}})}
}

func (c mailCounts) received(at time.Time, took time.Duration) {
	c.last.Store(at.UnixMilli())
	c.took.Observe(took.Seconds())
}

// machineCounts are what /metrics shows of the server itself and of what it stands on: its
// connections, its disk, its certificates.
type machineCounts struct{ *daemon }

// Describe sends nothing: what there is depends on the settings.
func (machineCounts) Describe(chan<- *prometheus.Desc) {}

// A sender sends one value, with names and values of labels in turn.
type sender func(name, help string, value float64, labels ...string)

// Collect sends what is so now. What cannot be found out is left out.
func (c machineCounts) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTime)
	defer cancel()
	kind := func(kind prometheus.ValueType) sender {
		return func(name, help string, value float64, labels ...string) {
			var names, values []string
			for i := 0; i < len(labels); i += 2 {
				names, values = append(names, labels[i]), append(values, labels[i+1])
			}
			desc := prometheus.NewDesc("gatepost_"+name, help, names, nil)
			to <- prometheus.MustNewConstMetric(desc, kind, value, values...)
		}
	}
	for refusal, n := range c.smtp.Refusals() {
		kind(prometheus.CounterValue)("smtp_refusals_total",
			"Replies that refused or put off something, by code and enhanced status.", float64(n),
			"code", refusal.Code, "status", refusal.Status)
	}
	gauge := kind(prometheus.GaugeValue)
	c.scanners.Load().send(kind(prometheus.CounterValue), gauge)
	gauge("smtp_connections", "Connections of mail servers that are open.",
		float64(c.smtp.Connections()))
	gauge("smtp_connections_limit", "How many may be: smtp.max_connections.",
		float64(c.settings.Load().SMTP.MaxConnections))
	ready := 0.0
	if c.ready(ctx) == nil {
		ready = 1
	}
	gauge("ready", "Whether a message would be taken now.", ready)
	c.disk(gauge)
	c.certificates(gauge)
	c.times(ctx, gauge)
	c.shadow.send(ctx, c.db, c.app.now(), gauge)
}

// disk is how much room there is, and how much is used.
func (c machineCounts) disk(gauge sender) {
	s := c.settings.Load()
	var fs syscall.Statfs_t
	if err := syscall.Statfs(diskOf(s.DB), &fs); err == nil {
		gauge("disk_free_bytes", "Free space on the disk of the database.",
			float64(fs.Bavail)*float64(fs.Bsize))
	}
	gauge("disk_min_free_bytes", "With less than that no mail is taken: smtp.min_free_space.",
		float64(s.SMTP.MinFreeSpace))
	for file, suffix := range map[string]string{"database": "", "log": "-wal"} {
		if info, err := os.Stat(string(s.DB) + suffix); err == nil {
			gauge("database_bytes", "Size of the database and of its write-ahead log.",
				float64(info.Size()), "file", file)
		}
	}
}

// certificates are those in use, which may be older than their files.
func (c machineCounts) certificates(gauge sender) {
	for section, certificate := range map[string]*smtpd.Certificate{
		"smtp": c.smtp.Certificate, "http": c.certificate} {
		if certificate == nil {
			continue
		}
		if pair, err := certificate.Get(nil); err == nil && pair.Leaf != nil {
			gauge("certificate_end_timestamp_seconds", "When the certificate in use ends.",
				float64(pair.Leaf.NotAfter.Unix()), "section", section)
		}
	}
}

// times are when the last message came and when the next expires.
func (c machineCounts) times(ctx context.Context, gauge sender) {
	stored, err := c.db.NewestMail(ctx)
	if err != nil {
		return // gatepost_store_up says so
	}
	if last := max(stored, c.mail.last.Load()); last > 0 {
		gauge("last_message_timestamp_seconds", "When the last message was accepted.",
			float64(last)/1000)
	}
	soon, next, err := c.db.Expiring(ctx, c.app.now().Add(expirySoon))
	if err != nil {
		return
	}
	gauge("held_expiring", "Held messages whose time is over within a day, or is.", float64(soon))
	if next != nil {
		gauge("next_expiry_timestamp_seconds", "When the next held message expires.",
			float64(next.Unix()))
	}
}
