package courier

import (
	"fmt"
	"io"
	"strings"
)

// A transcript tells what is said and heard, but for what is secret and for the message.
type transcript struct {
	to    io.Writer // nil: nobody listens
	quiet bool
	helo  bool // the older greeting was said: EHLO or LHLO was not understood
}

func (t *transcript) Write(b []byte) (int, error) {
	if strings.HasPrefix(string(b), "HELO ") {
		t.helo = true
	}
	if t.to == nil || t.quiet {
		return len(b), nil
	}
	for line := range strings.Lines(string(b)) {
		line = strings.TrimRight(line, "\r\n")
		sign := ">"
		if len(line) > 3 && strings.Trim(line[:3], "0123456789") == "" &&
			(line[3] == ' ' || line[3] == '-') {
			sign = "<"
		}
		t.say("%s %s", sign, line)
	}
	return len(b), nil
}

func (t *transcript) say(format string, args ...any) {
	if t.to != nil {
		fmt.Fprintf(t.to, format+"\n", args...)
	}
}
