package mailauth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"gatepost/message"
	"gatepost/policy"
)

// piece is how much of a content is hashed at a time, in octets.
const piece = 64 << 10

// verify settles signatures whose keys are there. What is verified are the fields as we read
// them, so that nothing is signed but what is judged. The content is read once, for those
// whose fields are as they were signed.
func verify(ctx context.Context, q Query, open []*signature) {
	forms := map[canonical]*body{}
	for _, s := range open {
		if s.verifyFields(q.Message.Fields); s.open() && forms[s.body] == nil {
			forms[s.body] = newBody(s.body)
		}
	}
	if len(forms) == 0 {
		return
	}
	err := hashContent(ctx, q, forms)
	for form, b := range forms {
		sum := b.end()
		for _, s := range open {
			if s.open() && s.body == form {
				s.verifyBody(sum, b.length, err)
			}
		}
	}
}

// verifyFields settles a signature that is not one of these fields. It stays open if it signs
// a body too.
func (s *signature) verifyFields(fields []message.Field) {
	key, err := readKey(s.records, s.algorithm)
	switch {
	case err != nil:
		s.settle(policy.PermError, why("", err))
	case key.exact && s.inexact:
		s.settle(policy.PermError, "domain mismatch: the key asks for i= in d= itself (t=s)")
	case !key.signed(s.sum(fields), s.value):
		s.settle(policy.Fail, "signature did not verify")
	case s.bodyless:
		s.settle(policy.Pass, "")
	}
}

// verifyBody settles a signature by the hash of the body and its length. What l= leaves out
// anybody can have appended (RFC 6376, section 8.2). Only what is our own doing is a
// temperror: what a stranger can bring about by his content must not keep his message from
// failing.
func (s *signature) verifyBody(sum []byte, length int64, err error) {
	switch {
	case errors.Is(err, errLate):
		s.settle(policy.PermError, why("", err))
	case err != nil:
		s.settle(policy.TempError, why("the message could not be read: ", err))
	case s.length >= 0 && s.length != length:
		s.settle(policy.Fail, fmt.Sprintf("l= signs %d octets of a body of %d", s.length, length))
	case !bytes.Equal(sum, s.bodyHash):
		s.settle(policy.Fail, "body hash did not verify")
	default:
		s.settle(policy.Pass, "")
	}
}

var errLate = errors.New("the content could not be verified in time")

// hashContent reads the content to its end, unless the time is up.
func hashContent(ctx context.Context, q Query, forms map[canonical]*body) error {
	if q.Body == nil {
		return nil
	}
	content, buf := q.Body(), make([]byte, piece)
	for ctx.Err() == nil {
		n, err := content.Read(buf)
		for _, b := range forms {
			b.Write(buf[:n])
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return errLate
}
