package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// clockFile is the variable of the environment that names a file with how far the clock of the
// program is ahead of this machine's. Go reads the clock without the C library, so that nothing
// from outside can set it ahead for one process.
const clockFile = "TEST_CLOCK_FILE"

// mainByClock is main, by a clock that a test sets ahead while the program runs.
func mainByClock() {
	a := newApp(os.Stdin, os.Stdout, os.Stderr)
	if path := os.Getenv(clockFile); path != "" {
		a.now = func() time.Time { return time.Now().Add(ahead(path)) }
	}
	os.Exit(a.run(context.Background(), os.Args[1:]))
}

func ahead(path string) time.Duration {
	text, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	span, err := time.ParseDuration(string(text))
	if err != nil {
		panic(fmt.Errorf("%s: %w", path, err))
	}
	return span
}

// setAhead sets the clock of all programs that go by the file.
func setAhead(path string, span time.Duration) error {
	next := filepath.Join(filepath.Dir(path), ".next")
	if err := os.WriteFile(next, []byte(span.String()), 0o600); err != nil {
		return err
	}
	return os.Rename(next, path)
}
