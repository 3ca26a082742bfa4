package httpd

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gatepost/policy"
	"gatepost/store"
)

// Limits of one connection. A stream of events moves its own write deadline on.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 30 * time.Second // of a request; a pasted list on a slow line
	writeTimeout  = 5 * time.Minute  // of an answer; a large attachment on a slow line
	idleTimeout   = time.Minute
	maxHeader     = 16 << 10 // octets

	streamsPerConnection = 32              // requests of HTTP/2 that it has answered at once
	grace                = 5 * time.Second // for answers under way when we stop
)

// A Server answers people and programs: console, API, health and metrics. Its fields are
// not changed once Run or Handler is called.
type Server struct {
	API       Part // for programs: every path below /api/
	Console   Part // for people: every other path but those of operations
	DB        *store.DB
	Ready     func(context.Context) error // why no message would be taken now; nil: always ready
	Proxies   *policy.Ranges              // whose X-Forwarded-For counts
	Metrics   *policy.Ranges              // who may read /metrics; nil: this machine
	Secure    bool                        // TLS, here or in a proxy in front: cookies are Secure
	Hosts     []string                    // names we answer to, beside localhost and any IP address
	Addresses []string                    // shown by /ips
	Version   string
	Log       *slog.Logger
	Counts    []prometheus.Collector // what /metrics shows beside our own
	Now       func() time.Time       // the clock; time.Now if nil

	// NextDigest is when people are next told by mail what is held; the zero time if nobody is. Nil:
	// nobody is.
	NextDigest func(context.Context) (time.Time, error)

	// CheckLink says whether a query is that of a link to what is at a path, and has not ended.
	// Nil: there are no links.
	CheckLink func(path string, query url.Values, now time.Time) error

	mux      *http.ServeMux
	origin   *http.CrossOriginProtection
	attempts *attempts
	failures *failures
	counts   *counts
	streams  *streams
	requests *requestLimiter
	stopping <-chan struct{} // closed when event streams are to end
	proxied  sync.Once       // the warning about a proxy that is not declared
	unnamed  sync.Once       // the warning about one that is, and names no client
}

// Run answers on l until ctx is done. Streams of events then end at once; other answers
// under way have five seconds.
func (s *Server) Run(ctx context.Context, l net.Listener) error {
	handler := s.Handler(ctx)
	visits := s.newConnLimiter(l)
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug),
		ConnContext:       visits.connContext,
		ConnState:         visits.connState,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: streamsPerConnection},
		// OPTIONS * goes through the middleware like everything else.
		DisableGeneralOptionsHandler: true,
	}
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() { stopped <- shutDown(server) })
	err := server.Serve(visits)
	if !errors.Is(err, http.ErrServerClosed) || stop() {
		return err
	}
	return <-stopped
}

func shutDown(server *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	err := server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return server.Close()
	}
	return err
}

// Stopping is closed when streams of events are to end.
func (s *Server) Stopping() <-chan struct{} { return s.stopping }

// Handler answers every request. Streams of events end once ctx is done.
func (s *Server) Handler(ctx context.Context) http.Handler {
	if s.Now == nil {
		s.Now = time.Now
	}
	s.stopping = ctx.Done()
	s.origin = http.NewCrossOriginProtection()
	s.attempts, s.failures = newAttempts(s.Now), &failures{now: s.Now}
	s.streams, s.requests = newStreams(), newRequestLimiter()
	s.counts = newCounts(s)
	s.mux = http.NewServeMux()
	for _, rt := range s.Routes() {
		s.mux.Handle(rt.Pattern, s.authorize(rt))
	}
	return s.middleware(s.mux)
}
