package mailauth

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"slices"
	"strings"

	"github.com/emersion/go-msgauth/dkim"

	"gatepost/policy"
)

// The library goes through all pending line ends anew with each piece of the content that it
// gets. Few line ends and long pieces keep that in proportion to the content.
const (
	maxEmpty = 64 << 10 // octets of line ends on end
	piece    = 64 << 10 // octets handed over at a time
)

// verify settles signatures whose keys are there. What is verified are the fields as we read
// them, so that nothing is signed but what is judged. The library never waits for the DNS.
func verify(ctx context.Context, q Query, open []*signature) {
	keys := map[string][]string{}
	for _, s := range open {
		keys[s.keyName()] = s.key
	}
	content := &steady{ctx: ctx, r: signedContent(q, open)}
	results, err := dkim.VerifyWithOptions(bufio.NewReaderSize(content, piece), &dkim.VerifyOptions{
		LookupTXT: func(asked string) ([]string, error) {
			name, _ := hostname(asked)
			return keys[name], nil
		},
	})
	whole := err == nil && len(results) == len(open)
	for i, s := range open {
		if whole {
			s.settle(verified(results[i].Err))
		}
		// A permerror has nothing to do with the content; a pass or fail is of what was read.
		if !whole || content.ended != "" && s.Result != policy.PermError {
			s.settle(content.verdict())
		}
	}
}

func verified(err error) (policy.Result, string) {
	switch {
	case err == nil:
		return policy.Pass, ""
	case dkim.IsPermFail(err):
		return policy.PermError, clean(strings.TrimPrefix(err.Error(), "dkim: "))
	}
	return policy.Fail, clean(strings.TrimPrefix(err.Error(), "dkim: "))
}

// signedContent is the message as the library gets it: without other signatures than
// those asked about. Of a field that would cost it too much it gets the name: a signature
// can say that there is no such field.
func signedContent(q Query, asked []*signature) io.Reader {
	var head bytes.Buffer
	for i, f := range q.Message.Fields {
		if f.Is(signatureField) && !slices.ContainsFunc(asked,
			func(s *signature) bool { return s.field == i }) {
			continue
		}
		if len(f.Raw) > maxField {
			head.WriteString(f.Name() + ": too long\r\n")
			continue
		}
		head.Write(bytes.TrimRight(f.Raw, "\r\n"))
		head.WriteString("\r\n")
	}
	head.WriteString("\r\n")
	if q.Body == nil {
		return &head
	}
	return io.MultiReader(&head, q.Body())
}

// A steady reader never fails, since the library would leave goroutines behind for ever: it
// ends early, and keeps the reason.
type steady struct {
	ctx    context.Context
	r      io.Reader
	empty  int    // octets of line ends at the end of what was read
	ended  string // why it ended early, or ""
	broken bool   // because the content could not be read
}

func (s *steady) Read(p []byte) (n int, err error) {
	if s.ended == "" && s.ctx.Err() != nil {
		s.ended = "the content could not be verified in time"
	}
	if s.ended != "" {
		return 0, io.EOF
	}
	n, err = s.r.Read(p)
	switch {
	case s.crowded(p[:n]):
		s.ended = "more than 64 KiB of empty lines"
		return 0, io.EOF
	case err != nil && err != io.EOF:
		s.broken, s.ended = true, why("the message could not be read: ", err)
		return n, io.EOF
	}
	return n, err
}

// crowded reports whether too many line ends follow on end.
func (s *steady) crowded(p []byte) bool {
	for _, octet := range p {
		if octet != '\r' && octet != '\n' {
			s.empty = 0
		} else if s.empty++; s.empty > maxEmpty {
			return true
		}
	}
	return false
}

// verdict is on signatures whose content was not read to its end. Only what is our own doing
// is a temperror: what a stranger can bring about by his content must not keep his message
// from failing.
func (s *steady) verdict() (policy.Result, string) {
	switch {
	case s.broken:
		return policy.TempError, s.ended
	case s.ended == "":
		return policy.PermError, "not every signature was found again"
	}
	return policy.PermError, s.ended
}
