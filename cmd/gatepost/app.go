package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"gatepost/settings"
	"gatepost/store"
)

// Exit codes of the program: what scripts depend on.
const (
	exitDone   = 0
	exitNo     = 1  // it ran and the answer is no
	exitUsage  = 2  // it was called wrongly
	exitLater  = 75 // temporary failure, try again (EX_TEMPFAIL of sysexits)
	exitConfig = 78 // configuration error (EX_CONFIG)
)

// An app is one run of the program: where it reads and writes, what its global flags say,
// and the settings once somebody asks for them.
type app struct {
	stdin   io.Reader
	stdout  io.Writer // results
	stderr  io.Writer // all else
	getenv  func(string) string
	environ func() []string // NAME=value
	now     func() time.Time

	configPath string // --config
	json       bool   // --json
	quiet      bool   // -q
	verbose    bool   // -v
	yes        bool   // --yes
	started    bool   // flags and arguments are sound, the command runs

	flags  map[string]settings.Flag // settings given as flags, by their key
	loaded *settings.Settings
}

// openDB opens the database that the settings name. Without create a database that is not
// there is store.ErrNotFound.
func (a *app) openDB(ctx context.Context, create bool) (*store.DB, error) {
	s, err := a.settings()
	if err != nil {
		return nil, err
	}
	if err := settings.CheckDB(s.DB); err != nil {
		return nil, fmt.Errorf("db: %w", err)
	}
	rules, err := policyOf(ctx, nil, s)
	if err != nil {
		return nil, err
	}
	db, err := store.Open(string(s.DB), store.Options{Create: create, Now: a.now, Settings: rules,
		Node: s.NodeName(), Version: built().Version, Replicated: bool(s.Replicated)})
	if err != nil {
		return nil, err
	}
	if db.HasNodes() { // the key of tokens is in it
		if rules, err = policyOf(ctx, db, s); err != nil {
			return nil, errors.Join(err, db.Close())
		}
		db.Configure(rules)
	}
	tune(db, s)
	return db, nil
}

// tune has a database go by the settings that may change while it is open.
func tune(db *store.DB, s *settings.Settings) {
	db.KeepDeleted(time.Duration(s.Suspended.Undelete))
	db.KeepTombstones(time.Duration(s.Tombstones.Keep))
}

// noteCreated says that there was no database where one was asked for: whoever named the wrong
// one, or is in the wrong folder, would not see it otherwise.
func (a *app) noteCreated(db *store.DB) {
	if path := db.Created(); path != "" {
		a.note("gatepost: made a new database: %s", path)
	}
}

// A failure is an error that knows its exit code. Every other error is exit 1.
type failure struct {
	code int
	err  error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

func fail(code int, format string, args ...any) error {
	return &failure{code, fmt.Errorf(format, args...)}
}

// no is exit 1: not found, refused, malformed, differences.
func no(format string, args ...any) error { return fail(exitNo, format, args...) }

// misuse is exit 2: the command was called wrongly.
func misuse(format string, args ...any) error { return fail(exitUsage, format, args...) }

// exitCode is where every error becomes an exit code. What fails before a command has
// started is wrong usage.
func (a *app) exitCode(err error) int {
	var f *failure
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &f):
		return f.code
	case !a.started:
		return exitUsage
	}
	return exitNo
}
