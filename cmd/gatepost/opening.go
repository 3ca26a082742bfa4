package main

import (
	"context"
	"errors"
	"time"
)

// openingEnds is how long a server that is being opened may take to end once it is told to.
const openingEnds = time.Second

// openInTime gives no daemon, and no error, if a signal comes before there is one: whoever waits for a
// server or for a lock then has nothing that would have to be brought to an end, and may wait for long.
func (a *app) openInTime(ctx context.Context) (*daemon, error) {
	var g *daemon
	opened := make(chan error, 1)
	go func() {
		open, err := a.openDaemon(ctx)
		g = open
		opened <- err
	}()
	var err error
	select {
	case err = <-opened:
	case <-ctx.Done():
		select {
		case err = <-opened:
		case <-time.After(openingEnds):
			return nil, nil
		}
	}
	switch {
	case err == nil:
		return g, nil
	case errors.Is(err, context.Canceled):
		return nil, nil
	}
	return nil, &failure{exitConfig, err}
}
