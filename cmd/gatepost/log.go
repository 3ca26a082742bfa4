package main

import (
	"log/slog"
	"time"

	"github.com/lmittmann/tint"

	"gatepost/settings"
	"gatepost/terminal"
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
	case format == settings.LogText:
		return terminal.VisibleLog(slog.NewTextHandler(a.stderr, options))
	case format == settings.LogAuto && terminal.Is(a.stderr):
		return terminal.VisibleLog(tint.NewTextHandler(a.stderr, &tint.Options{Level: level,
			TimeFormat: time.TimeOnly, NoColor: a.getenv("NO_COLOR") != ""}))
	}
	return terminal.VisibleLog(slog.NewJSONHandler(a.stderr, options))
}
