// Package place has the tests of other rooms open a database of PostgreSQL, where there is a server to
// run them on, in the place of an SQLite file.
package place

import (
	"io"
	"testing"

	"gatepost/store"
	"gatepost/store/storetest"
)

// At is what a test that opens a database at a path opens: see storetest.
func At(t testing.TB, path string) string {
	t.Helper()
	return storetest.At(t, path, func(url string) (io.Closer, error) {
		return store.Open(url, store.Options{Create: true})
	})
}
