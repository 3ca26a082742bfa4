package mailauth

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/emersion/go-msgauth/dkim"

	"gatepost/policy"
)

// Limits on what the DKIM library sees: a field is joined line by line, at the square of
// its length, before any signature is looked at.
const (
	maxField      = 16 << 10 // octets of one header field
	maxSigned     = 8 << 10  // octets of one DKIM-Signature field
	maxSignatures = 5        // that are looked at
	maxNames      = 250      // in h=: for each the whole header section is gone through
	maxKey        = 4 << 10  // octets of one key record: RSA with 16384 bits fits
)

// signatures verifies the DKIM signatures (RFC 6376, section 6), at most maxSignatures:
// those that could be aligned with From first, since a stranger can put any number of
// others in front of them. What is verified are the fields as we read them, so that nothing
// is signed but what is judged.
func (c *Checker) signatures(ctx context.Context, q Query) []policy.Identity {
	found := readSignatures(q.Message.Fields, q.From)
	if len(found) == 0 {
		return nil
	}
	slices.SortStableFunc(found, func(a, b signature) int { return cmp.Compare(b.kin, a.kin) })
	found = found[:min(len(found), maxSignatures)]
	slices.SortFunc(found, func(a, b signature) int { return cmp.Compare(a.field, b.field) })
	c.verify(ctx, q, found)
	ids := make([]policy.Identity, len(found))
	for i, s := range found {
		ids[i] = s.Identity
	}
	return ids
}

// verify fills in the results of the signatures that have none.
func (c *Checker) verify(ctx context.Context, q Query, found []signature) {
	var open []*signature
	for i := range found {
		if found[i].Result == policy.None {
			open = append(open, &found[i])
		}
	}
	if len(open) == 0 {
		return
	}
	content := &steady{ctx: ctx, r: signedContent(q, open)}
	results, err := dkim.VerifyWithOptions(content, &dkim.VerifyOptions{
		LookupTXT: func(name string) ([]string, error) { return c.key(ctx, name) },
	})
	if err = cmp.Or(content.err, err); err == nil && len(results) != len(open) {
		err = errors.New("not every signature was found again")
	}
	for i, s := range open {
		if err != nil {
			s.Result, s.Why = policy.TempError, why("the message could not be read: ", err)
			continue
		}
		s.Result, s.Why = verified(results[i].Err)
	}
}

// key looks up a key record. Arithmetic with a key of 64 KiB would take seconds.
func (c *Checker) key(ctx context.Context, name string) ([]string, error) {
	records, err := c.dns.LookupTXT(ctx, name)
	for _, record := range records {
		if len(record) > maxKey {
			return nil, errors.New("the key record has more than 4,096 octets")
		}
	}
	return records, err
}

func verified(err error) (policy.Result, string) {
	switch {
	case err == nil:
		return policy.Pass, ""
	case dkim.IsTempFail(err):
		return policy.TempError, clean(strings.TrimPrefix(err.Error(), "dkim: "))
	case dkim.IsPermFail(err):
		return policy.PermError, clean(strings.TrimPrefix(err.Error(), "dkim: "))
	}
	return policy.Fail, clean(strings.TrimPrefix(err.Error(), "dkim: "))
}

// signedContent is the message as the library gets it: without other signatures than
// those asked about, and without fields that would cost it too much.
func signedContent(q Query, asked []*signature) io.Reader {
	var head bytes.Buffer
	for i, f := range q.Message.Fields {
		if len(f.Raw) > maxField || f.Is(signatureField) && !slices.ContainsFunc(asked,
			func(s *signature) bool { return s.field == i }) {
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
// ends, and keeps the error.
type steady struct {
	ctx context.Context
	r   io.Reader
	err error
}

func (s *steady) Read(p []byte) (n int, err error) {
	if s.err == nil {
		s.err = s.ctx.Err()
	}
	if s.err != nil {
		return 0, io.EOF
	}
	if n, err = s.r.Read(p); err != nil && err != io.EOF {
		s.err, err = err, io.EOF
	}
	return n, err
}
