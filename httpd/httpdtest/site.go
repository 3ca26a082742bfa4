// Package httpdtest is a server for tests: on a store of its own, with people who sign in, mail
// that comes in, a clock that stands still, and a browser that sends forms.
package httpdtest

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"gatepost/httpd"
	"gatepost/message"
	"gatepost/policy"
	"gatepost/store"
	"gatepost/store/storetest"
	"gatepost/store/storetest/place"
)

// Where the callers of tests come from.
const (
	Inside  = "192.0.2.10"
	Outside = "198.51.100.7"
)

// A Site is a server on a store of its own.
type Site struct {
	testing.TB
	Path   string // of the store, or on PostgreSQL its URL
	DB     *store.DB
	Server *httpd.Server
	Web    http.Handler
	Clock  *Clock
	Log    *lines
}

// New is a server on an empty store, with an admin, an agent and an end-user. join gives it the
// parts that are tested.
func New(t testing.TB, join func(*httpd.Server)) *Site {
	t.Helper()
	st := &Site{TB: t, Clock: &Clock{At: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)},
		Log: &lines{}}
	var err error
	st.Path = place.At(t, filepath.Join(t.TempDir(), "gatepost.db"))
	st.DB, err = store.Open(st.Path,
		store.Options{Create: true, Now: st.Clock.Now})
	st.Must(err)
	t.Cleanup(func() { st.Must(st.DB.Close()) })
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	st.Server = &httpd.Server{DB: st.DB, Log: slog.New(slog.NewTextHandler(st.Log, nil)),
		Version: "test", Now: st.Clock.Now}
	join(st.Server)
	st.Web = st.Server.Handler(ctx)
	for email, role := range map[string]policy.Role{"admin@acme.test": policy.Admin,
		"agent@acme.test": policy.Agent, "ann@example.com": policy.EndUser} {
		st.User(email, role)
	}
	return st
}

// Must ends the test with an error.
func (st *Site) Must(err error) {
	st.Helper()
	if err != nil {
		st.Fatal(err)
	}
}

// LoseContents takes away what is too large for the rows of messages.
func (st *Site) LoseContents() {
	st.Helper()
	if storetest.OnServer() {
		st.Must(storetest.Run(st.Path, "delete from contents"))
		return
	}
	files, err := filepath.Glob(filepath.Join(st.DB.Dir(), "*.eml"))
	st.Must(err)
	for _, file := range files {
		st.Must(os.Remove(file))
	}
	if len(files) == 0 {
		st.Fatal("there are none")
	}
}

// Editor is the hand of the machine's own user.
func (st *Site) Editor() *store.Editor { return st.DB.By(store.Actor{Name: "root", Via: "cli"}) }

// Address is an address that is known to be one.
func (st *Site) Address(email string) message.Address {
	st.Helper()
	a, err := message.ParseAddress(email)
	st.Must(err)
	return a
}
