package httpd

import (
	"bytes"
	"errors"
	"io"
	"net/http"
)

// MaxBody is how much a request may carry, in octets, unless its route says otherwise: a list pasted whole is 10,000
// characters, many entries at once are more.
const MaxBody = 1 << 20

// readBody reads what a request carries to its end, so that no answer waits for more of it.
// Who only looks has nothing to carry, and it is not read.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) error {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		r.Body = http.NoBody
		return nil
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return err
	case err != nil:
		return &Problem{Status: http.StatusBadRequest, Code: "BadRequest",
			Description: "the body could not be read to its end: send it again"}
	}
	r.Body = io.NopCloser(bytes.NewReader(text))
	return nil
}
