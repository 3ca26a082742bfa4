package terminal

import (
	"errors"
	"io"
	"log/slog"
	"net/netip"
	"strings"
	"testing"

	"github.com/lmittmann/tint"
)

// hiddenText holds what a terminal would obey and what does not show as itself.
const hiddenText = "a\x1b]0;x\a \u009b31m \u202eb \u200b \u2800 \x7f \x9b\r\nlevel=ERROR " +
	`\x1b[2J`

// A terminal obeys nothing that stands in the log, and a reader takes one line for one line,
// whatever its form and wherever the text stands in it.
func TestLogShowsEverything(t *testing.T) {
	var out strings.Builder
	for form, h := range map[string]slog.Handler{
		"text":                       slog.NewTextHandler(&out, nil),
		"json":                       slog.NewJSONHandler(&out, nil),
		"a terminal without colours": tint.NewTextHandler(&out, &tint.Options{NoColor: true}),
	} {
		checkLog(t, form, VisibleLog(h), &out)
	}
}

// In colour the only escape sequences are those of the colours.
func TestLogInColour(t *testing.T) {
	var out strings.Builder
	log := VisibleLog(tint.NewTextHandler(&out, nil))
	log.Info("http", "path", "/plain", "error", errors.New("plain"))
	plain := strings.Count(out.String(), "\x1b")
	out.Reset()
	log.Info("http", "path", "/\x1b[2J"+hiddenText, "error", errors.New(hiddenText))
	if n := strings.Count(out.String(), "\x1b"); n != plain || strings.ContainsAny(out.String(),
		"\a\u009b\u202e\u2800\r") {
		t.Errorf("%d escape sequences, want the %d of the colours: %q", n, plain, out.String())
	}
}

func checkLog(t *testing.T, form string, log *slog.Logger, out *strings.Builder) {
	t.Helper()
	for name, write := range map[string]func(){
		"message": func() { log.Info(hiddenText) },
		"text":    func() { log.Info("http", "path", hiddenText) },
		"error":   func() { log.Error("http", "error", errors.Join(io.EOF, errors.New(hiddenText))) },
		"group":   func() { log.Info("http", slog.Group("g", "path", hiddenText)) },
		"list":    func() { log.Info("http", "names", []string{hiddenText}) },
		"with":    func() { log.With("path", hiddenText).WithGroup("g").Info("http", "a", hiddenText) },
		"struct":  func() { log.Info("http", "s", struct{ Name string }{hiddenText}) },
	} {
		out.Reset()
		write()
		line, rest, _ := strings.Cut(out.String(), "\n")
		if line == "" || rest != "" || strings.IndexFunc(line, isHidden) >= 0 {
			t.Errorf("%s, %s: %q is not one visible line", form, name, out.String())
		}
	}
	out.Reset()
	log.Info("http", "client", netip.MustParseAddr("192.0.2.1"), "ids", []int64{1, 2}, "n", 3)
	if line := out.String(); !strings.Contains(line, "192.0.2.1") || !strings.Contains(line, "2]") {
		t.Errorf("%s: %q", form, line)
	}
}
