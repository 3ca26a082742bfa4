package httpdtest

import (
	"context"
	"net"
	"time"
)

// Patience is how long a test waits for a stream: milliseconds, but on a machine that is busy.
const Patience = time.Minute

// Run runs the server on a listener on this machine, which around may change, and returns its
// address.
func (st *Site) Run(around func(net.Listener) net.Listener) (address string, stop func()) {
	st.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	st.Must(err)
	ended := make(chan error, 1)
	go func() { ended <- st.Server.Run(ctx, around(l)) }()
	st.Cleanup(func() { cancel(); st.Must(<-ended) })
	return l.Addr().String(), cancel
}
