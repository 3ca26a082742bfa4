package courier

import (
	"runtime"
	"runtime/debug"
	"testing"
)

// peakHeap is by how many octets the heap was larger than before, at most, while something was
// done; rubbish that waits for its collection is a tenth of it.
func peakHeap(t *testing.T, do func()) uint64 {
	t.Helper()
	defer debug.SetGCPercent(debug.SetGCPercent(10))
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	runtime.GC()
	before, most := heap(), uint64(0)
	done := make(chan struct{})
	go func() {
		defer close(done)
		do()
	}()
	for {
		select {
		case <-done:
			return most - min(before, most)
		default:
			most = max(most, heap())
			runtime.Gosched()
		}
	}
}

// zeroes has no end.
type zeroes struct{}

func (zeroes) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}
