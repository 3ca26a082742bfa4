package httpd

import (
	"context"
	"testing"
)

// TestPersonsWait: a request waits for another of the same person, and no more once its client
// is gone.
func TestPersonsWait(t *testing.T) {
	p := newRequestLimiter()
	c := Caller{Known: true}
	var leave func()
	for range requestsPerEndUser {
		var err error
		if leave, err = p.enter(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.enter(gone, c); err != context.Canceled {
		t.Errorf("who is gone: %v", err)
	}
	waits := make(chan error)
	go func() {
		_, err := p.enter(t.Context(), c)
		waits <- err
	}()
	leave()
	if err := <-waits; err != nil {
		t.Errorf("who waits: %v", err)
	}
}
