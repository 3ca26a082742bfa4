package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"gatepost/terminal"
)

// An expectation is one line of a file for replay --expect: a verdict, or as many of its
// keys as matter.
type expectation struct {
	line int // in its file
	want map[string]any
	met  bool
}

// expectations are compared with what replay decides. A line that names a file (and a
// message in it, 1 if it names none) is about that; one that does not is about the message
// at its own place.
type expectations struct {
	path    string
	lines   []*expectation
	byPlace map[string]*expectation
	byBase  map[string]string // what a line names, by its last part
	seen    int               // messages compared
	wrong   int               // differences
	placed  bool              // a message was found by its path
	strayed [2]string         // a path of a line and of a message that differ before the last part
}

// A difference is one thing that is not as expected.
type difference struct {
	File    string `json:"file"`
	Message int    `json:"message"`
	Key     string `json:"key"`
	Want    any    `json:"want"`
	Got     any    `json:"got"`
}

func readExpectations(path string) (*expectations, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	x := &expectations{path: path, byPlace: map[string]*expectation{},
		byBase: map[string]string{}}
	in := bufio.NewReader(f)
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		if text := bytes.TrimSpace(line); len(text) > 0 {
			if err := x.add(n, text); err != nil {
				return nil, err
			}
		}
		if errors.Is(err, io.EOF) {
			return x, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

func (x *expectations) add(n int, text []byte) error {
	e := &expectation{line: n}
	if err := json.Unmarshal(text, &e.want); err != nil {
		return fmt.Errorf("%s:%d: this is no JSON object: %w", x.path, n, err)
	}
	known := asMap(replayed{})
	for _, key := range slices.Sorted(maps.Keys(e.want)) {
		if _, ok := known[key]; !ok {
			return fmt.Errorf("%s:%d: a line of replay has no key %q", x.path, n, key)
		}
	}
	if place := e.place(); place != "" {
		if x.byPlace[place] != nil {
			return fmt.Errorf("%s:%d: line %d is about the same message", x.path, n,
				x.byPlace[place].line)
		}
		x.byPlace[place] = e
		file := plain(e.want["file"])
		x.byBase[filepath.Base(file)] = file
	}
	x.lines = append(x.lines, e)
	return nil
}

// place is the message that the expectation names, or "".
func (e *expectation) place() string {
	file, ok := e.want["file"]
	if !ok {
		return ""
	}
	message, ok := e.want["message"]
	if !ok {
		message = 1
	}
	return fmt.Sprint(message, " ", file)
}

// compare prints how the messages differ from what is expected, and nothing else.
func (x *expectations) compare(a *app, lines iter.Seq2[replayed, error]) error {
	return printList(a, x.differences(lines), []string{terminal.FileColumn, "KEY", "WANT", "GOT"},
		func(d difference) []string {
			r := replayed{File: d.File, Message: d.Message}
			return []string{r.where(), d.Key, plain(d.Want), plain(d.Got)}
		})
}

func (x *expectations) differences(lines iter.Seq2[replayed, error]) iter.Seq2[difference, error] {
	return func(yield func(difference, error) bool) {
		for r, err := range lines {
			if err != nil {
				yield(difference{}, err)
				return
			}
			for _, d := range x.against(&r) {
				x.wrong++
				if !yield(d, nil) {
					return
				}
			}
		}
		for _, e := range x.lines {
			if e.met {
				continue
			}
			x.wrong++
			place := fmt.Sprintf("%s:%d", x.path, e.line) // no message is about this line
			d := difference{File: place, Message: 1, Key: "message", Want: e.want}
			if !yield(d, nil) {
				return
			}
		}
	}
}

// against compares one message with the line that is about it.
func (x *expectations) against(r *replayed) []difference {
	got := asMap(*r)
	e := x.byPlace[fmt.Sprint(r.Message, " ", r.File)]
	if file, ok := x.byBase[filepath.Base(r.File)]; ok && e == nil {
		x.strayed = [2]string{file, r.File}
	}
	x.placed = x.placed || e != nil
	if e == nil && x.seen < len(x.lines) && x.lines[x.seen].place() == "" {
		e = x.lines[x.seen]
	}
	x.seen++
	if e == nil {
		return []difference{{r.File, r.Message, "decision", nil, r.Decision}}
	}
	e.met = true
	var all []difference
	for _, key := range slices.Sorted(maps.Keys(e.want)) {
		if !reflect.DeepEqual(e.want[key], got[key]) {
			all = append(all, difference{r.File, r.Message, key, e.want[key], got[key]})
		}
	}
	return all
}

// verdict is the answer of the comparison as a whole.
func (x *expectations) verdict(a *app) error {
	if x == nil {
		return nil
	}
	if x.wrong > 0 {
		return no("%s from %s%s", count(x.wrong, "difference", "differences"), x.path, x.astray())
	}
	a.note("all as %s expects", x.path)
	return nil
}

// astray says that all paths are others than those expected, though the files may be the
// same, and from which folder they would be alike.
func (x *expectations) astray() string {
	want, got := x.strayed[0], x.strayed[1]
	if x.placed || got == "" {
		return ""
	}
	where := "the folder where both are the same"
	if whole, err := filepath.Abs(got); err == nil {
		if dir, ok := strings.CutSuffix(whole, "/"+filepath.Clean(want)); ok {
			where = cmp.Or(dir, "/")
		}
	}
	return fmt.Sprintf(": the paths differ (%q there, %q here): run it from %s, with paths as "+
		"they are there", want, got, where)
}

// asMap is a line as a reader of its JSON sees it.
func asMap(r replayed) map[string]any {
	text, err := json.Marshal(r)
	if err != nil {
		panic(err) // a struct of texts and numbers has a JSON form
	}
	var m map[string]any
	if err := json.Unmarshal(text, &m); err != nil {
		panic(err)
	}
	return m
}

// plain writes a JSON value for a person: texts without quotes.
func plain(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}
