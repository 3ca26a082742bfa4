package main

import (
	"log/slog"
	"time"

	"github.com/lmittmann/tint"
)

// Forms of the log: the values of log.format.
const (
	logAuto = "auto" // for people on a terminal, JSON elsewhere
	logText = "text" // key=value
	logJSON = "json"
)

// logger writes to stderr in the given form, debug lines too with -v.
func (a *app) logger(format string) *slog.Logger {
	level := slog.LevelInfo
	switch {
	case a.verbose:
		level = slog.LevelDebug
	case a.quiet:
		level = slog.LevelWarn
	}
	options := &slog.HandlerOptions{Level: level}
	switch {
	case format == logText:
		return slog.New(slog.NewTextHandler(a.stderr, options))
	case format == logAuto && isTerminal(a.stderr):
		return slog.New(tint.NewTextHandler(a.stderr, &tint.Options{Level: level,
			TimeFormat: time.TimeOnly, NoColor: a.getenv("NO_COLOR") != ""}))
	}
	return slog.New(slog.NewJSONHandler(a.stderr, options))
}
