package console

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gatepost/store"
)

// A diffList is what an entry of the audit log says beside its words, line by line.
type diffList struct {
	Label string
	Lines []diffLine
}

// A diffLine is what came (+), what went (−), or what there was to be said.
type diffLine struct{ Sign, Text string }

// shownLines is how many lines of one side are shown; the API has more.
const shownLines = 100

// difference says what an entry changed: only what differs, where there is a before and an after.
func difference(e store.AuditEntry) (lists []diffList) {
	sides := sidesOf(e)
	before, after := sideLines(e.Before), sideLines(e.After)
	if sides.Both != changedSides {
		for _, side := range []diffList{{sides.Before, plain(before)}, {sides.After, plain(after)}} {
			if side.Label != "" && side.Lines != nil {
				lists = append(lists, side)
			}
		}
		return lists
	}
	var lines []diffLine
	for _, text := range missing(before, after, same) {
		lines = append(lines, diffLine{"−", text})
	}
	for _, text := range missing(after, before, same) {
		lines = append(lines, diffLine{"+", text})
	}
	if lines == nil {
		return nil
	}
	return []diffList{{"Before and after", lines}}
}

func same(text string) string { return text }

func plain(texts []string) (lines []diffLine) {
	for _, text := range texts {
		lines = append(lines, diffLine{"", text})
	}
	return lines
}

// sideLines are what one side of an entry says: each entry of a list, each range and each other
// field by itself.
func sideLines(raw json.RawMessage) []string {
	var fields map[string]any
	if json.Unmarshal(raw, &fields) != nil {
		return nil
	}
	lines := fieldLines("", fields)
	if more := len(lines) - shownLines; more > 0 {
		lines = append(lines[:shownLines], fmt.Sprintf("and %d more", more))
	}
	return lines
}

func fieldLines(of string, fields map[string]any) (lines []string) {
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		label := strings.TrimSpace(of + " " + strings.ReplaceAll(name, "_", " "))
		if _, listed := fields["entries"]; listed && name == "count" {
			continue // the words say how many
		}
		switch value := fields[name].(type) {
		case nil:
		case map[string]any:
			lines = append(lines, fieldLines(label, value)...)
		case []any:
			for _, one := range value {
				lines = append(lines, listLine(name, one))
			}
		case string:
			lines = append(lines, stringLines(label, value)...)
		case float64:
			lines = append(lines, fmt.Sprintf("%s: %.0f", label, value))
		default:
			lines = append(lines, fmt.Sprintf("%s: %v", label, value))
		}
	}
	return lines
}

// stringLines are a field of text; each range is a line of its own.
func stringLines(label, value string) (lines []string) {
	if label != "ranges" {
		return []string{label + ": " + value}
	}
	for r := range strings.FieldsSeq(value) {
		lines = append(lines, "range "+r)
	}
	return lines
}

func listLine(name string, value any) string {
	if fields, ok := value.(map[string]any); ok {
		return strings.Join(fieldLines("", fields), ", ")
	}
	if name == "entries" {
		return fmt.Sprint(value)
	}
	return fmt.Sprint(name, ": ", value)
}
