package store

// What gather.c calls of SQLite is in the driver's package, which is not there yet when cgo links
// this one alone to see what it asks for.

/*
#cgo LDFLAGS: -Wl,--unresolved-symbols=ignore-in-object-files

int gather(const char *name);
*/
import "C"

import (
	"fmt"
	"sync"
)

// SQLite writes each page that a transaction has changed into its log with two calls of the
// system, one for the head of a frame and one for the page, and a message changes a dozen pages.
// The connection that writes has a file system of its own therefore, which is SQLite's but for
// this: what is written to the log is gathered, and written with one call once it is to be
// synced, to be read or to be known to others. It is in C, as SQLite is: a call of Go for each
// would cost more than it saves.

// gathering is the name of that file system.
const gathering = "gatepost"

// gather makes it known to SQLite, once.
var gather = sync.OnceValue(func() error {
	if code := C.gather(C.CString(gathering)); code != 0 { // the name stays
		return fmt.Errorf("SQLite's file system \"unix\" is not there (%d)", int(code))
	}
	return nil
})
