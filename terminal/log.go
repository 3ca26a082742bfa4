package terminal

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
)

// VisibleLog logs lines that show everything in them: whoever wrote what stands there, it does
// not reach a terminal that shows the log, nor one that is given a value out of its JSON. No
// form of ours does that by itself: tint hands on ESC, JSON C1 and bidi characters.
func VisibleLog(h slog.Handler) *slog.Logger { return slog.New(visibleHandler{h}) }

// A visibleHandler shows everything in what it hands on.
type visibleHandler struct{ slog.Handler }

// Handle hands on the message and every value made visible. A line that hides nothing, as nearly
// all, is handed on as it is.
func (h visibleHandler) Handle(ctx context.Context, r slog.Record) error {
	if isVisible(r) {
		return h.Handler.Handle(ctx, r)
	}
	shown := slog.NewRecord(r.Time, r.Level, logged(r.Message), r.PC)
	attrs := make([]slog.Attr, 0, r.NumAttrs()) // which AddAttrs takes in one piece
	r.Attrs(func(a slog.Attr) bool {
		attrs = append(attrs, visibleAttr(a))
		return true
	})
	shown.AddAttrs(attrs...)
	return h.Handler.Handle(ctx, shown)
}

// isVisible reports whether a line is of plain text and numbers alone.
func isVisible(r slog.Record) bool {
	visible := isPlain(r.Message)
	r.Attrs(func(a slog.Attr) bool {
		switch a.Value.Kind() {
		case slog.KindString:
			visible = visible && isPlain(a.Value.String())
		case slog.KindInt64, slog.KindUint64, slog.KindFloat64, slog.KindBool,
			slog.KindDuration, slog.KindTime:
		default:
			visible = false
		}
		return visible
	})
	return visible
}

// isPlain reports whether all of s is printable ASCII without the backslash of an escape.
func isPlain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '\\' {
			return false
		}
	}
	return true
}

// WithAttrs is for slog.Logger.With.
func (h visibleHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return visibleHandler{h.Handler.WithAttrs(visibleAttrs(attrs))}
}

// WithGroup is for slog.Logger.WithGroup.
func (h visibleHandler) WithGroup(name string) slog.Handler {
	return visibleHandler{h.Handler.WithGroup(name)}
}

// visibleAttr makes the value of a visible. What can hold no text stays what it is.
func visibleAttr(a slog.Attr) slog.Attr {
	v := a.Value.Resolve()
	switch v.Kind() {
	case slog.KindString:
		return slog.String(a.Key, logged(v.String()))
	case slog.KindGroup:
		return slog.Attr{Key: a.Key, Value: slog.GroupValue(visibleAttrs(v.Group())...)}
	case slog.KindAny:
		return slog.Any(a.Key, visibleValue(v.Any()))
	}
	return slog.Attr{Key: a.Key, Value: v}
}

func visibleAttrs(attrs []slog.Attr) []slog.Attr {
	shown := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		shown[i] = visibleAttr(a)
	}
	return shown
}

// visibleValue is a value of a kind that slog does not know: a list stays one, everything
// else is text.
func visibleValue(v any) any {
	switch v := v.(type) {
	case nil, []int64:
		return v
	case []string:
		shown := make([]string, len(v))
		for i, s := range v {
			shown[i] = logged(s)
		}
		return shown
	}
	return logged(fmt.Sprint(v))
}

// logged is Visible for a value of the log. Tint makes the character of the four letters \x1b
// again where it writes in colour, whoever wrote them, so that they are written another way.
func logged(s string) string { return strings.ReplaceAll(Visible(s), `\x1b`, `\x1B`) }
